#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>

#include "data/families/family.h"

enum { FACTOR, SKEW };

static const alf_parameter parameters[] = {
    [FACTOR] = {"factor", 2, 0, 1000, 0, "what a standard normal is multiplied by"},
    [SKEW] = {"skew", 0, 0, 1000, 0, "standard deviation of a constant added for each expert"},
    {0}};

static void own(const alf_family_call *call, double *skew)
{
  alf_family_skew(call, call->value[SKEW], skew);
}

/* With x = logit(v), γ > v when the normal exceeds (x − skew)/factor; dx/dv = 1/(v (1 − v)). */
static alf_marginal marginal(const double *value, double skew, double v)
{
  double normal = (log(v / (1 - v)) - skew) / value[FACTOR];
  return (alf_marginal){gsl_ran_ugaussian_pdf(normal) / (value[FACTOR] * v * (1 - v)), gsl_cdf_ugaussian_Q(normal)};
}

static alf_status fill(const alf_family_call *call, double *values, alf_error *err)
{
  (void)err;
  double skew[ALF_MAX_EXPERTS];
  own(call, skew);
  for (int64_t i = 0; i < call->tokens; i++) {
    alf_family_token(call, i);
    for (int32_t k = 0; k < call->experts; k++)
      *values++ = 1 / (1 + exp(-(call->value[FACTOR] * alf_family_normal(call->rng) + skew[k])));
  }
  return ALF_OK;
}

const alf_family alf_family_gauss_sigmoid = {.name = "gauss_sigmoid",
                                             .summary = "sigmoid of factor times a standard normal, plus skew",
                                             .parameters = parameters,
                                             .fill = fill,
                                             .stationary = true,
                                             .own = own,
                                             .marginal = marginal};
