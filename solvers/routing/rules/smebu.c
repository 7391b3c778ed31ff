#include <math.h>

#include "alf/rule.h"

enum { KAPPA, BETA };

static const alf_parameter parameters[] = {[KAPPA] = {"kappa", 2, 0, 1e6, 0, "slope of the tanh"},
                                           [BETA] = {"beta", 0.5, 0, 1, 0, "weight of the old momentum"},
                                           {0}};

/* In units of 2^-50: sums of 4096 of them are exact in 64 bits, so that no order of summation enters. */
static int64_t soft_clamp(const alf_rule_input *in, int32_t k)
{
  double violation = (double)alf_rule_deficit(in, k) / (double)in->slots;
  return llrint(ldexp(tanh(in->value[KAPPA] * violation), 50));
}

/* Soft-clamped momentum expert bias updates of Arcee Trinity Large, arXiv:2602.17004: v_k = (L − A_k)/L, δ_k = u tanh(κ
   v_k) less the mean of these, m = β m + (1 − β) δ, p += m. No code of it was found. Summaries of the report confirm
   the order (normalised violation, tanh, centred, momentum); the momentum's weight 1 − β and κ = 2, β = 0.5 are as
   issue 4 gives them. |δ_k| < u before centring; after it, and for m, up to 2u (1 − 1/E). */
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)err;
  double *momentum = state, beta = in->value[BETA];
  int64_t sum = 0;
  for (int32_t k = 0; k < in->experts; k++) {
    int64_t clamped = soft_clamp(in, k);
    delta[k] = (double)clamped;
    sum += clamped;
  }
  double mean = (double)sum / in->experts;
  for (int32_t k = 0; k < in->experts; k++) {
    double centred = ldexp(delta[k] - mean, -50);
    momentum[k] = beta * momentum[k] + (1 - beta) * in->step_size * centred;
    delta[k] = momentum[k];
  }
  return ALF_OK;
}

const alf_rule alf_rule_smebu = {.name = "smebu",
                                 .summary = "p_k += momentum of u tanh(kappa (L - A_k) / L), centred",
                                 .form = ALF_FORM_FREE,
                                 .state_size = alf_rule_doubles,
                                 .update = update,
                                 .parameters = parameters};
