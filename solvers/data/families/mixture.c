#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdbool.h>

#include "data/families/family.h"

enum { WEIGHT, SKEW, SHAPE };

static const alf_parameter parameters[] = {
    [WEIGHT] = {"weight", 0.2, 0, 1, 0, "share of tokens that want an expert: the upper part of the mixture"},
    [SKEW] = {"skew", 1, 0, 10, 0, "standard deviation of a constant added to the logit of each expert's share"},
    [SHAPE] = {"shape", 3, 1, 1000, 0, "the parts are Beta(2 shape, shape) and Beta(shape, 2 shape)"},
    {0}};

/* The share of each expert. */
static void own(const alf_family_call *call, double *share)
{
  double weight = call->value[WEIGHT];
  alf_family_skew(call, call->value[SKEW], share);
  for (int32_t k = 0; k < call->experts; k++)
    share[k] = weight <= 0 || weight >= 1 ? weight : 1 / (1 + (1 - weight) / weight * exp(-share[k]));
}

static alf_marginal marginal(const double *value, double share, double v)
{
  double a = value[SHAPE], b = 2 * a;
  return (alf_marginal){share * gsl_ran_beta_pdf(v, b, a) + (1 - share) * gsl_ran_beta_pdf(v, a, b),
                        share * gsl_cdf_beta_Q(v, b, a) + (1 - share) * gsl_cdf_beta_Q(v, a, b)};
}

static double draw(const alf_family_call *call, double share)
{
  double a = call->value[SHAPE], b = 2 * a;
  bool upper = gsl_rng_uniform(call->rng) < share;
  return upper ? gsl_ran_beta(call->rng, b, a) : gsl_ran_beta(call->rng, a, b);
}

static alf_status fill(const alf_family_call *call, double *values, alf_error *err)
{
  (void)err;
  double share[ALF_MAX_EXPERTS];
  own(call, share);
  for (int64_t i = 0; i < call->tokens; i++) {
    alf_family_token(call, i);
    for (int32_t k = 0; k < call->experts; k++)
      *values++ = draw(call, share[k]);
  }
  return ALF_OK;
}

const alf_family alf_family_mixture = {.name = "mixture",
                                       .summary = "independent, a mixture of two Beta for each expert",
                                       .parameters = parameters,
                                       .fill = fill,
                                       .stationary = true,
                                       .own = own,
                                       .marginal = marginal};
