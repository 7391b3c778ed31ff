#include "ties.h"

#include <stdlib.h>

#include "alf/routing.h"

typedef struct tie_counter {
  int32_t experts, topk;
  int64_t *sure, *tied; /* E: tokens that have the expert in every, or in some but not every, tie-breaking */
  int32_t *parent;      /* E: union-find over the experts that tied tokens connect */
  int64_t *score;       /* E */
  alf_expert *chosen;   /* K */
} tie_counter;

static int32_t root_of(int32_t *parent, int32_t k)
{
  while (parent[k] != k)
    k = parent[k] = parent[parent[k]];
  return k;
}

/* Books the experts of one token's tie group; a second connection between two experts closes a cycle. */
static void join_group(tie_counter *c, int64_t threshold, alf_ties *ties)
{
  int32_t first = -1;
  ties->tied_tokens++;
  for (int32_t k = 0; k < c->experts; k++) {
    if (c->score[k] != threshold)
      continue;
    c->tied[k]++;
    if (first >= 0) {
      int32_t a = root_of(c->parent, first), b = root_of(c->parent, k);
      ties->forest = ties->forest && a != b;
      c->parent[a] = b;
    }
    first = k;
  }
}

static void take_token(tie_counter *c, const int64_t *row, const int64_t *price, alf_ties *ties)
{
  int64_t threshold = INT64_MAX;
  int32_t reaching = 0;
  for (int32_t k = 0; k < c->experts; k++)
    c->score[k] = row[k] + price[k];
  alf_topk_row(c->score, c->experts, c->topk, c->chosen);
  for (int32_t j = 0; j < c->topk; j++)
    threshold = c->score[c->chosen[j]] < threshold ? c->score[c->chosen[j]] : threshold;
  for (int32_t k = 0; k < c->experts; k++)
    reaching += c->score[k] >= threshold;
  for (int32_t k = 0; k < c->experts; k++)
    c->sure[k] += reaching > c->topk ? c->score[k] > threshold : c->score[k] >= threshold;
  if (reaching > c->topk)
    join_group(c, threshold, ties);
}

/* A tied expert can be in for all of its tied tokens or for none. */
static void take_extremes(const tie_counter *c, int64_t slots, alf_ties *ties)
{
  for (int32_t k = 0; k < c->experts; k++) {
    int64_t above = c->experts * (c->sure[k] + c->tied[k]) - slots, below = slots - c->experts * c->sure[k];
    int64_t worst = above > below ? above : below;
    if (worst > ties->max_deviation) {
      ties->max_deviation = worst;
      ties->expert = k;
    }
  }
}

alf_status alf_find_ties(const alf_affinity *batch, int32_t topk, const int64_t *price, alf_ties *ties, alf_error *err)
{
  size_t experts = (size_t)batch->experts;
  tie_counter c = {.experts = batch->experts,
                   .topk = topk,
                   .sure = calloc(experts, sizeof *c.sure),
                   .tied = calloc(experts, sizeof *c.tied),
                   .parent = calloc(experts, sizeof *c.parent),
                   .score = calloc(experts, sizeof *c.score),
                   .chosen = calloc((size_t)topk, sizeof *c.chosen)};
  alf_status status = ALF_OK;
  *ties = (alf_ties){.forest = true};
  if (!c.sure || !c.tied || !c.parent || !c.score || !c.chosen) {
    status = alf_fail_memory(err, experts * 28);
  } else {
    for (int32_t k = 0; k < c.experts; k++)
      c.parent[k] = k;
    for (int64_t i = 0; i < batch->tokens; i++)
      take_token(&c, alf_affinity_row(batch, i), price, ties);
    take_extremes(&c, topk * batch->tokens, ties);
  }
  free(c.sure);
  free(c.tied);
  free(c.parent);
  free(c.score);
  free(c.chosen);
  return status;
}
