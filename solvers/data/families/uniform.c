#include "data/families/family.h"

static const alf_parameter parameters[] = {{0}};

static alf_status fill(const alf_family_call *call, double *values, alf_error *err)
{
  (void)err;
  for (int64_t i = 0; i < call->tokens; i++) {
    alf_family_token(call, i);
    for (int32_t k = 0; k < call->experts; k++)
      *values++ = gsl_rng_uniform(call->rng);
  }
  return ALF_OK;
}

static void own(const alf_family_call *call, double *own)
{
  for (int32_t k = 0; k < call->experts; k++)
    own[k] = 0;
}

static alf_marginal marginal(const double *value, double own, double v)
{
  (void)value;
  (void)own;
  return (alf_marginal){1, 1 - v};
}

const alf_family alf_family_uniform = {.name = "uniform",
                                       .summary = "independent, uniform in [0, 1)",
                                       .parameters = parameters,
                                       .fill = fill,
                                       .stationary = true,
                                       .own = own,
                                       .marginal = marginal};
