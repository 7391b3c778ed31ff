#include "data/families/family.h"

#include <gsl/gsl_randist.h>
#include <math.h>

double alf_family_normal(gsl_rng *rng)
{
  return gsl_ran_gaussian_ratio_method(rng, 1);
}

void alf_family_token(const alf_family_call *call, int64_t i)
{
  alf_rng_stream(call->rng, call->seed, (uint64_t)call->batch, (uint64_t)i);
}

void alf_family_shared(const alf_family_call *call)
{
  alf_rng_stream(call->rng, call->seed, 0, ALF_RNG_SHARED);
}

void alf_family_skew(const alf_family_call *call, double scale, double *skew)
{
  alf_family_shared(call);
  for (int32_t k = 0; k < call->experts; k++)
    skew[k] = scale * alf_family_normal(call->rng);
}

/* The largest logit is taken off first, so that exp cannot overflow and the sum is at least 1. */
void alf_family_gate_row(double *row, int32_t experts)
{
  double largest = row[0], sum = 0;
  for (int32_t k = 1; k < experts; k++)
    largest = fmax(largest, row[k]);
  for (int32_t k = 0; k < experts; k++) {
    row[k] = exp(row[k] - largest);
    sum += row[k];
  }
  for (int32_t k = 0; k < experts; k++)
    row[k] /= sum;
}

void alf_family_gates(const alf_family_call *call, const double *skew, double temperature, double *values)
{
  for (int64_t i = 0; i < call->tokens; i++) {
    double *row = values + i * call->experts;
    alf_family_token(call, i);
    for (int32_t k = 0; k < call->experts; k++)
      row[k] = (alf_family_normal(call->rng) + skew[k]) / temperature;
    alf_family_gate_row(row, call->experts);
  }
}
