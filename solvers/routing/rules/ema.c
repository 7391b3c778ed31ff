#include <math.h>

#include "alf/rule.h"

enum { DECAY, LIMIT };

static const alf_parameter parameters[] = {[DECAY] = {"decay", 0.9, 0, 1, 0, "weight of the old average of the loads"},
                                           [LIMIT] = {"limit", 2, 0, 1e9, 0, "p_k is clamped to +-limit; 0: no clamp"},
                                           {0}};

/* axolotl's aux_free_router plugin (axolotl-ai-cloud/axolotl, integrations/aux_free_router/core.py): a moving average
   a_k of the load fractions f_k = A_k/(K T), from 0 and without bias correction; p_k += u (1/E − a_k), less the mean of
   these steps; clamp. Its rate u is 0.01. The mean step follows from Σ f = 1: what is left of it is u times the same
   moving average of 1/E − f_k, which is kept here, so that no order of summation enters. */
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)err;
  double *average = state, slots = (double)in->slots;
  double decay = in->value[DECAY], limit = in->value[LIMIT] > 0 ? in->value[LIMIT] : INFINITY;
  for (int32_t k = 0; k < in->experts; k++) {
    double deficit = (double)alf_rule_deficit(in, k) / (in->experts * slots);
    average[k] = decay * average[k] + (1 - decay) * deficit;
    double moved = in->shift[k] + in->step_size * average[k];
    delta[k] = fmin(fmax(moved, -limit), limit) - in->shift[k];
  }
  return ALF_OK;
}

const alf_rule alf_rule_ema = {.name = "ema",
                               .summary = "p_k += u (1/E - moving average of A_k / (K T)), centred and clamped",
                               .form = ALF_FORM_FREE,
                               .state_size = alf_rule_doubles,
                               .update = update,
                               .u = 0.01,
                               .anchored = true,
                               .parameters = parameters};
