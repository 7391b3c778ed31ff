#include <math.h>

#include "judge.h"

/* 𝓛 does not rise if and only if Σ b_i <= Σ ε_k (A_k − L)²; the change lies between −Σ ε_k (A_k^n − L)² and −Σ ε_k
   (A_k^n − L)(A_k^{n+1} − L), so it does not rise when no expert crosses its target; and under the sign rule when the
   swapped slots are at most Σ (A_k − L)^+, as a swapped slot gains at most 2ε. */
typedef struct c2_state {
  alf_form_check form;
  alf_least least;
  int64_t condition_failed, rises;
  double worst_rise;
} c2_state;

/* Both sides of the equivalence are computed apart; they may disagree only within the rounding of a float run. */
static void check_equivalence(c2_state *s, const alf_step *step, const alf_facts *facts)
{
  double disagreement = fabs(facts->condition + facts->change);
  if ((facts->condition >= 0) != (facts->change <= 0))
    alf_least_take(&s->least, facts->tolerance - disagreement, step->n);
}

static void check_sign_rule(c2_state *s, const alf_step *step, const alf_facts *facts)
{
  int64_t slots = facts->swapped_slots * step->batch_after->experts;
  alf_least_take(&s->least, facts->tolerance + facts->slot_slack, step->n);
  if (slots <= facts->overload)
    alf_least_take(&s->least, facts->tolerance - facts->change, step->n);
}

static void observe(void *opaque, const alf_run *run, const alf_step *step, const alf_facts *facts)
{
  c2_state *s = opaque;
  alf_form_observe(&s->form, run, step, facts);
  check_equivalence(s, step, facts);
  alf_least_take(&s->least, facts->tolerance + facts->lower_slack, step->n);
  alf_least_take(&s->least, facts->tolerance + facts->upper_slack, step->n);
  if (facts->crossings == 0 && facts->wrong_way == 0)
    alf_least_take(&s->least, facts->tolerance - facts->change, step->n);
  if (run->rule->form == ALF_FORM_SIGN && facts->wrong_way == 0)
    check_sign_rule(s, step, facts);
  if (run->falsehood && run->falsehood->unconditional)
    alf_least_take(&s->least, facts->tolerance - facts->change, step->n);
  s->condition_failed += facts->condition < 0;
  s->rises += facts->change > 0;
  s->worst_rise = fmax(s->worst_rise, facts->change);
}

static void finish(void *opaque, const alf_run *run, alf_claim_result *result)
{
  c2_state *s = opaque;
  alf_judge_least(result, &s->least);
  if (result->verdict == ALF_HOLDS)
    alf_form_finish(&s->form, run, result);
  alf_add_measure(result, "steps_condition_failed", (double)s->condition_failed);
  alf_add_measure(result, "steps_lagrangian_rose", (double)s->rises);
  alf_add_measure(result, "largest_rise", s->worst_rise);
}

const alf_claim alf_claim_c2 = {
    .id = "C2",
    .title = "Lagrangian falls exactly when the benefit is at most the squared excess",
    .citation = "Han and Zhong, arXiv:2512.03915, after Theorem 1; sandwich derived in theory.md C2",
    .statement = "it does not rise if and only if Σ b_i ≤ Σ ε_k (A_k − L)²; its change lies between −Σ ε_k (A_k "
                 "− L)² and −Σ ε_k (A_k − L)(A_k' − L), A' the loads after the update; so it does not rise where "
                 "no expert crosses L, nor under the sign rule where at most Σ (A_k − L)⁺ slots are swapped",
    .hypotheses = "as C1",
    .method = "both sides of the equivalence, computed apart, and both bounds at every update",
    .arithmetic = "exact integers",
    .state_size = sizeof(c2_state),
    .observe = observe,
    .finish = finish,
};

const alf_claim alf_claim_c2_unconditional = {
    .id = "C2-unconditional",
    .title = "False: the Lagrangian falls whatever the step",
    .citation = "C2 without its condition",
    .falsehood = &(const alf_falsehood){.unconditional = true},
    .state_size = sizeof(c2_state),
    .observe = observe,
    .finish = finish,
};
