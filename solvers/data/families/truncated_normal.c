#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>

#include "data/families/family.h"

enum { MEAN, SD, SKEW };

static const alf_parameter parameters[] = {
    [MEAN] = {"mean", 0.5, -1, 2, 0, "of the normal, before what lies outside [0, 1] is left out"},
    [SD] = {"sd", 0.2, 0.01, 100, 0, "its standard deviation"},
    [SKEW] = {"skew", 0, 0, 0.5, 0, "standard deviation of a constant added to each expert's mean"},
    {0}};

/* The mean of each expert; near enough to [0, 1] that something of it is left. */
static void own(const alf_family_call *call, double *mean)
{
  double reach = 5 * call->value[SD];
  alf_family_skew(call, call->value[SKEW], mean);
  for (int32_t k = 0; k < call->experts; k++)
    mean[k] = fmin(fmax(call->value[MEAN] + mean[k], -reach), 1 + reach);
}

/* Normal probabilities on [0, 1]: what is left of the whole, and above v. */
static alf_marginal marginal(const double *value, double mean, double v)
{
  double sd = value[SD], end = gsl_cdf_ugaussian_Q((1 - mean) / sd), left = gsl_cdf_ugaussian_Q(-mean / sd) - end;
  double normal = (v - mean) / sd;
  return (alf_marginal){gsl_ran_ugaussian_pdf(normal) / (sd * left), (gsl_cdf_ugaussian_Q(normal) - end) / left};
}

/* By the inverse of the distribution function; rounding may leave [0, 1] by an ulp. `low` and `high` are those of its
   ends. */
static double draw(const alf_family_call *call, double mean, double low, double high)
{
  double share = low + (high - low) * gsl_rng_uniform_pos(call->rng);
  return fmin(fmax(mean + call->value[SD] * gsl_cdf_ugaussian_Pinv(share), 0), 1);
}

static alf_status fill(const alf_family_call *call, double *values, alf_error *err)
{
  (void)err;
  double mean[ALF_MAX_EXPERTS], low[ALF_MAX_EXPERTS], high[ALF_MAX_EXPERTS];
  own(call, mean);
  for (int32_t k = 0; k < call->experts; k++) {
    low[k] = gsl_cdf_ugaussian_P(-mean[k] / call->value[SD]);
    high[k] = gsl_cdf_ugaussian_P((1 - mean[k]) / call->value[SD]);
  }
  for (int64_t i = 0; i < call->tokens; i++) {
    alf_family_token(call, i);
    for (int32_t k = 0; k < call->experts; k++)
      *values++ = draw(call, mean[k], low[k], high[k]);
  }
  return ALF_OK;
}

const alf_family alf_family_truncated_normal = {.name = "truncated_normal",
                                                .summary = "independent, normal within [0, 1]",
                                                .parameters = parameters,
                                                .fill = fill,
                                                .stationary = true,
                                                .own = own,
                                                .marginal = marginal};
