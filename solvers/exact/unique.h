/* Whether a fractional optimum is the only one. */
#ifndef ALF_EXACT_UNIQUE_H
#define ALF_EXACT_UNIQUE_H

#include "alf/problem.h"

/* Whether the optimal primal in `solution` is the only optimal one of a problem with fixed loads; `price` (E) is any
   optimal price vector. Arcs of weight 0 between experts that share one token's fraction go both ways and are no choice
   by themselves, so here cells count: another routing exists exactly when tied cells, each moved only the way it can,
   close a cycle of tokens and experts. O(T·E). Errors: ALF_ENOMEM. */
alf_status alf_routing_is_unique(const alf_problem *problem, const alf_solution *solution, const int64_t *price,
                                 bool *unique, alf_error *err);

#endif
