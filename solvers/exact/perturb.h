/* Ties broken at random, without changing what is optimal. */
#ifndef ALF_EXACT_PERTURB_H
#define ALF_EXACT_PERTURB_H

#include "alf/problem.h"

/* The usual refinement: room for noise below, and for prices of several times the affinities' range above. */
#define ALF_PERTURB_BITS 17

/* Prices on the perturbed grid stay below this, so that sums and differences of four scores fit 64 bits. */
#define ALF_PRICE_LIMIT (INT64_C(1) << 60)

/* fine[k] = (affinity[k] − origin)·2^bits + noise, E of them: noise is 0..(2^bits − 1)/E, a hash of first + k. */
void alf_add_noise(const int64_t *affinity, int64_t origin, int32_t experts, int bits, uint64_t first, int64_t *fine);

/* Copies the problem's batch to a grid finer by `bits`, with each token's affinities moved to lie about 0, and adds to
   every cell a noise of at most (2^bits − 1)/E new units, a hash of its position. A cycle of exchanges passes at most E
   cells up and E down, so noise moves its weight by less than one old unit: a primal that is optimal for the copy is
   optimal for the batch. Equal affinities stop being equal, so that prices can part them. bits = 0 only copies.
   Zero-initialise out. Errors: ALF_ENOMEM. */
alf_status alf_perturb(const alf_problem *problem, int bits, alf_affinity *out, alf_error *err);

#endif
