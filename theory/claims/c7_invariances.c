#include <float.h>
#include <math.h>

#include "alf/routing.h"
#include "judge.h"

/* D(p + c·1) = D(p). A common step size keeps Σ p; the sign rule moves it by ε(#under − #over). Constant sign steps
   keep p on the lattice p^0 + uℤ^E, its differences bounded, and end in a cycle modulo a common shift, over which
   under-minus-over is the same number c for every expert and p drifts by u·c. */
typedef struct c7_state {
  alf_form_check form;
  alf_least least;
  double start;          /* max |p^0| */
  double sum_error;      /* largest deviation of the change of Σ p from what the rule's form says */
  double spread;         /* largest max p − min p */
  int64_t common_shifts; /* how often D(p + c·1) was compared with D(p) */
  int64_t unit;          /* of the lattice: constant |δ| of a sign step, grid units */
  int64_t off_lattice;   /* shifts that are no multiple of it */
} c7_state;

/* Constant sign steps from p^0 = 0 in exact arithmetic: there is a lattice, and a limit cycle. */
static bool has_lattice(const c7_state *s, const alf_run *run)
{
  return run->rule->form == ALF_FORM_SIGN && run->schedule->constant && run->exact && s->start == 0;
}

static void check_common_shift(c7_state *s, const alf_run *run, const alf_step *step)
{
  const alf_affinity *batch = run->instance->batch;
  int64_t moved[ALF_MAX_EXPERTS], common = step->n * 0x123456789 - 0x2000000000;
  for (int32_t k = 0; k < batch->experts; k++)
    moved[k] = step->shift_after.grid[k] + common;
  alf_int128 before = alf_dual_value(batch, run->instance->topk, step->shift_after.grid);
  alf_int128 after = alf_dual_value(batch, run->instance->topk, moved);
  if (after != before)
    alf_least_take(&s->least, -fabs(alf_int128_to_double(after - before, batch->grid_bits, batch->experts)), step->n);
  s->common_shifts++;
}

/* The change of Σ p: 0 up to half a grid unit and some ulps for each expert under a common step size; exactly the
   signs' sum under the sign rule. */
static void check_step_sum(c7_state *s, const alf_run *run, const alf_step *step, const alf_facts *facts)
{
  bool sign = run->rule->form == ALF_FORM_SIGN;
  double largest = 0, allowance = 0, experts = step->batch_after->experts;
  for (int32_t k = 0; k < step->batch_after->experts; k++)
    largest = fmax(largest, fabs(step->delta.real[k]));
  if (!sign || !run->exact)
    allowance = experts * (4 * DBL_EPSILON * experts * largest +
                           (run->exact ? ldexp(0.5, -step->batch_after->grid_bits) : facts->score_tolerance));
  double error = sign ? facts->sign_error : fabs(facts->step_sum);
  s->sum_error = fmax(s->sum_error, error);
  if (!has_lattice(s, run) || error > 0) /* there the margin is that of the spread */
    alf_least_take(&s->least, allowance - error, step->n);
}

/* Largest spread of p that constant sign steps from p^0 = 0 allow: E − 1 gaps of at most R + 4u (theory.md C7: a gap
   above R + 2u never grows, and one below grows by at most 2u). */
static double spread_bound(const alf_run *run, int64_t unit)
{
  const alf_instance *instance = run->instance;
  double gap = (double)instance->range + 4 * (double)unit;
  return ldexp((instance->batch->experts - 1) * gap, -instance->batch->grid_bits);
}

static void check_lattice(c7_state *s, const alf_run *run, const alf_step *step, const alf_facts *facts)
{
  if (step->n == 1)
    s->unit = (int64_t)nearbyint(ldexp(run->u, step->batch_after->grid_bits));
  for (int32_t k = 0; k < step->batch_after->experts; k++)
    s->off_lattice += step->shift_after.grid[k] % s->unit != 0;
  if (s->off_lattice)
    alf_least_take(&s->least, -(double)s->off_lattice, step->n);
  alf_least_take(&s->least, spread_bound(run, s->unit) - facts->spread, step->n);
}

static void observe(void *opaque, const alf_run *run, const alf_step *step, const alf_facts *facts)
{
  c7_state *s = opaque;
  if (step->n == 1)
    s->start = alf_largest_shift(step);
  alf_form_observe(&s->form, run, step, facts);
  if (run->exact && alf_sampled(step->n))
    check_common_shift(s, run, step);
  if (run->rule->form == ALF_FORM_SIGN || run->rule->form == ALF_FORM_PROPORTIONAL)
    check_step_sum(s, run, step, facts);
  if (has_lattice(s, run))
    check_lattice(s, run, step, facts);
  s->spread = fmax(s->spread, facts->spread);
}

/* How many experts break "under minus over is c for all, and p drifts by u·c". */
static int64_t cycle_violations(const alf_run *run, int64_t unit)
{
  int64_t violations = 0;
  for (int32_t k = 0; k < run->instance->batch->experts; k++)
    violations += run->cycle->drift != unit * run->cycle->under_minus_over[k];
  return violations;
}

static void judge_cycle(c7_state *s, const alf_run *run, alf_claim_result *result)
{
  const alf_cycle_info *cycle = run->cycle;
  if (!cycle) {
    if (result->verdict == ALF_HOLDS)
      alf_conclude(result, ALF_INCONCLUSIVE, "no limit cycle within %lld steps", (long long)result->steps);
    return;
  }
  int64_t violations = cycle_violations(run, s->unit);
  alf_add_measure(result, "cycle_start", (double)cycle->start);
  alf_add_measure(result, "cycle_length", (double)cycle->length);
  alf_add_measure(result, "cycle_drift", (double)cycle->under_minus_over[0]);
  alf_add_measure(result, "cycle_max_load", (double)cycle->max_load);
  if (violations) {
    result->margin = -(double)violations;
    alf_conclude(result, ALF_REFUTED, "under minus over differs from the drift for %lld experts",
                 (long long)violations);
  } else if (result->verdict == ALF_HOLDS) {
    alf_conclude(result, ALF_HOLDS, "cycle of length %lld from step %lld, c = %lld for every expert",
                 (long long)cycle->length, (long long)cycle->start, (long long)cycle->under_minus_over[0]);
  }
}

/* What was compared in a run that has no limit cycle, so that "holds" does not say more. */
static void name_parts(const c7_state *s, const alf_run *run, alf_claim_result *result)
{
  bool summed = run->rule->form == ALF_FORM_SIGN || run->rule->form == ALF_FORM_PROPORTIONAL;
  if (!run->exact)
    alf_conclude(result, ALF_HOLDS, "the sum of shifts at every step; the rest needs exact arithmetic");
  else
    alf_conclude(result, ALF_HOLDS, "D(p + c) = D(p) at %lld steps%s", (long long)s->common_shifts,
                 summed ? ", the sum of shifts at every step; no lattice or cycle to judge" : "; no more to judge");
}

static void finish(void *opaque, const alf_run *run, alf_claim_result *result)
{
  c7_state *s = opaque;
  bool free_form = run->rule->form == ALF_FORM_FREE || run->rule->form == ALF_FORM_SUBGRADIENT;
  if (!s->least.any && s->common_shifts) /* only D(p + c·1) = D(p) applies, and it held */
    alf_least_take(&s->least, 0, 1);
  alf_judge_least(result, &s->least);
  if (result->verdict == ALF_HOLDS)
    free_form ? alf_routing_finish(&s->form, run, result) : alf_form_finish(&s->form, run, result);
  alf_add_measure(result, "common_shifts", (double)s->common_shifts);
  alf_add_measure(result, "step_sum_error", s->sum_error);
  alf_add_measure(result, "spread", s->spread);
  if (has_lattice(s, run))
    judge_cycle(s, run, result);
  else if (result->verdict == ALF_HOLDS)
    name_parts(s, run, result);
}

const alf_claim alf_claim_c7 = {
    .id = "C7",
    .title = "Invariance under a common shift, sum of shifts, limit cycles",
    .citation = "theory.md C7",
    .statement = "D(p + c) = D(p); one ε for all experts keeps Σ p, the sign rule moves it by u (number under L "
                 "− number over L); constant sign steps keep p on a lattice and its differences bounded, and end "
                 "in a cycle in which that count, over time, is the same c for every expert, and p drifts by u c",
    .hypotheses = "ε and signs as the rule declares; lattice and cycle: sign rule, constant u, p⁰ = 0",
    .method = "D at a shifted p at updates 1, 2, 4, 8, …; Σ p, lattice and differences at every update; the "
              "cycle confirmed by its return",
    .arithmetic = "exact integers",
    .state_size = sizeof(c7_state),
    .observe = observe,
    .finish = finish,
};
