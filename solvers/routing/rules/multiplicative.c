#include "alf/rule.h"

/* Biases that multiply, from the ablations of Wang et al., arXiv:2408.15664: experts are chosen by γ b, and b, which
   begins at 1, moves as the sign rule's shift does. Here b = 1 + p. */
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)state;
  (void)err;
  for (int32_t k = 0; k < in->experts; k++)
    delta[k] = in->step_size * alf_rule_direction(in, k);
  return ALF_OK;
}

const alf_rule alf_rule_multiplicative = {.name = "multiplicative",
                                          .summary =
                                              "p_k += u sign(L - A_k), and experts are chosen by affinity (1 + p_k)",
                                          .form = ALF_FORM_FREE,
                                          .update = update,
                                          .combine = ALF_MULTIPLY,
                                          .anchored = true,
                                          .absolute = true};
