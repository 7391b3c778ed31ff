#include "routing/plain_route.h"

#include <string.h>

#include "alf/routing.h"

/* γ (1 + p) in grid units, rounded down to the grid. */
static int64_t product(int64_t affinity, int64_t shift, int32_t grid_bits)
{
  return affinity + (int64_t)(((alf_int128)affinity * shift) >> grid_bits);
}

static void score_exact(alf_combine combine, const alf_affinity *batch, int64_t i, const int64_t *shift, int64_t *score)
{
  const int64_t *row = alf_affinity_row(batch, i);
  for (int32_t k = 0; k < batch->experts; k++)
    score[k] = combine == ALF_ADD ? row[k] + shift[k] : product(row[k], shift[k], batch->grid_bits);
}

static void score_double(alf_combine combine, const alf_affinity *batch, int64_t i, const double *shift, int64_t *score)
{
  const double *row = (const double *)batch->values + i * batch->experts;
  for (int32_t k = 0; k < batch->experts; k++)
    score[k] = alf_score_key(combine == ALF_ADD ? row[k] + shift[k] : row[k] * (1 + shift[k]));
}

static void score_single(alf_combine combine, const alf_affinity *batch, int64_t i, const double *shift, int64_t *score)
{
  const float *row = (const float *)batch->values + i * batch->experts;
  for (int32_t k = 0; k < batch->experts; k++) {
    float p = (float)shift[k];
    score[k] = alf_score_key(combine == ALF_ADD ? row[k] + p : row[k] * (1 + p));
  }
}

void alf_plain_route(const alf_router_settings *settings, const alf_affinity *batch, const int64_t *grid,
                     const double *real, int64_t *score, alf_expert *picked, alf_route *out)
{
  int32_t experts = batch->experts, words = alf_selection_words(experts);
  for (int64_t i = 0; i < batch->tokens; i++) {
    if (batch->dtype == ALF_DYADIC)
      score_exact(settings->combine, batch, i, grid, score);
    else if (batch->dtype == ALF_FLOAT64)
      score_double(settings->combine, batch, i, real, score);
    else
      score_single(settings->combine, batch, i, real, score);
    alf_topk_row(score, experts, settings->topk, picked);
    alf_set_selection(out->chosen + i * words, experts, picked, settings->topk);
  }
  memset(out->load, 0, (size_t)experts * sizeof *out->load);
  alf_count_loads(out->chosen, batch->tokens, experts, out->load);
}
