#include "routing/route.h"

#include <stdbool.h>
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

/* How many experts come before expert `at` in the order (score descending, index ascending). */
ALF_HOT static int64_t count_ahead(const int64_t *score, int32_t experts, int32_t at)
{
  int64_t threshold = score[at], ahead = 0;
  for (int32_t k = 0; k < at; k++)
    ahead += score[k] >= threshold;
  for (int32_t k = at + 1; k < experts; k++)
    ahead += score[k] > threshold;
  return ahead;
}

/* The guess is the Top-K exactly when its last member in the order has K − 1 experts ahead of it. */
static bool still_topk(const int64_t *score, int32_t experts, int32_t topk, const alf_expert *guess)
{
  alf_expert last = guess[0];
  for (int32_t j = 1; j < topk; j++)
    if (score[guess[j]] <= score[last])
      last = guess[j];
  return count_ahead(score, experts, last) == topk - 1;
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
    if (guess && still_topk(score, experts, topk, guess + i * topk))
      memcpy(chosen, guess + i * topk, (size_t)topk * sizeof *chosen);
    else if (!guess || !still_topk(score, experts, topk, chosen))
      alf_topk_row(score, experts, topk, chosen);
    for (int32_t j = 0; j < topk; j++)
      out->load[chosen[j]]++;
  }
}
