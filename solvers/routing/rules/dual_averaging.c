#include <math.h>

#include "alf/rule.h"

static const alf_parameter parameters[] = {
    {"gamma", 1, 1e-9, 1e9, 0, "the regulariser ||p - p^0||^2 / 2 has weight gamma sqrt(n)"}, {0}};

/* Σ and p^0, E each, and whether p^0 was seen. */
static size_t state_size(const alf_rule_shape *shape)
{
  return (2 * (size_t)shape->experts + 1) * sizeof(double);
}

/* Nesterov's dual averaging (Primal-dual subgradient methods for convex problems, Mathematical Programming 120, 2009)
   with weights u_m = u·factor(m) and the prox function ‖p − p^0‖²/2, on D/L, of which (A − L)/L is a subgradient:
   p^{n+1} minimises Σ_{m<=n} u_m ⟨(A^m − L)/L, p⟩ + γ √n ‖p − p^0‖²/2, so p^{n+1} = p^0 + Σ_{m<=n} u_m (L − A^m)/L /
   (γ √n). With constant u this is Xiao's regularised dual averaging (JMLR 11, 2010) with β_n = (γ/u) √n and no
   regulariser besides. */
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)err;
  double *sum = state, *start = sum + in->experts, *started = start + in->experts;
  double weight = in->value[0] * sqrt((double)in->n), slots = (double)in->slots;
  for (int32_t k = 0; k < in->experts; k++) {
    if (*started == 0)
      start[k] = in->shift[k];
    sum[k] += in->step_size * ((double)alf_rule_deficit(in, k) / slots);
    delta[k] = start[k] + sum[k] / weight - in->shift[k];
  }
  *started = 1;
  return ALF_OK;
}

const alf_rule alf_rule_dual_averaging = {.name = "dual-averaging",
                                          .summary = "p_k = p^0_k + sum of u (L - A_k) / L, over gamma sqrt(n)",
                                          .form = ALF_FORM_FREE,
                                          .state_size = state_size,
                                          .update = update,
                                          .timed = true,
                                          .parameters = parameters};
