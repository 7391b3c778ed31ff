#include <float.h>
#include <math.h>

#include "alf/routing.h"
#include "judge.h"

/* D(p) >= OPT for every p, with equality exactly at the optimal prices; 𝓛(x^n, p^n) = D(p^n); weak progress:
   min_{m<n} D(p^m) − OPT <= (‖p^0 − p*‖² + Σ ε_m² ‖A^m − L‖²) / (2 Σ ε_m) for one step size for all experts. */
typedef struct c6_state {
  alf_form_check form;
  alf_least least;
  double distance;   /* ‖p^0 − p*‖² modulo a common shift */
  double squares;    /* Σ ‖δ‖² */
  double step_sizes; /* Σ ε */
  double rounding;   /* what rounding of the steps may add to 2 Σ ε (D − OPT) */
  double best_gap, first_gap, last_gap, weak_bound;
  int64_t first_optimal;
  int64_t intervals; /* how often the price intervals were compared with the gap */
} c6_state;

/* p_k − p*_k minus the mean of these, for iterate n − 1. */
static double squared_distance(const alf_instance *instance, const double *shift, double *largest)
{
  int32_t experts = instance->batch->experts;
  double mean = 0, sum = 0;
  *largest = 0;
  for (int32_t k = 0; k < experts; k++)
    mean += (shift[k] - ldexp((double)instance->optimum.price[k], -instance->batch->grid_bits)) / experts;
  for (int32_t k = 0; k < experts; k++) {
    double d = shift[k] - ldexp((double)instance->optimum.price[k], -instance->batch->grid_bits) - mean;
    sum += d * d;
    *largest = fmax(*largest, fabs(d));
  }
  return sum;
}

/* ε with δ = ε (L − A) in slots, by least squares over the experts; 0 when all are on target. */
static double common_step_size(const alf_step *step, const alf_facts *facts)
{
  double squares = 0, experts = step->batch_after->experts;
  for (int32_t k = 0; k < step->batch_after->experts; k++)
    squares += pow((double)alf_deficit(step, k) / experts, 2);
  return squares > 0 ? facts->squared_excess / squares : 0;
}

static void check_weak_progress(c6_state *s, const alf_run *run, const alf_step *step, const alf_facts *facts)
{
  double largest, experts = step->batch_after->experts;
  double distance = squared_distance(run->instance, step->shift_before.real, &largest);
  if (step->n == 1)
    s->distance = distance;
  s->step_sizes += common_step_size(step, facts);
  for (int32_t k = 0; k < step->batch_after->experts; k++)
    s->squares += step->delta.real[k] * step->delta.real[k];
  s->rounding += 2 * experts * largest * ldexp(1, -run->instance->batch->grid_bits);
  if (s->step_sizes > 0) {
    s->weak_bound = (s->distance + s->squares) / (2 * s->step_sizes);
    double terms = 4 * (double)step->n * experts; /* summed in doubles */
    double allowance = s->rounding / (2 * s->step_sizes) + terms * DBL_EPSILON * s->weak_bound + facts->gap_tolerance;
    alf_least_take(&s->least, s->weak_bound - s->best_gap + allowance, step->n);
  }
}

/* The price intervals: D(p) = OPT exactly when p lies in all of them. */
static void check_intervals(c6_state *s, const alf_run *run, const alf_step *step, const alf_facts *facts)
{
  const alf_instance *instance = run->instance;
  if (alf_instance_is_optimal(instance, step->shift_after.grid) != (facts->gap == 0))
    alf_least_take(&s->least, -fmax(fabs(facts->gap), ldexp(1, -instance->batch->grid_bits)), step->n);
  s->intervals++;
}

static void observe(void *opaque, const alf_run *run, const alf_step *step, const alf_facts *facts)
{
  c6_state *s = opaque;
  alf_form_observe(&s->form, run, step, facts);
  if (!facts->has_gap)
    return;
  double gap_before = step->n == 1 ? facts->gap - facts->change : s->last_gap;
  s->best_gap = step->n == 1 ? gap_before : fmin(s->best_gap, gap_before);
  if (step->n == 1) {
    s->first_gap = gap_before;
    alf_least_take(&s->least, facts->gap_tolerance + gap_before, 0);
  }
  alf_least_take(&s->least, facts->gap_tolerance + facts->gap, step->n);
  if (run->rule->form == ALF_FORM_PROPORTIONAL)
    check_weak_progress(s, run, step, facts);
  if (run->exact && (alf_sampled(step->n) || (facts->gap == 0 && s->first_optimal == 0)))
    check_intervals(s, run, step, facts);
  if (facts->gap == 0 && s->first_optimal == 0)
    s->first_optimal = step->n;
  s->last_gap = facts->gap;
}

static void finish(void *opaque, const alf_run *run, alf_claim_result *result)
{
  c6_state *s = opaque;
  const alf_instance *instance = run->instance;
  bool solved = instance->solved;
  alf_judge_least(result, &s->least);
  alf_add_hypothesis(result, "the optimum is certified", solved, "gap", solved ? instance->certificate.gap : NAN);
  if (!solved) {
    alf_conclude(result, ALF_INCONCLUSIVE, "%.200s", instance->why_not.text);
    return;
  }
  bool weak = run->rule->form == ALF_FORM_PROPORTIONAL; /* the one part that needs a form: one step size for all */
  if (result->verdict == ALF_HOLDS)
    weak ? alf_form_finish(&s->form, run, result) : alf_routing_finish(&s->form, run, result);
  if (!result->steps)
    return;
  alf_add_measure(result, "optimum", instance->certificate.objective);
  alf_add_measure(result, "first_gap", s->first_gap);
  alf_add_measure(result, "best_gap", fmin(s->best_gap, s->last_gap));
  alf_add_measure(result, "last_gap", s->last_gap);
  alf_add_measure(result, "weak_progress_bound", s->step_sizes > 0 ? s->weak_bound : NAN);
  alf_add_measure(result, "intervals_compared", run->exact ? (double)s->intervals : NAN);
  alf_add_measure(result, "first_optimal_step", s->first_optimal ? (double)s->first_optimal : NAN);
}

const alf_claim alf_claim_c6 = {
    .id = "C6",
    .title = "The dual value is at least the optimum, and gets near it",
    .citation = "LP duality; weak progress of the subgradient method; theory.md C6",
    .statement = "D(p) is at least the optimum, and equal exactly where every p_k' − p_k is in its interval; the "
                 "best D so far is within (‖p⁰ − p*‖² + Σ ‖δ‖²) / (2 Σ ε) of the optimum",
    .hypotheses = "certified optimum; routing by Top-K; the last part: one ε for all experts",
    .method = "the gap at every iterate; that it is 0 exactly inside the intervals of the exchange graph, at "
              "updates 1, 2, 4, 8, …; the last part under the proportional rule",
    .arithmetic = "exact integers; the last part in doubles, less what rounding may do",
    .needs = ALF_NEEDS_OPTIMUM,
    .state_size = sizeof(c6_state),
    .observe = observe,
    .finish = finish,
};
