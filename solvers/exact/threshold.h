/* Where a token's Top-K ends. */
#ifndef ALF_EXACT_THRESHOLD_H
#define ALF_EXACT_THRESHOLD_H

#include "alf/affinity.h"

typedef struct alf_threshold {
  alf_expert kept, passed; /* the K-th and the (K+1)-th cell */
  int64_t twice;           /* twice the threshold, which lies midway: the sum of their scores */
} alf_threshold;

/* `chosen` is Top-K of the E scores (alf_topk_row). */
alf_threshold alf_threshold_of(const int64_t *score, int32_t experts, int32_t topk, const alf_expert *chosen);

#endif
