#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>

#include "data/families/family.h"

enum { A, B, SKEW };

static const alf_parameter parameters[] = {
    [A] = {"a", 2, 1, 1000, 0, "first shape parameter"},
    [B] = {"b", 2, 1, 1000, 0, "second shape parameter"},
    [SKEW] = {"skew", 0, 0, 10, 0, "standard deviation of a constant added to the logarithm of each expert's a"},
    {0}};

/* The first shape parameter of each expert; at least 1, so that densities are bounded. */
static void own(const alf_family_call *call, double *a)
{
  alf_family_skew(call, call->value[SKEW], a);
  for (int32_t k = 0; k < call->experts; k++)
    a[k] = fmax(1, call->value[A] * exp(a[k]));
}

static alf_marginal marginal(const double *value, double a, double v)
{
  return (alf_marginal){gsl_ran_beta_pdf(v, a, value[B]), gsl_cdf_beta_Q(v, a, value[B])};
}

static alf_status fill(const alf_family_call *call, double *values, alf_error *err)
{
  (void)err;
  double a[ALF_MAX_EXPERTS];
  own(call, a);
  for (int64_t i = 0; i < call->tokens; i++) {
    alf_family_token(call, i);
    for (int32_t k = 0; k < call->experts; k++)
      *values++ = gsl_ran_beta(call->rng, a[k], call->value[B]);
  }
  return ALF_OK;
}

const alf_family alf_family_beta = {.name = "beta",
                                    .summary = "independent, Beta(a_k, b)",
                                    .parameters = parameters,
                                    .fill = fill,
                                    .stationary = true,
                                    .own = own,
                                    .marginal = marginal};
