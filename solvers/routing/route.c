#include "routing/route.h"

#include <string.h>

#include "alf/routing.h"
#include "core/hot.h"

ALF_HOT static void score_row_grid(const int64_t *affinity, const int64_t *shift, int32_t experts, int64_t *score)
{
  for (int32_t k = 0; k < experts; k++)
    score[k] = affinity[k] + shift[k];
}

static void score_row_real(const double *affinity, const double *shift, int32_t experts, int64_t *score)
{
  for (int32_t k = 0; k < experts; k++)
    score[k] = alf_score_key(affinity[k] + shift[k]);
}

void alf_route_batch(const alf_affinity *batch, int32_t topk, const int64_t *grid, const double *real,
                     const alf_expert *guess, int64_t *score, alf_route *out)
{
  int32_t experts = batch->experts;
  memset(out->load, 0, (size_t)experts * sizeof *out->load);
  for (int64_t i = 0; i < batch->tokens; i++) {
    alf_expert *chosen = out->chosen + i * topk;
    if (batch->dtype == ALF_DYADIC)
      score_row_grid(alf_affinity_row(batch, i), grid, experts, score);
    else
      score_row_real((const double *)batch->values + i * experts, real, experts, score);
    if (guess && alf_is_topk(score, experts, topk, guess + i * topk))
      memcpy(chosen, guess + i * topk, (size_t)topk * sizeof *chosen);
    else if (!guess || !alf_is_topk(score, experts, topk, chosen))
      alf_topk_row(score, experts, topk, chosen);
    for (int32_t j = 0; j < topk; j++)
      out->load[chosen[j]]++;
  }
}
