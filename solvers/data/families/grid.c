#include "data/families/family.h"

enum { LEVELS };

static const alf_parameter parameters[] = {
    [LEVELS] = {"levels", 8, 1, 1 << 20, 1, "how many different values there are"}, {0}};

static alf_status fill(const alf_family_call *call, double *values, alf_error *err)
{
  (void)err;
  unsigned long levels = (unsigned long)call->value[LEVELS];
  for (int64_t i = 0; i < call->tokens; i++) {
    alf_family_token(call, i);
    for (int32_t k = 0; k < call->experts; k++)
      *values++ = (double)gsl_rng_uniform_int(call->rng, levels) / (double)levels;
  }
  return ALF_OK;
}

const alf_family alf_family_grid = {.name = "grid",
                                    .summary = "independent, uniform on 0, 1/levels, …: many exact ties",
                                    .parameters = parameters,
                                    .fill = fill,
                                    .stationary = true};
