#include "routing/scores.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "alf/int128.h"
#include "core/hot.h"
#include "routing/scan.h"

enum {
  ROOM = 60,     /* bits of a score in float mode */
  FINEST = 1000, /* 2^FINEST is a double */
  COLUMNS = 8    /* experts gathered in one pass: a cache line of a row */
};

size_t alf_scores_size(int32_t experts)
{
  return ((size_t)experts + alf_scan_padded(experts)) * sizeof(int64_t);
}

/* The largest affinity, in size; infinite when one is not finite. */
static double largest_affinity(const alf_affinity *batch)
{
  int64_t cells = batch->tokens * batch->experts;
  const float *single = batch->values;
  const double *real = batch->values;
  double largest = 0;
  for (int64_t c = 0; c < cells; c++) {
    double size = fabs(batch->dtype == ALF_FLOAT32 ? (double)single[c] : real[c]);
    largest = size <= largest ? largest : size <= DBL_MAX ? size : INFINITY;
  }
  return largest;
}

static alf_status find_units(alf_scores *s, const double *shift, alf_error *err)
{
  double largest = largest_affinity(s->batch), most = 0;
  int exponent;
  if (largest > DBL_MAX)
    return alf_fail(err, ALF_EFORMAT, "batch: an affinity is not finite, expected finite numbers");
  for (int32_t k = 0; k < s->batch->experts; k++)
    most = fmax(most, fabs(shift[k]));
  frexp(fmax(largest, most), &exponent); /* both below 2^exponent */
  s->bits = ROOM - 1 - exponent < FINEST ? ROOM - 1 - exponent : FINEST;
  s->scale = ldexp(1, s->bits);
  for (int32_t k = 0; k < s->batch->experts; k++)
    s->shift[k] = (int64_t)(shift[k] * s->scale);
  return ALF_OK;
}

alf_status alf_scores_open(alf_scores *s, const alf_rule_input *in, void *memory, alf_error *err)
{
  int32_t experts = in->experts, padded = (int32_t)alf_scan_padded(experts);
  int64_t *shift = memory;
  *s = (alf_scores){.batch = in->batch, .topk = in->topk, .padded = padded, .shift = shift, .score = shift + experts};
  for (int32_t k = experts; k < padded; k++)
    s->score[k] = INT64_MIN;
  if (in->batch->dtype != ALF_DYADIC)
    return find_units(s, in->shift, err);
  s->bits = in->batch->grid_bits;
  memcpy(shift, in->grid, (size_t)experts * sizeof *shift);
  return ALF_OK;
}

/* Cell c of the batch, row-major, in units. */
ALF_INLINE int64_t cell(const alf_scores *s, int64_t c)
{
  if (s->batch->dtype == ALF_DYADIC)
    return ((const int64_t *)s->batch->values)[c];
  if (s->batch->dtype == ALF_FLOAT64)
    return (int64_t)(((const double *)s->batch->values)[c] * s->scale);
  return (int64_t)((double)((const float *)s->batch->values)[c] * s->scale);
}

alf_cut alf_scores_cut(alf_scores *s, int64_t i)
{
  int32_t experts = s->batch->experts;
  alf_cut cut;
  for (int32_t k = 0; k < experts; k++)
    s->score[k] = cell(s, i * experts + k) + s->shift[k];
  if (!alf_scan_fastest()->cut(s->score, s->padded, s->topk, &cut))
    cut = alf_cut_by_insertion(s->score, experts, s->topk);
  return cut;
}

size_t alf_scores_columns_size(int64_t tokens)
{
  return COLUMNS * (size_t)tokens * sizeof(int64_t);
}

static void gather(const alf_scores *s, const int64_t *twice, int32_t first, int32_t count, int64_t *column)
{
  int64_t tokens = s->batch->tokens;
  for (int64_t i = 0; i < tokens; i++)
    for (int32_t k = 0; k < count; k++)
      column[k * tokens + i] = twice[i] - 2 * cell(s, i * s->batch->experts + first + k);
}

void alf_scores_columns(const alf_scores *s, const int64_t *twice, void *memory, alf_column_statistic statistic,
                        const void *context, int64_t *out)
{
  int64_t *column = memory;
  for (int32_t first = 0; first < s->batch->experts; first += COLUMNS) {
    int32_t left = s->batch->experts - first, count = left < COLUMNS ? left : COLUMNS;
    gather(s, twice, first, count, column);
    for (int32_t k = 0; k < count; k++)
      out[first + k] = statistic(column + k * s->batch->tokens, s->batch->tokens, context);
  }
}

void alf_scores_centre(const alf_scores *s, const int64_t *half, double *out)
{
  int32_t experts = s->batch->experts;
  alf_int128 sum = 0;
  for (int32_t k = 0; k < experts; k++)
    sum += half[k];
  for (int32_t k = 0; k < experts; k++)
    out[k] = alf_int128_to_double((alf_int128)experts * half[k] - sum, s->bits + 1, experts);
}
