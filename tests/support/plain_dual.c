#include "plain_dual.h"

#include <stdbool.h>

/* How many experts come before k. */
static int32_t rank_of(const alf_affinity *batch, int64_t token, const double *p, int32_t k)
{
  double own = alf_affinity_get(batch, token, k) + p[k];
  int32_t ahead = 0;
  for (int32_t l = 0; l < batch->experts; l++) {
    double other = alf_affinity_get(batch, token, l) + p[l];
    ahead += other > own || (other == own && l < k);
  }
  return ahead;
}

double alf_plain_dual(const alf_affinity *batch, int32_t topk, const double *p, double *load)
{
  double sum = 0, target = (double)topk * (double)batch->tokens / batch->experts;
  for (int32_t k = 0; k < batch->experts; k++) {
    load[k] = 0;
    sum -= target * p[k];
    for (int64_t i = 0; i < batch->tokens; i++) {
      bool chosen = rank_of(batch, i, p, k) < topk;
      load[k] += chosen;
      sum += chosen ? alf_affinity_get(batch, i, k) + p[k] : 0;
    }
  }
  return sum;
}
