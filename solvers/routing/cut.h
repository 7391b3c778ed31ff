/* Top-K with the two scores that it lies between. */
#ifndef ALF_ROUTING_CUT_H
#define ALF_ROUTING_CUT_H

#include "alf/routing.h"

/* The smallest score that is chosen and the largest one that is not. */
typedef struct alf_cut {
  int64_t last_in, first_out;
} alf_cut;

/* The cut of E scores: slow when many beat those before them, but any K will do. */
alf_cut alf_cut_by_insertion(const int64_t *score, int32_t experts, int32_t topk);

#endif
