#include "exact/threshold.h"

#include <stdbool.h>

alf_threshold alf_threshold_of(const int64_t *score, int32_t experts, int32_t topk, const alf_expert *chosen)
{
  alf_threshold t = {.kept = chosen[0]};
  bool found = false;
  for (int32_t k = 0, j = 0; k < experts; k++) {
    if (j < topk && chosen[j] == k) {
      if (score[k] <= score[t.kept])
        t.kept = (alf_expert)k;
      j++;
    } else if (!found || score[k] > score[t.passed]) {
      t.passed = (alf_expert)k;
      found = true;
    }
  }
  t.twice = score[t.kept] + score[t.passed];
  return t;
}
