/* Top-K with the two scores that it lies between. */
#ifndef ALF_ROUTING_CUT_H
#define ALF_ROUTING_CUT_H

#include "alf/routing.h"

/* The smallest score that is chosen and the largest one that is not. */
typedef struct alf_cut {
  int64_t last_in, first_out;
} alf_cut;

/* As alf_topk_row. */
alf_cut alf_topk_cut(const int64_t *score, int32_t experts, int32_t topk, alf_expert *chosen);

#endif
