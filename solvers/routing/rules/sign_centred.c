#include "alf/rule.h"

/* The sign rule with the mean of the signs taken off, so that the common part of the shift stays where it is. Kimi's
   Moonlight (arXiv:2502.16982) and torchtitan's optimizer hook, which takes the mean of the whole step off to keep the
   mean of the bias at 0 (pytorch/torchtitan#1506). The mean of the signs is (under − over)/E exactly, so no order of
   summation enters. */
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)state;
  (void)err;
  int64_t sum = 0;
  for (int32_t k = 0; k < in->experts; k++)
    sum += alf_rule_direction(in, k);
  for (int32_t k = 0; k < in->experts; k++)
    delta[k] = in->step_size * ((double)(in->experts * alf_rule_direction(in, k) - sum) / in->experts);
  return ALF_OK;
}

const alf_rule alf_rule_sign_centred = {.name = "sign-centred",
                                        .summary = "p_k += u (sign(L - A_k) - mean of the signs)",
                                        .form = ALF_FORM_FREE,
                                        .update = update};
