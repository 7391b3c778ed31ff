#include "alf/affinity.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALF_UNIT_BITS  41             /* the grid is chosen so that |value| < 2^41 units */
#define ALF_RANGE_BITS 100            /* |value| < 2^100 */
#define FLOAT32_LIMIT  0x1.ffffffp127 /* from here on values round to infinity */

static size_t element_size(alf_dtype dtype)
{
  return dtype == ALF_FLOAT32 ? sizeof(float) : sizeof(double);
}

/* How many the address space holds. */
static int64_t most_tokens(alf_dtype dtype, int32_t experts)
{
  return PTRDIFF_MAX / (experts * (int64_t)element_size(dtype));
}

static alf_status check_dtype(alf_dtype dtype, alf_error *err)
{
  if (dtype == ALF_FLOAT32 || dtype == ALF_FLOAT64 || dtype == ALF_DYADIC)
    return ALF_OK;
  return alf_fail(err, ALF_EINVAL, "dtype %d: expected ALF_FLOAT32, ALF_FLOAT64 or ALF_DYADIC", (int)dtype);
}

static alf_status check_tokens(int64_t tokens, int32_t experts, alf_dtype dtype, alf_error *err)
{
  if (tokens >= 1 && tokens <= most_tokens(dtype, experts))
    return ALF_OK;
  return alf_fail(err, ALF_EINVAL, "tokens %lld: expected 1..%lld with %d experts", (long long)tokens,
                  (long long)most_tokens(dtype, experts), (int)experts);
}

alf_status alf_affinity_alloc(alf_affinity *a, alf_dtype dtype, int64_t tokens, int32_t experts, alf_error *err)
{
  if (check_dtype(dtype, err) != ALF_OK)
    return ALF_EINVAL;
  if (experts < 2 || experts > ALF_MAX_EXPERTS)
    return alf_fail(err, ALF_EINVAL, "experts %d: expected 2..%d", (int)experts, ALF_MAX_EXPERTS);
  if (check_tokens(tokens, experts, dtype, err) != ALF_OK)
    return ALF_EINVAL;
  size_t bytes = (size_t)tokens * (size_t)experts * element_size(dtype);
  void *storage = malloc(bytes);
  if (!storage)
    return alf_fail_memory(err, bytes);
  *a = (alf_affinity){.dtype = dtype,
                      .tokens = tokens,
                      .experts = experts,
                      .grid_bits = dtype == ALF_DYADIC ? ALF_GRID_BITS : 0,
                      .values = storage,
                      .storage = storage};
  return ALF_OK;
}

void alf_affinity_free(alf_affinity *a)
{
  if (!a)
    return;
  free(a->storage);
  *a = (alf_affinity){0};
}

/* Element `index`, counted over the whole batch. By memcpy, because a conversion in place writes another type there. */
static double element(const alf_affinity *a, int64_t index)
{
  const char *at = (const char *)a->values + (size_t)index * element_size(a->dtype);
  float single;
  double real;
  int64_t units;
  switch (a->dtype) {
  case ALF_FLOAT32:
    memcpy(&single, at, sizeof single);
    return single;
  case ALF_FLOAT64:
    memcpy(&real, at, sizeof real);
    return real;
  default:
    memcpy(&units, at, sizeof units);
    return ldexp((double)units, -a->grid_bits);
  }
}

double alf_affinity_get(const alf_affinity *a, int64_t i, int32_t k)
{
  return element(a, i * a->experts + k);
}

static alf_status refuse_cell(const alf_affinity *in, int64_t cell, alf_status code, const char *expected, double limit,
                              alf_error *err)
{
  char bound[32] = "";
  if (code == ALF_ERANGE)
    snprintf(bound, sizeof bound, " %g", limit);
  return alf_fail(err, code, "token %lld, expert %lld: affinity %g, expected %s%s", (long long)(cell / in->experts),
                  (long long)(cell % in->experts), element(in, cell), expected, bound);
}

/* The largest |value|, after checking that all are finite and inside the range of any grid. */
static alf_status largest(const alf_affinity *in, double limit, double *maximum, alf_error *err)
{
  int64_t cells = in->tokens * in->experts;
  *maximum = 0;
  for (int64_t c = 0; c < cells; c++) {
    double magnitude = fabs(element(in, c));
    if (!isfinite(magnitude))
      return refuse_cell(in, c, ALF_EFORMAT, "a finite number", 0, err);
    if (magnitude >= limit)
      return refuse_cell(in, c, ALF_ERANGE, "a magnitude below", limit, err);
    *maximum = fmax(*maximum, magnitude);
  }
  return ALF_OK;
}

/* The grid on which the values of a batch fit 64 bits with room for sums. */
static alf_status choose_grid(const alf_affinity *in, int32_t *grid_bits, alf_error *err)
{
  double maximum;
  alf_status status = largest(in, ldexp(1, ALF_RANGE_BITS), &maximum, err);
  if (status != ALF_OK)
    return status;
  int exponent;
  frexp(maximum, &exponent);
  *grid_bits = exponent > ALF_UNIT_BITS - ALF_GRID_BITS ? ALF_UNIT_BITS - exponent : ALF_GRID_BITS;
  if (nearbyint(ldexp(maximum, *grid_bits)) >= ldexp(1, ALF_UNIT_BITS)) /* rounded up to the limit itself */
    --*grid_bits;
  return ALF_OK;
}

/* Whether all values can be of that type; grid_bits is chosen for ALF_DYADIC, else 0. */
static alf_status check_values(const alf_affinity *in, alf_dtype dtype, int32_t *grid_bits, alf_error *err)
{
  double maximum, limit = dtype == ALF_FLOAT32 ? FLOAT32_LIMIT : INFINITY;
  *grid_bits = 0;
  if (dtype == ALF_DYADIC)
    return choose_grid(in, grid_bits, err);
  if (in->dtype == ALF_DYADIC)
    limit = fmin(limit, ldexp(1, 53 - in->grid_bits));
  return largest(in, limit, &maximum, err);
}

/* Scaling by a power of two is exact here, and so is the difference to the nearest integer: the bound is measured, not
   estimated. A cell so small that the scaling leaves the normal range rounds to zero either way. */
static void quantise(const alf_affinity *in, alf_affinity *out)
{
  int64_t cells = in->tokens * in->experts;
  int64_t *units = out->storage;
  double scale = ldexp(1, out->grid_bits), worst = 0;
  for (int64_t c = cells; c-- > 0;) {
    double scaled = element(in, c) * scale;
    units[c] = llrint(scaled);
    worst = fmax(worst, fabs(scaled - (double)units[c]));
  }
  out->rounding_bound = ldexp(worst, -out->grid_bits);
}

/* Both may share their memory: a cell is read before it is written, and cells that grow are filled from the end, cells
   that shrink from the front. */
static void fill(const alf_affinity *in, alf_affinity *out)
{
  int64_t cells = in->tokens * in->experts;
  if (out->dtype == ALF_DYADIC)
    quantise(in, out);
  else if (out->dtype == ALF_FLOAT64)
    for (int64_t c = cells; c-- > 0;)
      ((double *)out->storage)[c] = element(in, c);
  else
    for (int64_t c = 0; c < cells; c++)
      ((float *)out->storage)[c] = (float)element(in, c);
}

static alf_status copy_dyadic(const alf_affinity *in, alf_affinity *out, alf_error *err)
{
  alf_status status = alf_affinity_alloc(out, ALF_DYADIC, in->tokens, in->experts, err);
  if (status != ALF_OK)
    return status;
  memcpy(out->storage, in->values, (size_t)(in->tokens * in->experts) * sizeof(int64_t));
  out->grid_bits = in->grid_bits;
  out->rounding_bound = in->rounding_bound;
  return ALF_OK;
}

alf_status alf_affinity_convert(const alf_affinity *in, alf_dtype dtype, alf_affinity *out, alf_error *err)
{
  int32_t grid_bits = 0;
  if (in->dtype == ALF_DYADIC && dtype == ALF_DYADIC)
    return copy_dyadic(in, out, err);
  alf_status status = check_dtype(dtype, err);
  if (status == ALF_OK)
    status = check_values(in, dtype, &grid_bits, err);
  if (status == ALF_OK)
    status = alf_affinity_alloc(out, dtype, in->tokens, in->experts, err);
  if (status != ALF_OK)
    return status;
  out->grid_bits = grid_bits;
  fill(in, out);
  return ALF_OK;
}

/* Gives owned memory the size that the type needs; what it holds stays. */
static alf_status resize(alf_affinity *a, alf_dtype dtype, alf_error *err)
{
  if (check_tokens(a->tokens, a->experts, dtype, err) != ALF_OK)
    return ALF_EINVAL;
  size_t bytes = (size_t)a->tokens * (size_t)a->experts * element_size(dtype);
  void *storage = realloc(a->storage, bytes);
  if (!storage)
    return alf_fail_memory(err, bytes);
  a->values = a->storage = storage;
  return ALF_OK;
}

/* A view has no memory to hand over. */
static alf_status take_view(alf_affinity *in, alf_dtype dtype, alf_affinity *out, alf_error *err)
{
  alf_status status = alf_affinity_convert(in, dtype, out, err);
  if (status == ALF_OK)
    alf_affinity_free(in);
  return status;
}

alf_status alf_affinity_take(alf_affinity *in, alf_dtype dtype, alf_affinity *out, alf_error *err)
{
  if (!in->storage)
    return take_view(in, dtype, out, err);
  bool grows = element_size(dtype) > element_size(in->dtype), shrinks = element_size(dtype) < element_size(in->dtype);
  bool door = in->dtype != ALF_DYADIC || dtype != ALF_DYADIC;
  alf_affinity taken = *in;
  alf_status status = check_dtype(dtype, err);
  if (status == ALF_OK && door)
    status = check_values(in, dtype, &taken.grid_bits, err);
  if (status == ALF_OK && grows)
    status = resize(in, dtype, err);
  if (status != ALF_OK)
    return status;
  taken.values = taken.storage = in->storage;
  taken.dtype = dtype;
  taken.rounding_bound = door ? 0 : in->rounding_bound;
  if (dtype != in->dtype)
    fill(in, &taken);
  if (shrinks)
    resize(&taken, dtype, NULL); /* else it only keeps more than it needs */
  *out = taken;
  *in = (alf_affinity){0};
  return ALF_OK;
}

alf_status alf_check_topk(const alf_affinity *a, int32_t topk, alf_error *err)
{
  if (a->experts < 2 || a->experts > ALF_MAX_EXPERTS)
    return alf_fail(err, ALF_EINVAL, "experts %d: expected 2..%d", (int)a->experts, ALF_MAX_EXPERTS);
  if (check_tokens(a->tokens, a->experts, a->dtype, err) != ALF_OK)
    return ALF_EINVAL;
  if (topk < 1 || topk >= a->experts)
    return alf_fail(err, ALF_EINVAL, "topk %d: expected 1..%d with %d experts", (int)topk, (int)a->experts - 1,
                    (int)a->experts);
  return ALF_OK;
}
