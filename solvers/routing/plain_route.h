/* Routing by scores that are not γ + p: a shift that multiplies, or groups of experts of which only the best are
   eligible. Token by token, for any type of batch. */
#ifndef ALF_ROUTING_PLAIN_ROUTE_H
#define ALF_ROUTING_PLAIN_ROUTE_H

#include "routing/router.h"

/* Opaque. */
typedef struct alf_plain_route alf_plain_route;

/* Whether the settings ask for it. */
bool alf_plain_route_is_needed(const alf_router_settings *settings);

/* Errors: ALF_ENOMEM. */
alf_status alf_plain_route_alloc(alf_plain_route **route, const alf_affinity *batch,
                                 const alf_router_settings *settings, alf_error *err);

/* Writes the selection of every token; the rest as alf_router_route. */
void alf_plain_route_tokens(alf_plain_route *route, const alf_affinity *batch, const int64_t *grid, const double *real,
                            uint64_t *chosen);

/* Safe on NULL. */
void alf_plain_route_free(alf_plain_route *route);

#endif
