/* Routes batches of one shape under a moving shift. */
#ifndef ALF_ROUTING_ROUTER_H
#define ALF_ROUTING_ROUTER_H

#include <stdbool.h>

#include "alf/affinity.h"
#include "alf/rule.h"

/* Opaque. */
typedef struct alf_router alf_router;

typedef struct alf_router_settings {
  int32_t topk;
  alf_combine combine;
  int32_t groups, kept; /* group-limited routing (alf/format.h); 0 groups: none */
  bool mask_zero;
  int threads;        /* at most; 0: one. Selections do not depend on it */
  const char *kernel; /* a name of alf_route_kernels; NULL: the fastest that runs here */
  bool eager;         /* every token is routed at every call, even where it cannot have changed */
} alf_router_settings;

/* A selection (alf/routing.h) and its loads (E, slots). */
typedef struct alf_route {
  uint64_t *chosen; /* T×words */
  int64_t *load;
} alf_route;

/* Takes all memory for batches of this shape and type. Errors: ALF_ENOMEM; ALF_EINVAL for a kernel that does not run
   here. */
alf_status alf_router_alloc(alf_router **router, const alf_affinity *batch, const alf_router_settings *settings,
                            alf_error *err);

/* Fills out->chosen with the Top-K of γ + p of every token, or of what the settings say, ties to the lower index, and
   out->load. `grid` is the shift of an ALF_DYADIC batch, `real` that of another. Calls are numbered n = 0, 1, …, and
   again from 0; the two routes belong to even and odd n: route[n % 2] is written, the other one holds what call n − 1
   wrote, and both are left alone in between. A batch that is given again has not changed. Returns how many tokens were
   looked at. */
int64_t alf_router_route(alf_router *router, const alf_affinity *batch, const int64_t *grid, const double *real,
                         int64_t n, alf_route route[2]);

/* Safe on NULL. */
void alf_router_free(alf_router *router);

#endif
