#include "alf/affinity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALF_UNIT_BITS  41  /* the grid is chosen so that |value| < 2^41 units */
#define ALF_RANGE_BITS 100 /* |value| < 2^100 */

static size_t element_size(alf_dtype dtype)
{
  return dtype == ALF_FLOAT32 ? sizeof(float) : sizeof(double);
}

/* How many the address space holds. */
static int64_t most_tokens(alf_dtype dtype, int32_t experts)
{
  return PTRDIFF_MAX / (experts * (int64_t)element_size(dtype));
}

alf_status alf_affinity_alloc(alf_affinity *a, alf_dtype dtype, int64_t tokens, int32_t experts, alf_error *err)
{
  if (dtype != ALF_FLOAT32 && dtype != ALF_FLOAT64 && dtype != ALF_DYADIC)
    return alf_fail(err, ALF_EINVAL, "dtype %d: expected ALF_FLOAT32, ALF_FLOAT64 or ALF_DYADIC", (int)dtype);
  if (experts < 2 || experts > ALF_MAX_EXPERTS)
    return alf_fail(err, ALF_EINVAL, "experts %d: expected 2..%d", (int)experts, ALF_MAX_EXPERTS);
  if (tokens < 1 || tokens > most_tokens(dtype, experts))
    return alf_fail(err, ALF_EINVAL, "tokens %lld: expected 1..%lld with %d experts", (long long)tokens,
                    (long long)most_tokens(dtype, experts), (int)experts);
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

/* Element `index`, counted over the whole batch. */
static double element(const alf_affinity *a, int64_t index)
{
  switch (a->dtype) {
  case ALF_FLOAT32:
    return ((const float *)a->values)[index];
  case ALF_FLOAT64:
    return ((const double *)a->values)[index];
  default:
    return ldexp((double)((const int64_t *)a->values)[index], -a->grid_bits);
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

/* Scaling by a power of two is exact here, and so is the difference to the nearest integer: the bound is measured, not
   estimated. A cell so small that the scaling leaves the normal range rounds to zero either way. */
static void quantise(const alf_affinity *in, alf_affinity *out)
{
  int64_t cells = in->tokens * in->experts;
  int64_t *units = out->storage;
  double scale = ldexp(1, out->grid_bits), worst = 0;
  for (int64_t c = 0; c < cells; c++) {
    double scaled = element(in, c) * scale;
    units[c] = llrint(scaled);
    worst = fmax(worst, fabs(scaled - (double)units[c]));
  }
  out->rounding_bound = ldexp(worst, -out->grid_bits);
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

static alf_status to_dyadic(const alf_affinity *in, alf_affinity *out, alf_error *err)
{
  int32_t grid_bits;
  alf_status status = choose_grid(in, &grid_bits, err);
  if (status == ALF_OK)
    status = alf_affinity_alloc(out, ALF_DYADIC, in->tokens, in->experts, err);
  if (status != ALF_OK)
    return status;
  out->grid_bits = grid_bits;
  quantise(in, out);
  return ALF_OK;
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

static alf_status to_float64(const alf_affinity *in, alf_affinity *out, alf_error *err)
{
  double maximum;
  double limit = in->dtype == ALF_DYADIC ? ldexp(1, 53 - in->grid_bits) : INFINITY;
  alf_status status = largest(in, limit, &maximum, err);
  if (status == ALF_OK)
    status = alf_affinity_alloc(out, ALF_FLOAT64, in->tokens, in->experts, err);
  if (status != ALF_OK)
    return status;
  double *values = out->storage;
  for (int64_t c = 0; c < in->tokens * in->experts; c++)
    values[c] = element(in, c);
  return ALF_OK;
}

alf_status alf_affinity_convert(const alf_affinity *in, alf_dtype dtype, alf_affinity *out, alf_error *err)
{
  if (dtype == ALF_FLOAT64)
    return to_float64(in, out, err);
  if (dtype != ALF_DYADIC)
    return alf_fail(err, ALF_EINVAL, "dtype %d: expected ALF_DYADIC or ALF_FLOAT64", (int)dtype);
  return in->dtype == ALF_DYADIC ? copy_dyadic(in, out, err) : to_dyadic(in, out, err);
}

/* A cell is read before it is written. */
static alf_status to_dyadic_in_place(alf_affinity *in, alf_affinity *out, alf_error *err)
{
  alf_affinity taken = *in;
  alf_status status = choose_grid(in, &taken.grid_bits, err);
  if (status != ALF_OK)
    return status;
  taken.dtype = ALF_DYADIC;
  quantise(in, &taken);
  *out = taken;
  *in = (alf_affinity){0};
  return ALF_OK;
}

alf_status alf_affinity_take(alf_affinity *in, alf_dtype dtype, alf_affinity *out, alf_error *err)
{
  if (in->storage && in->dtype == ALF_FLOAT64 && dtype == ALF_DYADIC)
    return to_dyadic_in_place(in, out, err);
  alf_status status = alf_affinity_convert(in, dtype, out, err);
  if (status == ALF_OK)
    alf_affinity_free(in);
  return status;
}

alf_status alf_check_topk(const alf_affinity *a, int32_t topk, alf_error *err)
{
  if (a->experts < 2 || a->experts > ALF_MAX_EXPERTS)
    return alf_fail(err, ALF_EINVAL, "experts %d: expected 2..%d", (int)a->experts, ALF_MAX_EXPERTS);
  if (a->tokens < 1 || a->tokens > most_tokens(a->dtype, a->experts))
    return alf_fail(err, ALF_EINVAL, "tokens %lld: expected 1..%lld with %d experts", (long long)a->tokens,
                    (long long)most_tokens(a->dtype, a->experts), (int)a->experts);
  if (topk < 1 || topk >= a->experts)
    return alf_fail(err, ALF_EINVAL, "topk %d: expected 1..%d with %d experts", (int)topk, (int)a->experts - 1,
                    (int)a->experts);
  return ALF_OK;
}
