/* Top-K routing and the dual function. Ties go to the lower expert index. */
#ifndef ALF_ROUTING_H
#define ALF_ROUTING_H

#include <stdbool.h>

#include "alf/affinity.h"
#include "alf/int128.h"

/* The K largest of `score` (E integers), ties to the lower index; writes their indices, ascending. */
void alf_topk_row(const int64_t *score, int32_t experts, int32_t topk, alf_expert *chosen);

/* Whether a selection of K different experts is that Top-K: a count, much faster than selecting. */
bool alf_is_topk(const int64_t *score, int32_t experts, int32_t topk, const alf_expert *chosen);

/* Order-preserving map from finite doubles to integers (−0 and +0 map to the same), so that one selection serves both
   arithmetics. */
int64_t alf_score_key(double score);

/* D(p) = Σ_i (sum of the K largest of γ_i + p) − L Σ_k p_k, times E, exact: in units of 2^-grid_bits / E. A plain
   evaluation that shares no state with an iteration. `batch` is ALF_DYADIC, `shift` holds E grid units. */
alf_int128 alf_dual_value(const alf_affinity *batch, int32_t topk, const int64_t *shift);

/* 𝓛(x, p) = Σ_ik (γ_ik + p_k) x_ik − L Σ_k p_k for a routing (T×K), times E: in units of 2^-grid_bits / E. */
alf_int128 alf_lagrangian(const alf_affinity *batch, int32_t topk, const alf_expert *chosen, const int64_t *shift);

#endif
