#include <math.h>

#include "judge.h"

/* When k leaves and k' enters a token's set, 0 <= (γ_ik + p_k) − (γ_ik' + p_k') <= δ_k' − δ_k at the old shift. With
   one ε for all experts the token moves to a less loaded expert; under the sign rule only over -> balanced, over ->
   under and balanced -> under. */
typedef struct c3_state {
  alf_form_check form;
  alf_least least;
  int64_t moves[3][3];
  int64_t against; /* moves in a direction that the claim excludes */
} c3_state;

static int64_t excluded_moves(const alf_run *run, const alf_facts *facts)
{
  if (run->rule->form == ALF_FORM_PROPORTIONAL || (run->falsehood && run->falsehood->any_rule))
    return facts->uphill_moves;
  int64_t excluded = 0;
  for (int from = ALF_UNDER; from <= ALF_OVER; from++)
    for (int to = from; to <= ALF_OVER; to++)
      excluded += facts->moves[from][to];
  return run->rule->form == ALF_FORM_SIGN ? excluded : 0;
}

/* In a float run two scores that differ by less than their rounding may change places though both experts move by the
   same step. Moves in an excluded direction then count by the margins alone: margin and slack add up to δ_k' − δ_k, so
   that one of them is negative beyond rounding whenever the direction is wrong beyond rounding. */
static void observe(void *opaque, const alf_run *run, const alf_step *step, const alf_facts *facts)
{
  c3_state *s = opaque;
  int64_t excluded = excluded_moves(run, facts);
  alf_form_observe(&s->form, run, step, facts);
  if (facts->switched_tokens) {
    alf_least_take(&s->least, facts->score_tolerance + facts->least_margin, step->n);
    alf_least_take(&s->least, facts->score_tolerance + facts->least_slack, step->n);
  }
  if (excluded && run->exact)
    alf_least_take(&s->least, -(double)excluded, step->n);
  s->against += excluded;
  for (int from = ALF_UNDER; from <= ALF_OVER; from++)
    for (int to = ALF_UNDER; to <= ALF_OVER; to++)
      s->moves[from][to] += facts->moves[from][to];
}

static int64_t all_moves(const c3_state *s)
{
  int64_t sum = 0;
  for (int from = ALF_UNDER; from <= ALF_OVER; from++)
    for (int to = ALF_UNDER; to <= ALF_OVER; to++)
      sum += s->moves[from][to];
  return sum;
}

static void finish(void *opaque, const alf_run *run, alf_claim_result *result)
{
  c3_state *s = opaque;
  int64_t moves = all_moves(s);
  alf_judge_least(result, &s->least);
  if (!s->least.any && result->steps > 0)
    alf_conclude(result, ALF_HOLDS, "nothing to check: no token switched in %lld steps", (long long)result->steps);
  if (s->against && run->exact)
    alf_conclude(result, ALF_REFUTED, "%lld moves not from a more to a less loaded expert", (long long)s->against);
  if (result->verdict == ALF_HOLDS)
    alf_form_finish(&s->form, run, result);
  alf_add_measure(result, "moves", (double)moves);
  alf_add_measure(result, "over_to_under", (double)s->moves[ALF_OVER][ALF_UNDER]);
  alf_add_measure(result, "over_to_balanced", (double)s->moves[ALF_OVER][ALF_BALANCED]);
  alf_add_measure(result, "balanced_to_under", (double)s->moves[ALF_BALANCED][ALF_UNDER]);
  alf_add_measure(result, "moves_against", (double)s->against);
}

const alf_claim alf_claim_c3 = {
    .id = "C3",
    .title = "Tokens move from more to less loaded experts, by a bounded margin",
    .citation = "Han and Zhong, arXiv:2512.03915, preference rule; theory.md C3",
    .statement = "a token that leaves k for k' had 0 ≤ (γ_ik + p_k) − (γ_ik' + p_k') ≤ δ_k' − δ_k; with one ε it "
                 "goes to a less loaded expert; under the sign rule only from over L to L or under, or from L to "
                 "under",
    .hypotheses = "as C1",
    .method = "both ends of the margin and the direction, of every expert left and entered by a token at every "
              "update",
    .arithmetic = "exact integers",
    .state_size = sizeof(c3_state),
    .observe = observe,
    .finish = finish,
};

const alf_claim alf_claim_c3_any_rule = {
    .id = "C3-any-rule",
    .title = "False: tokens move to less loaded experts under any rule",
    .citation = "C3 without its hypothesis on the form of the step",
    .falsehood = &(const alf_falsehood){.any_rule = true},
    .state_size = sizeof(c3_state),
    .observe = observe,
    .finish = finish,
};
