#include "data/families/family.h"

#include <gsl/gsl_randist.h>
#include <math.h>

double alf_family_normal(gsl_rng *rng)
{
  return gsl_ran_gaussian_ratio_method(rng, 1);
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

void alf_family_softmax(double *row, int32_t experts)
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
