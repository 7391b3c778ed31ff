/* Affinities of one batch: how much each token wants each expert. */
#ifndef ALF_AFFINITY_H
#define ALF_AFFINITY_H

#include <stdint.h>

#include "alf/status.h"

#define ALF_MAX_EXPERTS 4096
#define ALF_GRID_BITS   40 /* the finest grid: units of 2^-40 */

/* Index of an expert; selections are stored in this type. */
typedef uint16_t alf_expert;

typedef enum alf_dtype { ALF_FLOAT32, ALF_FLOAT64, ALF_DYADIC } alf_dtype;

/* A batch of affinities, T×E, row-major. Zero-initialise before first use; alf_affinity_free copes with any state. */
typedef struct alf_affinity {
  alf_dtype dtype;       /* element type of values: float, double, or int64_t in units of 2^-grid_bits */
  int64_t tokens;        /* T >= 1 */
  int32_t experts;       /* E, 2..ALF_MAX_EXPERTS */
  int32_t grid_bits;     /* ALF_DYADIC only, 0 otherwise */
  const void *values;    /* T×E, row-major */
  void *storage;         /* what values points into when owned; NULL for a view */
  double rounding_bound; /* ALF_DYADIC: max over cells of |value - original value|, in affinity units; else 0 */
} alf_affinity;

/* Takes memory for a T×E batch of the given type; the caller writes through a->storage. grid_bits is set to
   ALF_GRID_BITS for ALF_DYADIC. Errors: ALF_EINVAL for shapes outside the limits, ALF_ENOMEM. */
alf_status alf_affinity_alloc(alf_affinity *a, alf_dtype dtype, int64_t tokens, int32_t experts, alf_error *err);

/* Releases owned memory and zeroes the struct. Safe on NULL, on a zeroed struct and on a view. */
void alf_affinity_free(alf_affinity *a);

/* Converts `in` into a freshly allocated `out` of another type, every cell rounded to the nearest, ties to even, once
   (from a grid: of values below 2^53 units).
   ALF_DYADIC, the dyadic door: to multiples of 2^-grid_bits. The grid is 2^-40, or coarser when max |value| >= 2:
   grid_bits is then the largest number for which every |value| stays below 2^41 units (before rounding, so that 2^41
   itself can occur after it). out->rounding_bound is the measured maximum. A dyadic batch is copied as it is, bound
   included: it has been through the door. ALF_FLOAT64: exact. ALF_FLOAT32: rounded unless the values were float32
   before. `in` is not looked at again afterwards. On failure *out is left untouched.
   Errors: ALF_EFORMAT naming token, expert and value for NaN or infinities; ALF_EINVAL for another dtype; ALF_ERANGE
   when |value| >= 2^100 on the way to a grid, 2^53 units on the way from one, or what float32 holds; ALF_ENOMEM. */
alf_status alf_affinity_convert(const alf_affinity *in, alf_dtype dtype, alf_affinity *out, alf_error *err);

/* The same, but `in` is freed, or rather its memory becomes that of `out`, grown or cut as needed: no two batches exist
   beside each other. Only a view is copied. On failure both are left untouched. */
alf_status alf_affinity_take(alf_affinity *in, alf_dtype dtype, alf_affinity *out, alf_error *err);

/* The affinity of token i for expert k as a double, whatever the type. */
double alf_affinity_get(const alf_affinity *a, int64_t i, int32_t k);

/* Row i of an ALF_DYADIC batch: E integers in units of 2^-grid_bits. */
static inline const int64_t *alf_affinity_row(const alf_affinity *a, int64_t i)
{
  return (const int64_t *)a->values + i * a->experts;
}

/* Checks that tokens, experts and topk make a routing problem: T >= 1 and no more than memory can address, 2 <= E <=
   ALF_MAX_EXPERTS, 1 <= K < E. Else ALF_EINVAL. */
alf_status alf_check_topk(const alf_affinity *a, int32_t topk, alf_error *err);

#endif
