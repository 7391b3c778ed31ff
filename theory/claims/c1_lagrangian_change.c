#include <math.h>

#include "judge.h"

/* Theorem 1: 𝓛^{n+1} − 𝓛^n = Σ_i b_i − Σ_k ε_k (A_k^n − L)² with b_i >= 0. An identity: in exact arithmetic both sides
   are the same integer. The margin is minus the residual, or the least benefit below 0. */
typedef struct c1_state {
  alf_form_check form;
  alf_least least;
  double worst_residual, least_benefit, misreported;
  int64_t miscounted, switches;
} c1_state;

static void observe(void *opaque, const alf_run *run, const alf_step *step, const alf_facts *facts)
{
  c1_state *s = opaque;
  double residual = fabs(facts->residual);
  alf_form_observe(&s->form, run, step, facts);
  alf_least_take(&s->least, facts->tolerance - residual, step->n);
  alf_least_take(&s->least, step->topk * facts->score_tolerance + facts->least_benefit, step->n);
  alf_least_take(&s->least, facts->score_tolerance - facts->misreported, step->n);
  if (facts->miscounted)
    alf_least_take(&s->least, -(double)facts->miscounted, step->n);
  s->worst_residual = fmax(s->worst_residual, residual);
  s->least_benefit = fmin(s->least_benefit, facts->least_benefit);
  s->misreported = fmax(s->misreported, facts->misreported);
  s->miscounted += facts->miscounted;
  s->switches += facts->switched_tokens;
}

static void finish(void *opaque, const alf_run *run, alf_claim_result *result)
{
  c1_state *s = opaque;
  alf_judge_least(result, &s->least);
  if (result->verdict == ALF_REFUTED && s->misreported > 0)
    alf_conclude(result, ALF_REFUTED, "the shift moved by up to %.3g more or less than the reported update",
                 s->misreported);
  if (result->verdict == ALF_HOLDS)
    alf_form_finish(&s->form, run, result);
  alf_add_measure(result, "residual", s->worst_residual);
  alf_add_measure(result, "least_benefit", s->least_benefit);
  alf_add_measure(result, "switched_tokens", (double)s->switches);
}

const alf_claim alf_claim_c1 = {
    .id = "C1",
    .title = "Lagrangian change is switching benefit minus squared excess",
    .citation = "Han and Zhong, arXiv:2512.03915, Theorem 1",
    .statement = "the Lagrangian changes by Σ b_i − Σ ε_k (A_k − L)², and no switching benefit b_i is negative",
    .hypotheses = "update p_k += ε_k (L − A_k) with ε_k ≥ 0; routing by Top-K of γ + p",
    .method = "residual of the identity and least b_i at every update",
    .arithmetic = "exact integers",
    .state_size = sizeof(c1_state),
    .observe = observe,
    .finish = finish,
};
