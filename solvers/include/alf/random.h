/* Random streams: Philox4x32-10 of Random123 as a gsl_rng type, one stream per (seed, batch, token). */
#ifndef ALF_RANDOM_H
#define ALF_RANDOM_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

/* A token index no batch reaches: (seed, 0, ALF_RNG_SHARED) is the stream of what all batches have in common. */
#define ALF_RNG_SHARED UINT64_MAX

/* The generator; gsl_rng_alloc(alf_rng_philox) gives the stream (0, 0, 0). gsl_rng_set cuts seeds to 32 bits and is
   kept for compatibility only: use alf_rng_stream. */
extern const gsl_rng_type *const alf_rng_philox;

/* Puts an alf_rng_philox generator at the start of stream (seed, batch, token). Streams are independent of each other
   and of the order in which they are read, so results do not depend on threads or ranks. Of batch and token the lower
   48 bits count, and a stream holds 2^34 words before it repeats. gsl_rng_uniform has 53 bits, gsl_rng_get 32. */
void alf_rng_stream(gsl_rng *rng, uint64_t seed, uint64_t batch, uint64_t token);

#endif
