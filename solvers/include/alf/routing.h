/* Top-K routing and the dual function. Ties go to the lower expert index. */
#ifndef ALF_ROUTING_H
#define ALF_ROUTING_H

#include <stdbool.h>

#include "alf/affinity.h"
#include "alf/int128.h"

/* A selection of a batch is T×words, row-major: bit k % 64 of a row's word k / 64 says whether the token has expert k.
   Bits from E on are 0. */
static inline int32_t alf_selection_words(int32_t experts)
{
  return (experts + 63) / 64;
}

static inline bool alf_has_expert(const uint64_t *row, int32_t k)
{
  return row[k / 64] >> (k % 64) & 1;
}

/* The first expert of a row from `k` on, or E when there is none: for (k = alf_next_expert(row, E, 0); k < E; k =
   alf_next_expert(row, E, k + 1)). */
static inline int32_t alf_next_expert(const uint64_t *row, int32_t experts, int32_t k)
{
  while (k < experts) {
    uint64_t rest = row[k / 64] >> (k % 64);
    if (rest)
      return k + __builtin_ctzll(rest);
    k = (k / 64 + 1) * 64;
  }
  return experts;
}

/* Sets the row of one token to `topk` experts. */
void alf_set_selection(uint64_t *row, int32_t experts, const alf_expert *chosen, int32_t topk);

/* Adds the slots of `tokens` rows to load, E. */
void alf_count_loads(const uint64_t *chosen, int64_t tokens, int32_t experts, int64_t *load);

/* The K largest of `score` (E integers), ties to the lower index; writes their indices, ascending. */
void alf_topk_row(const int64_t *score, int32_t experts, int32_t topk, alf_expert *chosen);

/* Order-preserving map from finite doubles to integers (−0 and +0 map to the same), so that one selection serves both
   arithmetics. */
int64_t alf_score_key(double score);

/* D(p) = Σ_i (sum of the K largest of γ_i + p) − L Σ_k p_k, times E, exact: in units of 2^-grid_bits / E. A plain
   evaluation that shares no state with an iteration. `batch` is ALF_DYADIC, `shift` holds E grid units. */
alf_int128 alf_dual_value(const alf_affinity *batch, int32_t topk, const int64_t *shift);

/* 𝓛(x, p) = Σ_ik (γ_ik + p_k) x_ik − L Σ_k p_k for a selection, times E: in units of 2^-grid_bits / E. */
alf_int128 alf_lagrangian(const alf_affinity *batch, int32_t topk, const uint64_t *chosen, const int64_t *shift);

#endif
