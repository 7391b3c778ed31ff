#include "exact/quantile.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "core/deadline.h"
#include "core/select.h"
#include "exact/perturb.h"
#include "exact/threshold.h"

enum { COLUMNS = 8 }; /* experts gathered in one pass: a cache line of a row */

struct scratch {
  int64_t *threshold; /* T */
  int64_t *column;    /* COLUMNS × T: the price from which on each token chooses the expert */
  int64_t *score;     /* E */
  int64_t *next;      /* E: prices */
  int64_t *load;      /* E, slots */
  int64_t *target;    /* E: what they are to be, in units of 1/E slots */
  alf_expert *chosen; /* K */
};

/* Thresholds and loads at the current prices. */
static void survey(const alf_affinity *batch, int32_t topk, const int64_t *price, struct scratch *s)
{
  memset(s->load, 0, (size_t)batch->experts * sizeof *s->load);
  for (int64_t i = 0; i < batch->tokens; i++) {
    const int64_t *affinity = alf_affinity_row(batch, i);
    for (int32_t k = 0; k < batch->experts; k++)
      s->score[k] = affinity[k] + price[k];
    alf_topk_row(s->score, batch->experts, topk, s->chosen);
    s->threshold[i] = alf_threshold_of(s->score, batch->experts, topk, s->chosen).twice / 2;
    for (int32_t j = 0; j < topk; j++)
      s->load[s->chosen[j]]++;
  }
}

/* Σ_k |load − L_k| <= E, in whole slots. */
static bool is_balanced(const alf_affinity *batch, const struct scratch *s)
{
  int64_t off = 0;
  for (int32_t k = 0; k < batch->experts; k++)
    off += llabs(batch->experts * s->load[k] - s->target[k]);
  return off <= (int64_t)batch->experts * batch->experts;
}

static void gather_columns(const alf_affinity *batch, int32_t first, int32_t count, struct scratch *s)
{
  for (int64_t i = 0; i < batch->tokens; i++) {
    const int64_t *affinity = alf_affinity_row(batch, i) + first;
    for (int32_t k = 0; k < count; k++)
      s->column[k * batch->tokens + i] = s->threshold[i] - affinity[k];
  }
}

/* The prices that would give every expert its load at these thresholds, less that of expert 0. */
static void find_next(const alf_affinity *batch, struct scratch *s)
{
  for (int32_t first = 0; first < batch->experts; first += COLUMNS) {
    int32_t left = batch->experts - first, count = left < COLUMNS ? left : COLUMNS;
    gather_columns(batch, first, count, s);
    for (int32_t k = 0; k < count; k++) {
      int64_t load = s->target[first + k] / batch->experts, rank = load > 0 ? load - 1 : 0;
      s->next[first + k] =
          alf_select(s->column + k * batch->tokens, batch->tokens, rank) - (first + k ? s->next[0] : 0);
    }
  }
  s->next[0] = 0;
}

/* Takes the next prices over unless one is out of bounds. */
static bool move_prices(const struct scratch *s, int32_t experts, int64_t *price)
{
  for (int32_t k = 0; k < experts; k++)
    if (s->next[k] <= -ALF_PRICE_LIMIT || s->next[k] >= ALF_PRICE_LIMIT)
      return false;
  memcpy(price, s->next, (size_t)experts * sizeof *price);
  return true;
}

static alf_status scratch_alloc(struct scratch *s, const alf_affinity *batch, int32_t topk, alf_error *err)
{
  size_t tokens = (size_t)batch->tokens, experts = (size_t)batch->experts;
  s->threshold = malloc(tokens * sizeof *s->threshold);
  s->column = malloc(COLUMNS * tokens * sizeof *s->column);
  s->score = malloc(experts * sizeof *s->score);
  s->next = malloc(experts * sizeof *s->next);
  s->load = malloc(experts * sizeof *s->load);
  s->target = malloc(experts * sizeof *s->target);
  s->chosen = malloc((size_t)topk * sizeof *s->chosen);
  if (s->threshold && s->column && s->score && s->next && s->load && s->target && s->chosen)
    return ALF_OK;
  return alf_fail_memory(err, ((COLUMNS + 1) * tokens + 5 * experts) * sizeof *s->threshold);
}

static void scratch_free(struct scratch *s)
{
  free(s->threshold);
  free(s->column);
  free(s->score);
  free(s->next);
  free(s->load);
  free(s->target);
  free(s->chosen);
}

/* Every expert's share of the sample. */
static void set_targets(const alf_problem *problem, const alf_affinity *sample, struct scratch *s)
{
  for (int32_t k = 0; k < sample->experts; k++)
    s->target[k] = (int64_t)((alf_int128)alf_problem_target(problem, k) * sample->tokens / problem->batch->tokens);
}

alf_status alf_quantile_prices(const alf_problem *problem, const alf_affinity *sample, int rounds,
                               alf_deadline deadline, int64_t *price, alf_error *err)
{
  struct scratch s = {0};
  alf_status status = scratch_alloc(&s, sample, problem->topk, err);
  bool done = false;
  if (!status)
    set_targets(problem, sample, &s);
  for (int round = 0; round < rounds && !done && !status; round++) {
    survey(sample, problem->topk, price, &s);
    done = is_balanced(sample, &s);
    if (!done) {
      find_next(sample, &s);
      done = !move_prices(&s, sample->experts, price);
    }
    if (alf_deadline_left_ms(deadline) == 0)
      status = alf_fail(err, ALF_ETIMEOUT, "quantile balancing: time limit reached after %d rounds", round + 1);
  }
  scratch_free(&s);
  return status;
}
