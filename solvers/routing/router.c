#include "routing/router.h"

#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "routing/plain_route.h"

struct alf_router {
  alf_router_settings settings;
  int64_t *score;         /* E */
  alf_expert *chosen;     /* K */
  alf_plain_route *plain; /* what routes where scores are not γ + p; else NULL */
};

alf_status alf_router_alloc(alf_router **out, const alf_affinity *batch, const alf_router_settings *settings,
                            alf_error *err)
{
  alf_router *r = calloc(1, sizeof *r);
  *out = r;
  if (r) {
    r->settings = *settings;
    r->score = malloc((size_t)batch->experts * sizeof *r->score);
    r->chosen = malloc((size_t)settings->topk * sizeof *r->chosen);
  }
  bool plain = alf_plain_route_is_needed(settings);
  if (r && r->score && r->chosen && (!plain || alf_plain_route_alloc(&r->plain, batch, settings, err) == ALF_OK))
    return ALF_OK;
  alf_router_free(r);
  *out = NULL;
  return alf_fail_memory(err, (unsigned long long)batch->experts * sizeof *r->score);
}

void alf_router_free(alf_router *r)
{
  if (!r)
    return;
  free(r->score);
  free(r->chosen);
  alf_plain_route_free(r->plain);
  free(r);
}

static void score_exact(const alf_router *r, const alf_affinity *batch, int64_t i, const int64_t *shift)
{
  const int64_t *row = alf_affinity_row(batch, i);
  for (int32_t k = 0; k < batch->experts; k++)
    r->score[k] = row[k] + shift[k];
}

static void score_double(const alf_router *r, const alf_affinity *batch, int64_t i, const double *shift)
{
  const double *row = (const double *)batch->values + i * batch->experts;
  for (int32_t k = 0; k < batch->experts; k++)
    r->score[k] = alf_score_key(row[k] + shift[k]);
}

static void score_single(const alf_router *r, const alf_affinity *batch, int64_t i, const double *shift)
{
  const float *row = (const float *)batch->values + i * batch->experts;
  for (int32_t k = 0; k < batch->experts; k++)
    r->score[k] = alf_score_key(row[k] + (float)shift[k]);
}

/* Top-K of γ + p. */
static void route_tokens(const alf_router *r, const alf_affinity *batch, const int64_t *grid, const double *real,
                         uint64_t *chosen)
{
  int32_t experts = batch->experts, words = alf_selection_words(experts);
  for (int64_t i = 0; i < batch->tokens; i++) {
    if (batch->dtype == ALF_DYADIC)
      score_exact(r, batch, i, grid);
    else if (batch->dtype == ALF_FLOAT64)
      score_double(r, batch, i, real);
    else
      score_single(r, batch, i, real);
    alf_topk_row(r->score, experts, r->settings.topk, r->chosen);
    alf_set_selection(chosen + i * words, experts, r->chosen, r->settings.topk);
  }
}

void alf_router_route(alf_router *r, const alf_affinity *batch, const int64_t *grid, const double *real, int64_t n,
                      uint64_t *chosen, int64_t *load)
{
  (void)n;
  if (r->plain)
    alf_plain_route_tokens(r->plain, batch, grid, real, chosen);
  else
    route_tokens(r, batch, grid, real, chosen);
  memset(load, 0, (size_t)batch->experts * sizeof *load);
  alf_count_loads(chosen, batch->tokens, batch->experts, load);
}
