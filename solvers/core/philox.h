/* State of alf_rng_philox; of no concern outside random.c and its test. */
#ifndef ALF_CORE_PHILOX_H
#define ALF_CORE_PHILOX_H

#include <stdint.h>

typedef struct alf_philox {
  uint32_t key[2];     /* the seed, low word first */
  uint32_t counter[4]; /* of the next block: block, batch, token (lower 32 bits each), 16 more bits of both */
  uint32_t word[4];    /* the current block */
  uint32_t used;       /* words of it already given out; 4: a new block is due */
} alf_philox;

#endif
