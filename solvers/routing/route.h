/* Routing of a whole batch, with the selections of the step before as a guess. */
#ifndef ALF_ROUTING_ROUTE_H
#define ALF_ROUTING_ROUTE_H

#include "alf/affinity.h"

/* A selection for every token. */
typedef struct alf_route {
  alf_expert *chosen; /* T×K, ascending within a token */
  int64_t *load;      /* E, slots */
} alf_route;

/* Routes `batch` by Top-K of γ + p, where p is `grid` for an ALF_DYADIC batch and `real` for an ALF_FLOAT64 one.
   `guess` is a selection of the batch that is probably still right, and so is what out->chosen holds (that of two
   iterates ago: sign steps oscillate with period two); both must be selections of K different experts a token. Either
   is kept where a count proves it, and the row selected anew where not, so they change the time and never the result.
   With a NULL guess out->chosen need not be set. `score` has room for E integers. */
void alf_route_batch(const alf_affinity *batch, int32_t topk, const int64_t *grid, const double *real,
                     const alf_expert *guess, int64_t *score, alf_route *out);

#endif
