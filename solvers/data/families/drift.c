#include <gsl/gsl_math.h>
#include <math.h>

#include "data/families/family.h"

enum { SKEW, PERIOD, TEMPERATURE };

static const alf_parameter parameters[] = {
    [SKEW] = {"skew", 1, 0, 1000, 0, "standard deviation of what is added to each expert's logits"},
    [PERIOD] = {"period", 64, 1, 1e9, 0, "batches after which the skew returns"},
    [TEMPERATURE] = {"temperature", 1, 0.001, 1000, 0, "what the logits are divided by"},
    {0}};

/* Expert k gets skew·(a_k cos φ + c_k sin φ), φ = 2π batch / period: its variance is the same in every batch. */
static alf_status fill(const alf_family_call *call, double *values, alf_error *err)
{
  (void)err;
  double skew[ALF_MAX_EXPERTS];
  double angle = 2 * M_PI * fmod((double)call->batch, call->value[PERIOD]) / call->value[PERIOD];
  double cosine = call->value[SKEW] * cos(angle), sine = call->value[SKEW] * sin(angle);
  alf_family_shared(call);
  for (int32_t k = 0; k < call->experts; k++) {
    double a = alf_family_normal(call->rng), c = alf_family_normal(call->rng);
    skew[k] = a * cosine + c * sine;
  }
  alf_family_gates(call, skew, call->value[TEMPERATURE], values);
  return ALF_OK;
}

const alf_family alf_family_drift = {.name = "drift",
                                     .summary = "not stationary: softmax whose skew turns with the batch",
                                     .parameters = parameters,
                                     .fill = fill};
