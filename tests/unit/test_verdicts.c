/* Each condition of each claim is enough by itself to refute it: one update, told by hand, is right in all its numbers;
   then one number is made wrong. */
#include "support.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "alf/claim.h"

enum { T = 6, E = 3, K = 1, BITS = 4 };

static const double unit = 1. / 16, tiny = 1e-15;

/* Six tokens, three experts, L = 2. Loads (3 2 1) become (2 2 2): one token goes from expert 0 to expert 2 after a sign
   step of one grid unit. */
typedef struct hearing {
  int64_t affinity[T * E], before[E], after[E], delta[E], load_before[E], load_after[E];
  double real_before[E], real_after[E], real_delta[E];
  alf_expert chosen_before[T], chosen_after[T];
  int64_t under_minus_over[E];
  alf_affinity batch;
  alf_crowding crowding;
  alf_cycle_info cycle;
  alf_instance instance;
  alf_run run;
  alf_step step;
  alf_facts facts;
  alf_claim_result result;
} hearing;

static const int64_t zero_shift[E] = {0, 0, 0}, sign_step[E] = {-1, 0, 1}, loads_before[E] = {3, 2, 1},
                     loads_after[E] = {2, 2, 2}, balanced_cycle[E] = {4, 4, 4};

static void tell_instance(hearing *h)
{
  h->batch = (alf_affinity){ALF_DYADIC, T, E, BITS, h->affinity, NULL, 0};
  h->crowding = (alf_crowding){unit, 1, 0, 1};
  h->instance = (alf_instance){.batch = &h->batch,
                               .topk = K,
                               .largest = 8,
                               .range = 8,
                               .solved = true,
                               .crowding_count = 1,
                               .crowding = &h->crowding,
                               .ties = {2, true, E, 0}};
  h->cycle = (alf_cycle_info){.start = 2, .length = 12, .drift = 4, .under_minus_over = h->under_minus_over};
  h->run = (alf_run){&h->instance, alf_rule_find("sign"), alf_schedule_find("constant"), unit, true, true, NULL};
}

static void tell(hearing *h)
{
  memset(h, 0, sizeof *h);
  memcpy(h->before, zero_shift, sizeof h->before);
  memcpy(h->after, sign_step, sizeof h->after);
  memcpy(h->delta, sign_step, sizeof h->delta);
  memcpy(h->load_before, loads_before, sizeof h->load_before);
  memcpy(h->load_after, loads_after, sizeof h->load_after);
  memcpy(h->under_minus_over, balanced_cycle, sizeof h->under_minus_over);
  for (int k = 0; k < E; k++)
    h->real_after[k] = h->real_delta[k] = unit * (double)sign_step[k];
  tell_instance(h);
  h->step = (alf_step){.n = 1,
                       .batch_before = &h->batch,
                       .batch_after = &h->batch,
                       .topk = K,
                       .shift_before = {h->before, h->real_before},
                       .shift_after = {h->after, h->real_after},
                       .delta = {h->delta, h->real_delta},
                       .step_size = unit,
                       .chosen_before = h->chosen_before,
                       .chosen_after = h->chosen_after,
                       .load_before = h->load_before,
                       .load_after = h->load_after};
  h->facts = (alf_facts){.benefit = unit,
                         .least_benefit = unit,
                         .squared_excess = 2 * unit,
                         .change = -unit,
                         .condition = unit,
                         .upper_slack = unit,
                         .switched_tokens = 1,
                         .swapped_slots = 1,
                         .least_margin = unit / 2,
                         .least_slack = unit / 2,
                         .under = 1,
                         .over = 1,
                         .overload = E,
                         .spread = 2 * unit,
                         .has_gap = true,
                         .gap = unit};
  h->facts.moves[ALF_OVER][ALF_UNDER] = 1;
}

/* One claim on the update as told. */
static const char *judge(hearing *h, const char *id)
{
  static union {
    max_align_t aligned;
    unsigned char bytes[1 << 14];
  } state;
  const alf_claim *claim = alf_claim_find(id);
  assert_true(claim->state_size <= sizeof state);
  memset(&state, 0, sizeof state);
  h->result = (alf_claim_result){.margin = NAN, .steps = 1};
  if (claim->begin)
    claim->begin(&state, &h->run);
  if (claim->observe)
    claim->observe(&state, &h->run, &h->step, &h->facts);
  claim->finish(&state, &h->run, &h->result);
  return alf_verdict_name(h->result.verdict);
}

#define assert_judged(h, id, expected) assert_string_equal(judge((h), (id)), (expected))

/* The update with `field` of its facts wrong by next to nothing is refuted, by a margin of that size. */
#define assert_counts(h, id, field, wrong)                                                                             \
  do {                                                                                                                 \
    (h)->facts.field = (wrong);                                                                                        \
    assert_judged((h), (id), "refuted");                                                                               \
    assert_true((h)->result.margin < 0);                                                                               \
    tell(h);                                                                                                           \
  } while (0)

static void the_update_as_told_holds(void **state)
{
  (void)state;
  hearing h;
  tell(&h);
  assert_judged(&h, "C1", "holds");
  assert_judged(&h, "C2", "holds");
  assert_judged(&h, "C3", "holds");
  assert_judged(&h, "C5", "holds");
  h.run.cycle = &h.cycle;
  assert_judged(&h, "C7", "holds");
}

static void c1_needs_every_part(void **state)
{
  (void)state;
  hearing h;
  tell(&h);
  assert_counts(&h, "C1", residual, tiny);
  assert_counts(&h, "C1", residual, -tiny);
  assert_counts(&h, "C1", least_benefit, -tiny);
  assert_counts(&h, "C1", misreported, tiny);
  assert_counts(&h, "C1", miscounted, 1);
  assert_counts(&h, "C1", wrong_way, 1);
  h.facts.residual = h.facts.misreported = tiny;
  h.facts.tolerance = 2 * tiny;
  assert_judged(&h, "C1", "holds");
}

static void c2_needs_every_part(void **state)
{
  (void)state;
  hearing h;
  tell(&h);
  assert_counts(&h, "C2", upper_slack, -tiny);
  assert_counts(&h, "C2", condition, -tiny);      /* though 𝓛 falls */
  assert_counts(&h, "C2", benefit, 2.001 * unit); /* one slot gains at most 2ε */
  h.run.rule = alf_rule_find("proportional");
  assert_counts(&h, "C2", benefit, -tiny);
  h.facts.change = tiny; /* it rises: not with the condition, … */
  h.facts.crossings = 1;
  h.facts.overload = 0;
  assert_judged(&h, "C2", "refuted");
  h.facts.condition = -tiny; /* … and without it only where an expert crosses … */
  assert_judged(&h, "C2", "holds");
  h.facts.crossings = 0;
  assert_judged(&h, "C2", "refuted");
  h.facts.crossings = 1;
  h.facts.overload = E; /* … and more slots are swapped than were too many */
  assert_judged(&h, "C2", "refuted");
  h.facts.swapped_slots = 2;
  assert_judged(&h, "C2", "holds");
}

/* 𝓛 stays: that is no rise. */
static void c2_takes_equality_as_no_rise(void **state)
{
  (void)state;
  hearing h;
  tell(&h);
  h.facts.change = h.facts.condition = 0;
  assert_judged(&h, "C2", "holds");
  h.facts.condition = -tiny;
  assert_judged(&h, "C2", "refuted");
}

static void c3_needs_every_part(void **state)
{
  (void)state;
  hearing h;
  tell(&h);
  assert_counts(&h, "C3", least_margin, -tiny);
  assert_counts(&h, "C3", least_slack, -tiny);
  for (int from = ALF_UNDER; from <= ALF_OVER; from++)
    for (int to = ALF_UNDER; to <= ALF_OVER; to++) {
      h.facts.moves[from][to] = 1;
      assert_judged(&h, "C3", from > to ? "holds" : "refuted");
      tell(&h);
    }
  h.facts.uphill_moves = 1;
  assert_judged(&h, "C3", "holds"); /* the sign rule goes by the states */
  h.run.rule = alf_rule_find("proportional");
  assert_judged(&h, "C3", "refuted");
  h.run.exact = false; /* scores within rounding of each other may change places */
  assert_judged(&h, "C3", "holds");
  h.facts.least_slack = -tiny;
  assert_judged(&h, "C3", "refuted");
}

static void forms_are_exact_to_the_last_unit(void **state)
{
  (void)state;
  static const char *const ids[] = {"C1", "C2", "C3"};
  hearing h;
  for (size_t c = 0; c < 3; c++) {
    tell(&h);
    h.delta[2] = 2;
    h.real_delta[2] = 2 * unit;
    assert_judged(&h, ids[c], "refuted");
    tell(&h);
    h.delta[1] = 1; /* on target */
    h.real_delta[1] = unit;
    assert_judged(&h, ids[c], "refuted");
    tell(&h);
    h.real_delta[2] *= 1 + DBL_EPSILON; /* as a float run might */
    assert_judged(&h, ids[c], "refuted");
  }
}

/* Three steps, told by their loads alone; L = 2, the band 1, the entry bound 2·(⌊8/2⌋ + 1) = 10. */
static const char *judge_loads(hearing *h, const int64_t loads[4][E], int64_t first)
{
  static union {
    max_align_t aligned;
    unsigned char bytes[1 << 14];
  } state;
  const alf_claim *c4 = alf_claim_find("C4");
  assert_true(c4->state_size <= sizeof state);
  memset(&state, 0, sizeof state);
  h->result = (alf_claim_result){.margin = NAN, .steps = first + 2};
  c4->begin(&state, &h->run);
  for (int n = 0; n < 3; n++) {
    h->step.n = first + n;
    h->step.load_before = loads[n];
    h->step.load_after = loads[n + 1];
    c4->observe(&state, &h->run, &h->step, &h->facts);
  }
  c4->finish(&state, &h->run, &h->result);
  return alf_verdict_name(h->result.verdict);
}

static double measure(const hearing *h, const char *name)
{
  for (int m = 0; m < h->result.measures; m++)
    if (!strcmp(h->result.measure[m].name, name))
      return h->result.measure[m].value;
  fail_msg("no measure %s", name);
  return NAN;
}

static const int64_t calm[4][E] = {{3, 2, 1}, {2, 2, 2}, {1, 3, 2}, {2, 2, 2}},
                     leaving[4][E] = {{4, 1, 1}, {2, 2, 2}, {4, 1, 1}, {2, 2, 2}},
                     leaving_at_once[4][E] = {{2, 3, 1}, {4, 1, 1}, {2, 2, 2}, {2, 2, 2}},
                     outside[4][E] = {{6, 0, 0}, {5, 1, 0}, {4, 1, 1}, {4, 1, 1}};

static void c4_holds_loads_to_its_band(void **state)
{
  (void)state;
  hearing h;
  tell(&h);
  assert_string_equal(judge_loads(&h, calm, 9), "holds"); /* its last iterates are beyond the bound */
  assert_near(measure(&h, "band"), 1, 1e-15);
  assert_near(measure(&h, "entry_bound"), 10, 0);
  assert_string_equal(judge_loads(&h, calm, 1), "inconclusive");
  assert_string_equal(judge_loads(&h, leaving, 1), "refuted");
  assert_non_null(strstr(h.result.reason, "left the band"));
  assert_string_equal(judge_loads(&h, leaving_at_once, 1), "refuted");
  assert_string_equal(judge_loads(&h, outside, 1), "inconclusive");
  assert_string_equal(judge_loads(&h, outside, 9), "refuted");
  assert_non_null(strstr(h.result.reason, "after the entry bound"));
  assert_near(h.result.margin, -1, 1e-15);
  h.run.cycle = &h.cycle;
  assert_string_equal(judge_loads(&h, outside, 1), "refuted");
  assert_non_null(strstr(h.result.reason, "limit cycle"));
  assert_string_equal(judge_loads(&h, calm, 1), "holds");
}

/* The bound begins at its own iterate: an excess at 9 is allowed, one at 10 is not. */
static void c4_begins_at_its_entry_bound(void **state)
{
  (void)state;
  static const int64_t late[4][E] = {{6, 0, 0}, {5, 1, 0}, {4, 1, 1}, {2, 2, 2}};
  hearing h;
  tell(&h);
  assert_string_equal(judge_loads(&h, late, 8), "holds"); /* iterates 8, 9 outside, 10 inside */
  assert_string_equal(judge_loads(&h, late, 9), "refuted");
  h.instance.range = 7; /* ⌊7/2⌋ = 3: two iterates earlier */
  assert_string_equal(judge_loads(&h, late, 7), "refuted");
  assert_near(measure(&h, "entry_bound"), 8, 0);
  h.instance.topk = h.step.topk = 2; /* L = 4 */
  h.crowding.q = 2;
  judge_loads(&h, late, 1);
  assert_near(measure(&h, "band"), 3, 1e-15);
}

/* With 3 experts and 7 slots L is no whole number, and the band is one wider. */
static void c4_bands_depend_on_the_target(void **state)
{
  (void)state;
  hearing h;
  tell(&h);
  h.batch.tokens = 7;
  assert_string_equal(judge_loads(&h, (const int64_t[4][E]){{3, 2, 2}, {3, 2, 2}, {3, 3, 1}, {3, 2, 2}}, 9), "holds");
  assert_near(measure(&h, "band"), 2, 1e-15);
}

static void c5_allows_one_less_than_there_are_experts(void **state)
{
  (void)state;
  hearing h;
  tell(&h);
  h.instance.ties.max_deviation = E * (E - 1);
  assert_judged(&h, "C5", "holds");
  assert_near(h.result.margin, 0, 0);
  h.instance.ties.max_deviation++;
  assert_judged(&h, "C5", "refuted");
  h.instance.ties.forest = false;
  assert_judged(&h, "C5", "hypothesis not met");
}

static void c6_needs_no_negative_gap(void **state)
{
  (void)state;
  int64_t prices[E] = {0, 0, 0};
  hearing h;
  tell(&h);
  h.run.exact = false;
  h.instance.optimum.price = prices;
  assert_judged(&h, "C6", "holds");
  h.facts.gap = -tiny;
  h.facts.change = -2 * tiny; /* the gap before is 1e-15 */
  assert_judged(&h, "C6", "refuted");
  h.facts.gap_tolerance = 2 * tiny;
  assert_judged(&h, "C6", "holds");
  h.facts.gap = 1;
  h.facts.change = 2; /* the gap before would be −1 */
  assert_judged(&h, "C6", "refuted");
}

/* From prices that are said to be optimal already, a proportional step ε = 1/16 allows a gap of
   ε²·‖A − L‖² / 2ε = ε = 1/16 before it, and no more. */
static void c6_bounds_the_progress(void **state)
{
  (void)state;
  int64_t prices[E] = {0, 0, 0};
  hearing h;
  tell(&h);
  h.run.rule = alf_rule_find("proportional");
  h.run.exact = false;
  h.instance.optimum.price = prices;
  h.facts.change = 0;
  h.facts.gap = unit;
  assert_judged(&h, "C6", "holds");
  assert_near(measure(&h, "weak_progress_bound"), unit, 1e-15);
  h.facts.gap = unit + 1e-9;
  assert_judged(&h, "C6", "refuted");
  prices[0] = -2; /* farther off: (2² − 2²/3)/16² = 1/96 more, over 2ε */
  assert_judged(&h, "C6", "holds");
  assert_near(measure(&h, "weak_progress_bound"), unit + 8. / 96, 1e-15);
  h.run.rule = alf_rule_find("sign"); /* which has no such bound */
  prices[0] = 0;
  h.facts.gap = 1;
  assert_judged(&h, "C6", "holds");
}

static void c7_needs_every_part(void **state)
{
  (void)state;
  hearing h;
  tell(&h);
  h.run.cycle = &h.cycle;
  assert_counts(&h, "C7", step_sum, tiny);
  h.run.cycle = &h.cycle;
  assert_counts(&h, "C7", spread, (E - 1) * (8 + 4) * unit + tiny);
  h.run.cycle = &h.cycle;
  h.facts.spread = (E - 1) * (8 + 4) * unit;
  assert_judged(&h, "C7", "holds");
  for (int k = 0; k < E; k++) {
    h.under_minus_over[k]++;
    assert_judged(&h, "C7", "refuted");
    h.under_minus_over[k]--;
  }
  h.cycle.drift = 5;
  assert_judged(&h, "C7", "refuted");
  h.run.cycle = NULL;
  assert_judged(&h, "C7", "inconclusive");
}

/* Two grid units a step: shifts are even. */
static void c7_needs_the_lattice(void **state)
{
  (void)state;
  hearing h;
  tell(&h);
  h.run.cycle = &h.cycle;
  h.run.u = 2 * unit;
  h.cycle.drift = 8;
  assert_judged(&h, "C7", "refuted");
  h.after[0] = -2;
  h.after[2] = 2;
  assert_judged(&h, "C7", "holds");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_update_as_told_holds),      cmocka_unit_test(c1_needs_every_part),
      cmocka_unit_test(c2_needs_every_part),           cmocka_unit_test(c2_takes_equality_as_no_rise),
      cmocka_unit_test(c3_needs_every_part),           cmocka_unit_test(forms_are_exact_to_the_last_unit),
      cmocka_unit_test(c4_holds_loads_to_its_band),    cmocka_unit_test(c4_begins_at_its_entry_bound),
      cmocka_unit_test(c4_bands_depend_on_the_target), cmocka_unit_test(c5_allows_one_less_than_there_are_experts),
      cmocka_unit_test(c6_needs_no_negative_gap),      cmocka_unit_test(c6_bounds_the_progress),
      cmocka_unit_test(c7_needs_every_part),           cmocka_unit_test(c7_needs_the_lattice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
