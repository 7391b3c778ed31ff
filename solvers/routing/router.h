/* Routes one batch again and again under a moving shift. */
#ifndef ALF_ROUTING_ROUTER_H
#define ALF_ROUTING_ROUTER_H

#include "alf/affinity.h"
#include "alf/rule.h"

/* Opaque. */
typedef struct alf_router alf_router;

typedef struct alf_router_settings {
  int32_t topk;
  alf_combine combine;
  int32_t groups, kept; /* group-limited routing (alf/format.h); 0 groups: none */
  bool mask_zero;
} alf_router_settings;

/* Takes all memory for batches of this shape and type. Errors: ALF_ENOMEM. */
alf_status alf_router_alloc(alf_router **router, const alf_affinity *batch, const alf_router_settings *settings,
                            alf_error *err);

/* Writes the selection of every token (alf/routing.h) and its loads (E, slots): the Top-K of γ + p, or of what the
   settings say, ties to the lower index. `grid` is the shift of an ALF_DYADIC batch, `real` that of another. `n` numbers
   the calls: selections are probably near those of n − 1 and n − 2. `chosen` keeps what call n − 2 wrote. */
void alf_router_route(alf_router *router, const alf_affinity *batch, const int64_t *grid, const double *real, int64_t n,
                      uint64_t *chosen, int64_t *load);

/* Safe on NULL. */
void alf_router_free(alf_router *router);

#endif
