#include <math.h>

#include "alf/rule.h"

static const alf_parameter parameters[] = {{"delta", 0, 0, 1e9, 0, "added to the root of the sum of squares"}, {0}};

/* Diagonal AdaGrad (Duchi, Hazan and Singer, JMLR 12, 2011, H = δ I + diag(G)^(1/2)) on D/L: with v_k = (L − A_k)/L and
   G_k the sum of its squares so far, p_k += u v_k / (δ + sqrt(G_k)). The first step is u sign(v_k) when δ is 0. Of
   Theorem 1's form, with an ε_k for each expert. */
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)err;
  double *squares = state, slots = (double)in->slots;
  for (int32_t k = 0; k < in->experts; k++) {
    double violation = (double)alf_rule_deficit(in, k) / slots;
    squares[k] += violation * violation;
    delta[k] = violation == 0 ? 0 : in->step_size * (violation / (in->value[0] + sqrt(squares[k])));
  }
  return ALF_OK;
}

const alf_rule alf_rule_adagrad = {.name = "adagrad",
                                   .summary = "p_k += u v_k / (delta + root of the sum of v_k^2), v_k = (L - A_k) / L",
                                   .form = ALF_FORM_SUBGRADIENT,
                                   .state_size = alf_rule_doubles,
                                   .update = update,
                                   .parameters = parameters};
