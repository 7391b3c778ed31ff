#include "judge.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const verdict_names[] = {[ALF_HOLDS] = "holds",
                                            [ALF_REFUTED] = "refuted",
                                            [ALF_HYPOTHESIS_NOT_MET] = "hypothesis not met",
                                            [ALF_INCONCLUSIVE] = "inconclusive"};

const char *alf_verdict_name(alf_verdict verdict)
{
  return verdict_names[verdict];
}

void alf_least_take(alf_least *least, double margin, int64_t step)
{
  if (!least->any || margin < least->value)
    *least = (alf_least){true, margin + 0.0, step}; /* never -0 */
}

void alf_conclude(alf_claim_result *result, alf_verdict verdict, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  result->verdict = verdict;
  vsnprintf(result->reason, sizeof result->reason, format, arguments);
  va_end(arguments);
}

void alf_judge_least(alf_claim_result *result, const alf_least *least)
{
  result->margin = least->any ? least->value : NAN;
  result->worst_step = least->any ? least->step : 0;
  if (!least->any)
    alf_conclude(result, ALF_INCONCLUSIVE, "nothing was observed");
  else if (least->value < 0)
    alf_conclude(result, ALF_REFUTED, "margin %.3g at step %lld", least->value, (long long)least->step);
  else
    alf_conclude(result, ALF_HOLDS, "at each of %lld steps", (long long)result->steps);
}

void alf_add_hypothesis(alf_claim_result *result, const char *name, bool met, const char *measured, double value)
{
  if (result->hypotheses < ALF_MAX_HYPOTHESES)
    result->hypothesis[result->hypotheses++] = (alf_hypothesis){name, met, {measured, value}};
}

void alf_add_measure(alf_claim_result *result, const char *name, double value)
{
  if (result->measures < ALF_MAX_MEASURES)
    result->measure[result->measures++] = (alf_measure){name, value};
}

int64_t alf_deficit(const alf_step *step, int32_t k)
{
  return step->topk * step->batch_after->tokens - step->batch_after->experts * step->load_before[k];
}

double alf_largest_shift(const alf_step *step)
{
  double largest = 0;
  for (int32_t k = 0; k < step->batch_after->experts; k++)
    largest = fmax(largest, fabs(step->shift_before.real[k]));
  return largest;
}

bool alf_sampled(int64_t n)
{
  return (n & (n - 1)) == 0;
}

/* δ_k = ε sign(L − A_k) with the published ε, rounded to the grid in an exact run. */
static bool is_sign_step(const alf_step *step)
{
  int grid_bits = step->batch_after->grid_bits;
  for (int32_t k = 0; k < step->batch_after->experts; k++) {
    int64_t deficit = alf_deficit(step, k);
    double expected = step->step_size * (double)((deficit > 0) - (deficit < 0));
    if (step->delta.grid)
      expected = ldexp(nearbyint(ldexp(expected, grid_bits)), -grid_bits);
    if (step->delta.real[k] != expected)
      return false;
  }
  return true;
}

/* δ_k = ε (L − A_k) with the published ε, up to the rounding of each δ: half a grid unit and some ulps. */
static bool is_proportional_step(const alf_run *run, const alf_step *step)
{
  const alf_affinity *batch = step->batch_after;
  double slots = (double)step->topk * (double)batch->tokens, experts = batch->experts;
  double rate = step->step_size / (run->rule->fractions ? experts * slots : experts);
  double unit = step->delta.grid ? ldexp(0.5, -batch->grid_bits) : 0;
  for (int32_t k = 0; k < batch->experts; k++) {
    double expected = rate * (double)alf_deficit(step, k);
    if (fabs(step->delta.real[k] - expected) > unit + 8 * DBL_EPSILON * fabs(expected))
      return false;
  }
  return true;
}

void alf_form_observe(alf_form_check *check, const alf_run *run, const alf_step *step, const alf_facts *facts)
{
  if (facts->routing_gap > check->routing_gap) {
    check->routing_gap = facts->routing_gap;
    check->routing_step = step->n;
  }
  bool fits = facts->wrong_way == 0 && facts->misreported <= facts->score_tolerance;
  if (run->rule->form == ALF_FORM_SIGN)
    fits = fits && is_sign_step(step);
  if (run->rule->form == ALF_FORM_PROPORTIONAL)
    fits = fits && is_proportional_step(run, step);
  if (fits)
    return;
  if (check->violations++ == 0)
    check->first_step = step->n;
}

bool alf_routing_finish(const alf_form_check *check, const alf_run *run, alf_claim_result *result)
{
  if (!run->exact)
    return true;
  bool met = check->routing_gap == 0;
  alf_add_hypothesis(result, "routing is Top-K of affinity + shift", met, "dual_minus_lagrangian", check->routing_gap);
  if (met)
    return true;
  result->margin = -check->routing_gap;
  result->worst_step = check->routing_step;
  alf_conclude(result, ALF_REFUTED, "not routed by Top-K: the dual value exceeds the Lagrangian by %.3g at step %lld",
               check->routing_gap, (long long)check->routing_step);
  return false;
}

bool alf_form_finish(const alf_form_check *check, const alf_run *run, alf_claim_result *result)
{
  if (!alf_routing_finish(check, run, result))
    return false;
  bool met = check->violations == 0;
  alf_add_hypothesis(result, "update is eps_k (L - load_k), eps_k >= 0, as the rule declares", met,
                     "steps_in_violation", (double)check->violations);
  if (met)
    return true;
  bool declared = run->rule->form != ALF_FORM_FREE;
  result->margin = declared ? -(double)check->violations : NAN;
  result->worst_step = check->first_step;
  alf_conclude(result, declared ? ALF_REFUTED : ALF_HYPOTHESIS_NOT_MET,
               "%s: %lld updates are not of the form eps_k (L - load_k), the first at step %lld",
               !declared     ? "the rule declares no form"
               : run->format ? "the format, or the rule, breaks the rule's declaration"
                             : "the rule breaks its own declaration",
               (long long)check->violations, (long long)check->first_step);
  return false;
}
