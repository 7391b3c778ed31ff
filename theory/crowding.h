/* How many tokens crowd into a window of the width of a sign step: hypothesis H(q) of C4. */
#ifndef ALF_THEORY_CROWDING_H
#define ALF_THEORY_CROWDING_H

#include "alf/instance.h"

/* Fills q and the pair for each of `count` entries, whose u is set. `range` is R in grid units. About E²·T operations
   for each step size, and a sort for the pairs that may be the worst. `stop` may be NULL; it is asked E times. Errors:
   ALF_ENOMEM, ALF_EINTERRUPTED. */
alf_status alf_measure_crowding(const alf_affinity *batch, int64_t range, alf_crowding *crowding, int count,
                                bool (*stop)(void), alf_error *err);

#endif
