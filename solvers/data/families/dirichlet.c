#include <gsl/gsl_randist.h>

#include "data/families/family.h"

enum { CONCENTRATION };

static const alf_parameter parameters[] = {
    [CONCENTRATION] = {"concentration", 0.5, 0.001, 1000, 0, "of every expert; small: few experts get it all"}, {0}};

static alf_status fill(const alf_family_call *call, double *values, alf_error *err)
{
  (void)err;
  double alpha[ALF_MAX_EXPERTS];
  for (int32_t k = 0; k < call->experts; k++)
    alpha[k] = call->value[CONCENTRATION];
  for (int64_t i = 0; i < call->tokens; i++) {
    alf_family_token(call, i);
    gsl_ran_dirichlet(call->rng, (size_t)call->experts, alpha, values + i * call->experts);
  }
  return ALF_OK;
}

const alf_family alf_family_dirichlet = {.name = "dirichlet",
                                         .summary = "rows that sum to 1, symmetric Dirichlet",
                                         .parameters = parameters,
                                         .fill = fill,
                                         .stationary = true};
