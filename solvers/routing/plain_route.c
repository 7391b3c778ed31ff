#include "routing/plain_route.h"

#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"

struct alf_plain_route {
  alf_router_settings settings;
  int64_t *score;     /* E: what is compared */
  double *real;       /* E: the scores of a float batch as numbers, in its own type */
  alf_expert *chosen; /* K */
  /* Of groups alone: */
  int64_t *group;   /* G: their scores, as they are compared */
  alf_expert *kept; /* M, ascending */
};

bool alf_plain_route_is_needed(const alf_router_settings *settings)
{
  return settings->combine != ALF_ADD || settings->kept < settings->groups;
}

alf_status alf_plain_route_alloc(alf_plain_route **out, const alf_affinity *batch, const alf_router_settings *settings,
                                 alf_error *err)
{
  size_t experts = (size_t)batch->experts;
  alf_plain_route *r = calloc(1, sizeof *r);
  *out = r;
  if (r) {
    r->settings = *settings;
    r->score = malloc(experts * sizeof *r->score);
    r->real = malloc(experts * sizeof *r->real);
    r->chosen = malloc((size_t)settings->topk * sizeof *r->chosen);
    r->group = malloc(experts * sizeof *r->group);
    r->kept = malloc(experts * sizeof *r->kept);
  }
  if (r && r->score && r->real && r->chosen && r->group && r->kept)
    return ALF_OK;
  alf_plain_route_free(r);
  *out = NULL;
  return alf_fail_memory(err, (unsigned long long)experts * sizeof *r->score);
}

void alf_plain_route_free(alf_plain_route *r)
{
  if (!r)
    return;
  free(r->score);
  free(r->real);
  free(r->chosen);
  free(r->group);
  free(r->kept);
  free(r);
}

/* γ (1 + p) in grid units, rounded down to the grid. */
static int64_t product(int64_t affinity, int64_t shift, int32_t grid_bits)
{
  return affinity + (int64_t)(((alf_int128)affinity * shift) >> grid_bits);
}

static void score_exact(const alf_plain_route *r, const alf_affinity *batch, int64_t i, const int64_t *shift)
{
  const int64_t *row = alf_affinity_row(batch, i);
  for (int32_t k = 0; k < batch->experts; k++)
    r->score[k] = r->settings.combine == ALF_ADD ? row[k] + shift[k] : product(row[k], shift[k], batch->grid_bits);
}

static void score_double(const alf_plain_route *r, const alf_affinity *batch, int64_t i, const double *shift)
{
  const double *row = (const double *)batch->values + i * batch->experts;
  for (int32_t k = 0; k < batch->experts; k++)
    r->real[k] = r->settings.combine == ALF_ADD ? row[k] + shift[k] : row[k] * (1 + shift[k]);
}

static void score_single(const alf_plain_route *r, const alf_affinity *batch, int64_t i, const double *shift)
{
  const float *row = (const float *)batch->values + i * batch->experts;
  for (int32_t k = 0; k < batch->experts; k++) {
    float p = (float)shift[k];
    r->real[k] = (double)(r->settings.combine == ALF_ADD ? row[k] + p : row[k] * (1 + p));
  }
}

static void score_token(const alf_plain_route *r, const alf_affinity *batch, int64_t i, const int64_t *grid,
                        const double *real)
{
  if (batch->dtype == ALF_DYADIC)
    score_exact(r, batch, i, grid);
  else if (batch->dtype == ALF_FLOAT64)
    score_double(r, batch, i, real);
  else
    score_single(r, batch, i, real);
  for (int32_t k = 0; batch->dtype != ALF_DYADIC && k < batch->experts; k++)
    r->score[k] = alf_score_key(r->real[k]);
}

/* The sum of two scores as it is compared; of a group of one the only score. */
static int64_t pair_score(const alf_plain_route *r, alf_dtype dtype, int32_t a, int32_t b)
{
  if (b < 0)
    return r->score[a];
  int64_t units;
  if (dtype == ALF_DYADIC) /* a shift near the end of its range that multiplies may get beyond 64 bits */
    return !__builtin_add_overflow(r->score[a], r->score[b], &units) ? units : r->score[a] < 0 ? INT64_MIN : INT64_MAX;
  double sum = r->real[a] + r->real[b];
  return alf_score_key(dtype == ALF_FLOAT32 ? (double)(float)sum : sum);
}

static int64_t group_score(const alf_plain_route *r, alf_dtype dtype, int32_t first, int32_t size)
{
  int32_t best = first, second = -1;
  for (int32_t k = first + 1; k < first + size; k++) {
    bool leads = r->score[k] > r->score[best];
    if (leads || second < 0 || r->score[k] > r->score[second])
      second = leads ? best : k;
    best = leads ? k : best;
  }
  return pair_score(r, dtype, best, second);
}

/* Overwrites the scores outside the kept groups. Those of −∞ never win, for K scores or more are left. */
static void mask_groups(const alf_plain_route *r, const alf_affinity *batch)
{
  int32_t groups = r->settings.groups, size = batch->experts / groups, next = 0;
  for (int32_t g = 0; g < groups; g++)
    r->group[g] = group_score(r, batch->dtype, g * size, size);
  alf_topk_row(r->group, groups, r->settings.kept, r->kept);
  for (int32_t g = 0; g < groups; g++) {
    bool keep = next < r->settings.kept && r->kept[next] == g;
    next += keep;
    for (int32_t k = g * size; !keep && k < (g + 1) * size; k++)
      r->score[k] = r->settings.mask_zero ? 0 : INT64_MIN;
  }
}

void alf_plain_route_tokens(alf_plain_route *r, const alf_affinity *batch, const int64_t *grid, const double *real,
                            uint64_t *chosen)
{
  int32_t words = alf_selection_words(batch->experts);
  for (int64_t i = 0; i < batch->tokens; i++) {
    score_token(r, batch, i, grid, real);
    if (r->settings.kept < r->settings.groups)
      mask_groups(r, batch);
    alf_topk_row(r->score, batch->experts, r->settings.topk, r->chosen);
    alf_set_selection(chosen + i * words, batch->experts, r->chosen, r->settings.topk);
  }
}
