/* Routing that is not Top-K of γ + p: one token after the other, without guesses. */
#ifndef ALF_ROUTING_PLAIN_ROUTE_H
#define ALF_ROUTING_PLAIN_ROUTE_H

#include "routing/router.h"

/* As alf_router_route; score has room for E integers, picked for K experts. */
void alf_plain_route(const alf_router_settings *settings, const alf_affinity *batch, const int64_t *grid,
                     const double *real, int64_t *score, alf_expert *picked, alf_route *out);

#endif
