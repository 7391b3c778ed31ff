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

const alf_family alf_family_uniform = {
    .name = "uniform", .summary = "independent, uniform in [0, 1)", .parameters = parameters, .fill = fill};
