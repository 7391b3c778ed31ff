#include "alf/rule.h"

/* DeepSeek's auxiliary-loss-free balancing, Wang et al., arXiv:2408.15664, algorithm 1. */
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)state;
  (void)err;
  for (int32_t k = 0; k < in->experts; k++)
    delta[k] = in->step_size * alf_rule_direction(in, k);
  return ALF_OK;
}

const alf_rule alf_rule_sign = {
    .name = "sign", .summary = "p_k += u sign(L - A_k)", .form = ALF_FORM_SIGN, .update = update};
