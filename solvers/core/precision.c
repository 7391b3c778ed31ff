#include "alf/precision.h"

#include <math.h>
#include <stddef.h>

const char *const alf_precision_names[] = {"exact", "float32", "bfloat16", "float16", NULL};

typedef struct layout {
  int bits;    /* of the significand, with the leading one */
  int lowest;  /* the smallest positive number is 2^lowest */
  int highest; /* every number is below 2^highest */
} layout;

static const layout layouts[] = {[ALF_PRECISION_FLOAT32] = {24, -149, 128},
                                 [ALF_PRECISION_BFLOAT16] = {8, -133, 128},
                                 [ALF_PRECISION_FLOAT16] = {11, -24, 16}};

double alf_round_real(alf_precision precision, double value)
{
  if (precision == ALF_PRECISION_EXACT || !isfinite(value))
    return value;
  const layout *l = &layouts[precision];
  int exponent;
  frexp(value, &exponent);
  int last = exponent - l->bits > l->lowest ? exponent - l->bits : l->lowest;
  double rounded = ldexp(nearbyint(ldexp(value, -last)), last);
  return fabs(rounded) < ldexp(1, l->highest) ? rounded + 0.0 : copysign(INFINITY, value);
}

/* `magnitude` without its last `dropped` bits, 1..64, to nearest, ties to even. */
static uint64_t drop_bits(uint64_t magnitude, int dropped)
{
  if (dropped == 64) /* all of it, which is below 2^62: below a half */
    return 0;
  uint64_t kept = magnitude >> dropped, rest = magnitude - (kept << dropped), half = UINT64_C(1) << (dropped - 1);
  return kept + (rest > half || (rest == half && (kept & 1)));
}

bool alf_round_units(alf_precision precision, int32_t grid_bits, int64_t *units)
{
  if (precision == ALF_PRECISION_EXACT || *units == 0)
    return true;
  const layout *l = &layouts[precision];
  uint64_t magnitude = *units < 0 ? -(uint64_t)*units : (uint64_t)*units;
  int length = 64 - __builtin_clzll(magnitude), dropped = length - l->bits;
  dropped = dropped > grid_bits + l->lowest ? dropped : grid_bits + l->lowest;
  if (dropped > 64)
    dropped = 64;
  uint64_t kept = dropped > 0 ? drop_bits(magnitude, dropped) : magnitude;
  double size = ldexp((double)kept, dropped > 0 ? dropped : 0); /* exact, or far from the end of the range */
  if (!(size < ldexp(1, l->highest + grid_bits)))
    return false;
  *units = (int64_t)(*units < 0 ? -size : size);
  return true;
}
