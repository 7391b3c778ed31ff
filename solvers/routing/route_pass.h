/* Kernels that route many tokens, for each instruction set and element type. They add, compare and count: every one
   gives the same bits. */
#ifndef ALF_ROUTING_ROUTE_PASS_H
#define ALF_ROUTING_ROUTE_PASS_H

#include <stdbool.h>

#include "alf/affinity.h"

enum {
  ALF_ROUTE_PAD = 16,       /* rows that the kernels see come in multiples of this */
  ALF_ROUTE_BUCKETS = 4096, /* of margins, by the upper bits of a float >= 0 */
};

#define ALF_ROUTE_NO_GUESS 0x1p62f /* a threshold that no score of a grid exceeds */

/* What one thread needs to route tokens of one batch. Arrays of numbers are of the batch's type. */
typedef struct alf_route_pass {
  int32_t experts, topk;
  int32_t padded;         /* E rounded up to a multiple of ALF_ROUTE_PAD */
  int32_t words;          /* of 64 bits, in a row of a selection */
  const void *affinity;   /* T×E */
  const void *shift;      /* padded, with 0 */
  void *row;              /* padded, with what is below all scores; a copy of the affinities, where E is no multiple */
  void *score;            /* padded */
  int64_t *key;           /* E */
  alf_expert *picked;     /* K */
  float *threshold;       /* T: probably exactly K scores exceed threshold + common; mended where not */
  double common;          /* of the shift's entries: thresholds follow a shift that drifts as a whole */
  uint64_t *chosen;       /* T×words: written */
  const uint64_t *before; /* T×words: the selection whose loads are known; only for `touch` */
  int64_t *load;          /* words·64: what is counted is added */
  uint16_t *bucket;       /* T: that of each token's margin, K-th less K+1-th score, is written; NULL: not asked for */
  double largest;         /* raised to the largest |score|, where buckets are asked for */
} alf_route_pass;

/* One instruction set; functions for ALF_FLOAT32, ALF_FLOAT64 and ALF_DYADIC in turn. */
typedef struct alf_route_kernel {
  const char *name;
  bool (*runs_here)(void);
  /* Routes `tokens` tokens from the first on, and adds their slots to load. */
  void (*route[3])(alf_route_pass *pass, int64_t first, int64_t tokens);
  /* Routes the tokens that are listed, and adds what they have in `chosen` and not in `before`, less what they no
     longer have, to load. */
  void (*touch[3])(alf_route_pass *pass, const uint32_t *token, int64_t count);
} alf_route_kernel;

/* Null-terminated, fastest first; the last one runs everywhere. */
extern const alf_route_kernel *const alf_route_kernels[];

/* The first that runs here; or that of a name, NULL when it does not run here. */
const alf_route_kernel *alf_route_kernel_find(const char *name);

/* The bucket of a margin >= 0: never falls when the margin grows. */
static inline uint16_t alf_route_bucket(float margin)
{
  union {
    float number;
    uint32_t bits;
  } view = {margin > 0 ? margin : 0};
  return (uint16_t)(view.bits >> 19);
}

#endif
