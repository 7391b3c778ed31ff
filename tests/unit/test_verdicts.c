/* Each condition of each claim is enough by itself to refute it: one update, told by hand, is right in all its numbers;
   then one number is made wrong. */
#include "support.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "told.h"

enum { E = ALF_TOLD_EXPERTS };

static const double unit = 1. / 16, tiny = 1e-15;

#define assert_judged(h, id, expected) assert_string_equal(alf_judge_told((h), (id)), (expected))

/* The update with `field` of its facts wrong by next to nothing is refuted, by a margin of that size. */
#define assert_counts(h, id, field, wrong)                                                                             \
  do {                                                                                                                 \
    (h)->facts.field = (wrong);                                                                                        \
    assert_judged((h), (id), "refuted");                                                                               \
    assert_true((h)->result.margin < 0);                                                                               \
    alf_tell(h);                                                                                                       \
  } while (0)

static void the_update_as_told_holds(void **state)
{
  (void)state;
  alf_told h;
  alf_tell(&h);
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
  alf_told h;
  alf_tell(&h);
  assert_counts(&h, "C1", residual, tiny);
  assert_counts(&h, "C1", residual, -tiny);
  assert_counts(&h, "C1", least_benefit, -tiny);
  assert_counts(&h, "C1", misreported, tiny);
  assert_counts(&h, "C1", miscounted, 1);
  assert_counts(&h, "C1", wrong_way, 1);
  h.facts.residual = h.facts.misreported = tiny;
  h.facts.tolerance = h.facts.score_tolerance = 2 * tiny;
  assert_judged(&h, "C1", "holds");
}

static void c2_needs_every_part(void **state)
{
  (void)state;
  alf_told h;
  alf_tell(&h);
  assert_counts(&h, "C2", upper_slack, -tiny);
  assert_counts(&h, "C2", condition, -tiny); /* though 𝓛 falls */
  assert_counts(&h, "C2", slot_slack, -tiny);
  h.run.rule = alf_rule_find("proportional");
  assert_counts(&h, "C2", lower_slack, -tiny);
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
  alf_told h;
  alf_tell(&h);
  h.facts.change = h.facts.condition = 0;
  assert_judged(&h, "C2", "holds");
  h.facts.condition = -tiny;
  assert_judged(&h, "C2", "refuted");
}

static void c3_needs_every_part(void **state)
{
  (void)state;
  alf_told h;
  alf_tell(&h);
  assert_counts(&h, "C3", least_margin, -tiny);
  assert_counts(&h, "C3", least_slack, -tiny);
  for (int from = ALF_UNDER; from <= ALF_OVER; from++)
    for (int to = ALF_UNDER; to <= ALF_OVER; to++) {
      h.facts.moves[from][to] = 1;
      assert_judged(&h, "C3", from > to ? "holds" : "refuted");
      alf_tell(&h);
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
  alf_told h;
  for (size_t c = 0; c < 3; c++) {
    alf_tell(&h);
    h.delta[2] = 2;
    h.real_delta[2] = 2 * unit;
    assert_judged(&h, ids[c], "refuted");
    alf_tell(&h);
    h.delta[1] = 1; /* on target */
    h.real_delta[1] = unit;
    assert_judged(&h, ids[c], "refuted");
    alf_tell(&h);
    h.real_delta[2] *= 1 + DBL_EPSILON; /* as a float run might */
    assert_judged(&h, ids[c], "refuted");
  }
}

static void c5_allows_one_less_than_there_are_experts(void **state)
{
  (void)state;
  alf_told h;
  alf_tell(&h);
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
  alf_told h;
  alf_tell(&h);
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
  alf_told h;
  alf_tell(&h);
  h.run.rule = alf_rule_find("proportional");
  h.run.exact = false;
  h.instance.optimum.price = prices;
  h.facts.change = 0;
  h.facts.gap = unit;
  assert_judged(&h, "C6", "holds");
  assert_near(alf_told_measure(&h, "weak_progress_bound"), unit, 1e-15);
  h.facts.gap = unit + 1e-9;
  assert_judged(&h, "C6", "refuted");
  prices[0] = -2; /* farther off: (2² − 2²/3)/16² = 1/96 more, over 2ε */
  assert_judged(&h, "C6", "holds");
  assert_near(alf_told_measure(&h, "weak_progress_bound"), unit + 8. / 96, 1e-15);
  h.run.rule = alf_rule_find("sign"); /* which has no such bound */
  prices[0] = 0;
  h.facts.gap = 1;
  assert_judged(&h, "C6", "holds");
}

static void c7_needs_every_part(void **state)
{
  (void)state;
  alf_told h;
  alf_tell(&h);
  h.run.cycle = &h.cycle;
  assert_counts(&h, "C7", sign_error, tiny);
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

/* Sums of proportional steps vanish, up to the rounding of each to the grid. */
static void c7_holds_steps_to_their_sum(void **state)
{
  (void)state;
  alf_told h;
  alf_tell(&h);
  h.run.rule = alf_rule_find("proportional");
  h.facts.sign_error = 1; /* of no concern here */
  h.facts.step_sum = E * unit / 2;
  assert_judged(&h, "C7", "holds");
  h.facts.step_sum = -E * unit / 2;
  assert_judged(&h, "C7", "holds");
  h.facts.step_sum = -2 * unit;
  assert_judged(&h, "C7", "refuted");
  h.facts.step_sum = 2 * unit;
  assert_judged(&h, "C7", "refuted");
}

/* Two grid units a step: shifts are even. */
static void c7_needs_the_lattice(void **state)
{
  (void)state;
  alf_told h;
  alf_tell(&h);
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
      cmocka_unit_test(the_update_as_told_holds),
      cmocka_unit_test(c1_needs_every_part),
      cmocka_unit_test(c2_needs_every_part),
      cmocka_unit_test(c2_takes_equality_as_no_rise),
      cmocka_unit_test(c3_needs_every_part),
      cmocka_unit_test(forms_are_exact_to_the_last_unit),
      cmocka_unit_test(c5_allows_one_less_than_there_are_experts),
      cmocka_unit_test(c6_needs_no_negative_gap),
      cmocka_unit_test(c6_bounds_the_progress),
      cmocka_unit_test(c7_needs_every_part),
      cmocka_unit_test(c7_holds_steps_to_their_sum),
      cmocka_unit_test(c7_needs_the_lattice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
