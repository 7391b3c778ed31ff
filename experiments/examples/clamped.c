/* A rule in a file of its own:
     gcc -shared -fPIC -O2 -I solvers/include experiments/examples/clamped.c -o clamped.so
     ./alflab verify --rule ./clamped.so[limit=3] */
#include "alf/rule.h"

static const alf_parameter parameters[] = {{"limit", 5, 0, 1e9, 0, "a step is at most limit u"}, {0}};

/* Moves an expert by u for every tenth of L that it is off target. */
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  double limit = in->value[0];
  for (int32_t k = 0; k < in->experts; k++) {
    double tenths = 10 * (double)alf_rule_deficit(in, k) / (double)in->slots;
    delta[k] = in->step_size * (tenths > limit ? limit : tenths < -limit ? -limit : tenths);
  }
  (void)state;
  (void)err;
  return ALF_OK;
}

static const alf_rule clamped = {.name = "clamped",
                                 .summary = "p_k += u clamp(10 (L - A_k) / L, limit)",
                                 .form = ALF_FORM_SUBGRADIENT,
                                 .update = update,
                                 .parameters = parameters};

ALF_EXPORT_RULE(clamped);
