/* What ties leave open at given prices. */
#ifndef ALF_THEORY_TIES_H
#define ALF_THEORY_TIES_H

#include "alf/instance.h"

/* Fills *ties for the Top-K of γ + price (E grid units). Errors: ALF_ENOMEM. */
alf_status alf_find_ties(const alf_affinity *batch, int32_t topk, const int64_t *price, alf_ties *ties, alf_error *err);

#endif
