#include <math.h>

#include "data/families/family.h"

enum { FACTOR, SKEW };

static const alf_parameter parameters[] = {
    [FACTOR] = {"factor", 2, 0, 1000, 0, "what a standard normal is multiplied by"},
    [SKEW] = {"skew", 0, 0, 1000, 0, "standard deviation of a constant added for each expert"},
    {0}};

static alf_status fill(const alf_family_call *call, double *values, alf_error *err)
{
  (void)err;
  double skew[ALF_MAX_EXPERTS];
  alf_family_skew(call, call->value[SKEW], skew);
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
                                             .fill = fill};
