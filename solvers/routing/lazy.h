/* Lazy skipping: which tokens can have another selection than at a snapshot of the iteration.

   At the snapshot every token has a margin, its K-th less its K+1-th score. As long as the shifts have moved against
   each other by less than that (max_k (p_k − p^s_k) − min_k (p_k − p^s_k), and rounding), its Top-K stays. Tokens are sorted
   by margin, so those that may change are the front of a list. (shared/algorithms.md) */
#ifndef ALF_ROUTING_LAZY_H
#define ALF_ROUTING_LAZY_H

#include <stdbool.h>
#include <stdint.h>

#include "alf/affinity.h"

/* Opaque. */
typedef struct alf_lazy alf_lazy;

/* For batches of that type and shape. Errors: ALF_ENOMEM. */
alf_status alf_lazy_alloc(alf_lazy **lazy, const alf_affinity *batch, alf_error *err);

/* Safe on NULL. */
void alf_lazy_free(alf_lazy *lazy);

/* Another batch follows: the snapshot is none of it. */
void alf_lazy_forget(alf_lazy *lazy);

/* How many tokens of the list may differ from the snapshot at this shift, or did since: never falls while a snapshot
   lasts. Negative: there is no snapshot, or routing all is better; alf_lazy_wants then decides about a new one.
   `grid` holds E integers of an ALF_DYADIC batch, `real` E numbers of another. *first: it is the first call since the
   snapshot. */
int64_t alf_lazy_front(alf_lazy *lazy, const int64_t *grid, const double *real, bool *first);

/* The tokens, by margin. */
const uint32_t *alf_lazy_tokens(const alf_lazy *lazy);

/* Where the buckets of margins (route_pass.h) go if the routing of all tokens that comes now should be a snapshot, else
   NULL. A snapshot must be worth it: after one that was not, the next comes later. */
uint16_t *alf_lazy_wants(alf_lazy *lazy);

/* The snapshot was routed at this shift; `largest` is the largest |score|. */
void alf_lazy_take(alf_lazy *lazy, const int64_t *grid, const double *real, double largest);

#endif
