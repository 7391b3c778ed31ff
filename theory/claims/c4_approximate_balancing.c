#include <math.h>
#include <stdlib.h>

#include "judge.h"

/* Sign rule, p^0 = 0, constant u, H(q) measured: |A_k − L| <= q(E − 1), one less with integer L, for every
   n >= (E − 1)(⌊R/(2u)⌋ + 1); an expert inside the band never leaves it. A band that no load can leave says nothing:
   then the hypothesis is not met. */
typedef struct c4_state {
  alf_form_check form;
  double start;         /* max |p^0| */
  int64_t band;         /* E·(the band), 0 when q was not measured */
  double entry_bound;   /* updates */
  int64_t entered;      /* since which iterate all loads have stayed inside; −1: outside now */
  int64_t worst_inside; /* E·largest deviation since then */
  int64_t left_band;    /* experts that left the band after having been inside */
  int64_t left_step;
  int64_t entered_q1;     /* as entered, for the band of q = 1 */
  int64_t last_deviation; /* E·largest deviation at the last iterate */
  int64_t late_deviation; /* E·largest deviation at iterates from the entry bound on */
  int64_t max_load, min_load;
  bool inside[ALF_MAX_EXPERTS];
} c4_state;

/* E·(the band that the paper's q = 1 would give). */
static int64_t band_at_q_1(const alf_run *run)
{
  int64_t experts = run->instance->batch->experts, slots = run->instance->topk * run->instance->batch->tokens;
  return experts * (experts - 1 - (slots % experts == 0));
}

/* What a false variant makes of it. */
static alf_falsehood claims(const alf_run *run)
{
  return run->falsehood ? *run->falsehood : (alf_falsehood){0};
}

static void begin(void *opaque, const alf_run *run)
{
  c4_state *s = opaque;
  const alf_affinity *batch = run->instance->batch;
  const alf_crowding *crowding = alf_instance_crowding(run->instance, run->u);
  int64_t experts = batch->experts, slots = run->instance->topk * batch->tokens;
  double step = nearbyint(ldexp(run->u, batch->grid_bits));
  s->entered = s->entered_q1 = -1;
  s->entry_bound = (double)(experts - 1) * (floor((double)run->instance->range / (2 * step)) + 1);
  if (crowding)
    s->band = experts *
              ((crowding->q - claims(run).understated) * (experts - 1) - (slots % experts == 0 || claims(run).narrow));
}

/* Returns E·largest deviation. */
static int64_t take_loads(c4_state *s, const alf_step *step, const int64_t *loads, int64_t n)
{
  int32_t experts = step->batch_after->experts;
  int64_t deviation = 0;
  s->max_load = s->min_load = loads[0];
  for (int32_t k = 0; k < experts; k++) {
    int64_t load = loads[k], off = llabs(step->topk * step->batch_after->tokens - experts * load);
    if (s->inside[k] && off > s->band && s->left_band++ == 0)
      s->left_step = n;
    s->inside[k] = off <= s->band;
    deviation = off > deviation ? off : deviation;
    s->max_load = load > s->max_load ? load : s->max_load;
    s->min_load = load < s->min_load ? load : s->min_load;
  }
  return deviation;
}

/* Since when a deviation is inside a band, −1 for not now. */
static int64_t entry(int64_t entered, bool inside, int64_t n)
{
  return !inside ? -1 : entered < 0 ? n : entered;
}

static void take_iterate(c4_state *s, const alf_run *run, const alf_step *step, const int64_t *loads, int64_t n)
{
  int64_t deviation = take_loads(s, step, loads, n);
  s->last_deviation = deviation;
  s->entered_q1 = entry(s->entered_q1, deviation <= band_at_q_1(run), n);
  s->entered = entry(s->entered, deviation <= s->band, n);
  if (s->entered == n || deviation > s->worst_inside)
    s->worst_inside = deviation;
  if ((double)n >= s->entry_bound && deviation > s->late_deviation)
    s->late_deviation = deviation;
}

static void observe(void *opaque, const alf_run *run, const alf_step *step, const alf_facts *facts)
{
  c4_state *s = opaque;
  alf_form_observe(&s->form, run, step, facts);
  if (step->n == 1) {
    s->start = claims(run).any_start ? 0 : alf_largest_shift(step);
    take_iterate(s, run, step, step->load_before, 0);
  }
  take_iterate(s, run, step, step->load_after, step->n);
}

/* Numbers first, whatever the verdict. */
static void report(const c4_state *s, const alf_run *run, alf_claim_result *result)
{
  const alf_crowding *crowding = alf_instance_crowding(run->instance, run->u);
  double experts = run->instance->batch->experts;
  alf_add_measure(result, "q", crowding ? (double)crowding->q : NAN);
  alf_add_measure(result, "band", crowding ? (double)s->band / experts : NAN);
  alf_add_measure(result, "entry_bound", s->entry_bound);
  alf_add_measure(result, "entered", s->entered >= 0 ? (double)s->entered : NAN);
  alf_add_measure(result, "deviation_inside", s->entered >= 0 ? (double)s->worst_inside / experts : NAN);
  alf_add_measure(result, "band_at_q_1", (double)band_at_q_1(run) / experts);
  alf_add_measure(result, "entered_at_q_1", s->entered_q1 >= 0 ? (double)s->entered_q1 : NAN);
  alf_add_measure(result, "last_deviation", result->steps ? (double)s->last_deviation / experts : NAN);
  alf_add_measure(result, "max_load", result->steps ? (double)s->max_load : NAN);
  alf_add_measure(result, "min_load", result->steps ? (double)s->min_load : NAN);
}

static bool hypotheses_met(const c4_state *s, const alf_run *run, alf_claim_result *result)
{
  const alf_crowding *crowding = alf_instance_crowding(run->instance, run->u);
  int64_t experts = run->instance->batch->experts, slots = run->instance->topk * run->instance->batch->tokens;
  int64_t farthest = experts * run->instance->batch->tokens - slots; /* E·(T − L); a load of 0 is L away */
  farthest = farthest > slots ? farthest : slots;
  bool sign = run->rule->form == ALF_FORM_SIGN && run->schedule->constant;
  bool useful = crowding && s->band < farthest;
  alf_add_hypothesis(result, "sign rule with constant u", sign, "u", run->u);
  alf_add_hypothesis(result, "p^0 = 0", s->start == 0, "largest_initial_shift", s->start);
  alf_add_hypothesis(result, "exact arithmetic, in which q is measured", run->exact, "exact", run->exact);
  if (crowding)
    alf_add_hypothesis(result,
                       "H(q): at most q tokens within 2u for each pair, and q(E - 1) below the largest possible "
                       "deviation",
                       useful, "q", (double)crowding->q);
  if (!sign || s->start != 0 || !run->exact)
    alf_conclude(result, ALF_HYPOTHESIS_NOT_MET,
                 "needs the sign rule with constant u and p^0 = 0, in exact arithmetic");
  else if (!crowding)
    alf_conclude(result, ALF_INCONCLUSIVE, "q was not measured for u = %g", run->u);
  else if (!useful)
    alf_conclude(result, ALF_HYPOTHESIS_NOT_MET,
                 "H(1) %s: %lld tokens within 2u for experts %d and %d; the band %g exceeds any possible %g",
                 crowding->q > 1 ? "fails" : "is too little", (long long)crowding->q, crowding->expert_a,
                 crowding->expert_b, (double)s->band / (double)experts, (double)farthest / (double)experts);
  return sign && s->start == 0 && run->exact && useful;
}

/* The hypotheses are met: does the run show the band, and does it show enough? */
static void judge_band(const c4_state *s, const alf_run *run, alf_claim_result *result)
{
  double experts = run->instance->batch->experts, last = (double)result->steps;
  bool late = last >= s->entry_bound, settled = s->entered >= 0;
  int64_t deviation = late ? s->late_deviation : s->worst_inside;
  result->worst_step = settled ? s->entered : result->steps;
  if (settled || late)
    result->margin = (double)(s->band - deviation) / experts;
  if (s->left_band) {
    result->margin = -(double)s->left_band;
    result->worst_step = s->left_step;
    alf_conclude(result, ALF_REFUTED, "%lld times an expert left the band", (long long)s->left_band);
  } else if (late && deviation > s->band) {
    alf_conclude(result, ALF_REFUTED, "a load is %g from L after the entry bound", (double)deviation / experts);
  } else if (run->cycle && !settled) {
    result->margin = -1;
    alf_conclude(result, ALF_REFUTED, "the limit cycle lies outside the band");
  } else if (late || run->cycle) {
    alf_conclude(result, ALF_HOLDS, "inside the band %g since step %lld", (double)s->band / experts,
                 (long long)s->entered);
  } else {
    alf_conclude(result, ALF_INCONCLUSIVE, "%g steps end before the entry bound %g", last, s->entry_bound);
  }
}

static void finish(void *opaque, const alf_run *run, alf_claim_result *result)
{
  c4_state *s = opaque;
  result->margin = NAN;
  if (hypotheses_met(s, run, result) && alf_form_finish(&s->form, run, result))
    judge_band(s, run, result);
  report(s, run, result);
}

const alf_claim alf_claim_c4 = {
    .id = "C4",
    .title = "Loads enter a band around the target and stay",
    .citation = "Han and Zhong, arXiv:2512.03915, approximate balancing; bound derived in theory.md C4",
    .statement = "every load is within q(E − 1) of L, and q(E − 1) − 1 where L is whole, from iterate (E − "
                 "1)(⌊R/2u⌋ + 1) on; a load that is inside stays inside",
    .hypotheses = "sign rule, constant u, p⁰ = 0; H(q): for no pair of experts do more than q tokens have γ_ik − "
                  "γ_ik' in an interval of length 2u; the band is narrower than what loads can reach",
    .method = "q measured on the batch; the loads of every iterate up to the limit cycle, which stands for all "
              "later ones",
    .arithmetic = "exact integers",
    .needs = ALF_NEEDS_CROWDING,
    .state_size = sizeof(c4_state),
    .begin = begin,
    .observe = observe,
    .finish = finish,
};

#define FALSE_C4(ID, TITLE, WRONG)                                                                                     \
  {                                                                                                                    \
    .id = ID, .title = "False: " TITLE, .citation = "C4 with one thing wrong", .needs = ALF_NEEDS_CROWDING,            \
    .falsehood = &(const alf_falsehood){.WRONG = true}, .state_size = sizeof(c4_state), .begin = begin,                \
    .observe = observe, .finish = finish                                                                               \
  }

const alf_claim alf_claim_c4_narrow = FALSE_C4("C4-narrow", "the band of integer L whatever L", narrow);
const alf_claim alf_claim_c4_any_start =
    FALSE_C4("C4-any-start", "the band after the same time from any p^0", any_start);
const alf_claim alf_claim_c4_understated = FALSE_C4("C4-understated", "the band with q - 1 for q", understated);
