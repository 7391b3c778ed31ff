#include "alf/rule.h"

/* The subgradient step of Han and Zhong, arXiv:2512.03915, with one step size for all experts. The numerators are
   exact, so the sums of the steps vanish up to one rounding of each. */
static alf_status update_slots(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)state;
  (void)err;
  for (int32_t k = 0; k < in->experts; k++)
    delta[k] = in->step_size * ((double)alf_rule_deficit(in, k) / in->experts);
  return ALF_OK;
}

static alf_status update_fractions(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)state;
  (void)err;
  double slots = (double)in->slots;
  for (int32_t k = 0; k < in->experts; k++)
    delta[k] = in->step_size * ((double)alf_rule_deficit(in, k) / (in->experts * slots));
  return ALF_OK;
}

const alf_rule alf_rule_proportional = {.name = "proportional",
                                        .summary = "p_k += u (L - A_k), loads in slots",
                                        .form = ALF_FORM_PROPORTIONAL,
                                        .update = update_slots};
const alf_rule alf_rule_proportional_fraction = {.name = "proportional-fraction",
                                                 .summary =
                                                     "p_k += u (L - A_k) / (K T), loads as fractions of all slots",
                                                 .form = ALF_FORM_PROPORTIONAL,
                                                 .update = update_fractions,
                                                 .fractions = true};
