/* Each hypothesis of the claims is needed: dropped, the check refutes; unmet, it says so. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "judged.h"

/* C2 without its condition: "the Lagrangian never rises". */
static void observe_rises(void *state, const alf_run *run, const alf_step *step, const alf_facts *facts)
{
  (void)run;
  (void)step;
  *(bool *)state = *(bool *)state || facts->change > 0;
}

static void finish_rises(void *state, const alf_run *run, alf_claim_result *result)
{
  (void)run;
  result->verdict = *(bool *)state ? ALF_REFUTED : ALF_HOLDS;
}

static void improvement_needs_its_condition(void **state)
{
  (void)state;
  const alf_claim unconditional = {
      .id = "C2-", .state_size = sizeof(bool), .observe = observe_rises, .finish = finish_rises};
  alf_judged t;
  alf_judged_set_up(&t, "uniform:T=128,E=8", 2, "sign", "constant", 0.1);
  assert_verdict(alf_judged_run(&t, &unconditional, ALF_HONEST, 100), ALF_REFUTED);
  assert_verdict(alf_judged_by_id(&t, "C2", ALF_HONEST), ALF_HOLDS);
  assert_true(alf_judged_measure(&t, "steps_lagrangian_rose") > 0);
  assert_true(alf_judged_measure(&t, "steps_lagrangian_rose") == alf_judged_measure(&t, "steps_condition_failed"));
  alf_judged_tear_down(&t);
}

/* A sign rule with momentum: v = 0.9 v + sign, δ = u v. */
static size_t momentum_size(const alf_rule_shape *shape)
{
  return (size_t)shape->experts * sizeof(double);
}

static alf_status momentum_update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)err;
  double *velocity = state;
  for (int32_t k = 0; k < in->experts; k++) {
    int64_t deficit = alf_rule_deficit(in, k);
    velocity[k] = 0.9 * velocity[k] + (double)((deficit > 0) - (deficit < 0));
    delta[k] = in->step_size * velocity[k];
  }
  return ALF_OK;
}

static void momentum_has_no_preference_rule(void **state)
{
  (void)state;
  static const char *const ids[] = {"C1", "C2", "C3"};
  alf_rule momentum = {
      .name = "momentum", .form = ALF_FORM_FREE, .state_size = momentum_size, .update = momentum_update};
  alf_judged t;
  alf_judged_set_up(&t, "uniform:T=128,E=8", 2, "sign", "1/sqrt(n)", 0.02);
  t.run.rule = &momentum;
  for (size_t i = 0; i < 3; i++)
    assert_verdict(alf_judged_by_id(&t, ids[i], ALF_HONEST), ALF_HYPOTHESIS_NOT_MET);
  assert_verdict(alf_judged_by_id(&t, "C6", ALF_HONEST), ALF_HOLDS);
  momentum.form = ALF_FORM_SIGN; /* the same rule with a false declaration */
  for (size_t i = 0; i < 3; i++)
    assert_verdict(alf_judged_by_id(&t, ids[i], ALF_HONEST), ALF_REFUTED);
  assert_verdict(alf_judged_by_id(&t, "C7", ALF_HONEST), ALF_REFUTED);
  alf_judged_tear_down(&t);
}

/* Steps that differ between experts though one ε is declared: expert 0 moves twice as fast. */
static alf_status uneven_update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)err;
  alf_rule_find("proportional")->update(in, state, delta, err);
  delta[0] *= 2;
  return ALF_OK;
}

static void uneven_steps_are_no_common_step(void **state)
{
  (void)state;
  alf_rule uneven = {.name = "uneven", .form = ALF_FORM_SUBGRADIENT, .update = uneven_update};
  alf_judged t;
  alf_judged_set_up(&t, "uniform:T=128,E=8", 2, "proportional", "1/sqrt(n)", 0.001);
  t.run.rule = &uneven;
  assert_verdict(alf_judged_by_id(&t, "C1", ALF_HONEST), ALF_HOLDS);
  assert_verdict(alf_judged_by_id(&t, "C3", ALF_HONEST), ALF_HOLDS);
  uneven.form = ALF_FORM_PROPORTIONAL;
  assert_verdict(alf_judged_by_id(&t, "C1", ALF_HONEST), ALF_REFUTED);
  assert_verdict(alf_judged_by_id(&t, "C7", ALF_HONEST), ALF_REFUTED);
  alf_judged_tear_down(&t);
}

/* Twice the step that is published, and a step in another unit of loads than declared. */
static alf_status doubled_update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)err;
  alf_rule_find("proportional")->update(in, state, delta, err);
  for (int32_t k = 0; k < in->experts; k++)
    delta[k] *= 2;
  return ALF_OK;
}

static void steps_are_those_published(void **state)
{
  (void)state;
  static const char *const ids[] = {"C1", "C2", "C3", "C6", "C7"};
  alf_rule doubled = {.name = "doubled", .form = ALF_FORM_PROPORTIONAL, .update = doubled_update};
  alf_rule confused = *alf_rule_find("proportional-fraction");
  confused.fractions = false;
  alf_judged t;
  alf_judged_set_up(&t, ALF_GENERAL, 2, "proportional", "constant", 0.001);
  for (size_t i = 0; i < 5; i++) {
    t.run.rule = &doubled;
    assert_verdict(alf_judged_by_id(&t, ids[i], ALF_HONEST), ALF_REFUTED);
    t.run.rule = &confused;
    assert_verdict(alf_judged_by_id(&t, ids[i], ALF_HONEST), ALF_REFUTED);
  }
  alf_judged_tear_down(&t);
}

static void band_needs_q(void **state)
{
  (void)state;
  alf_judged t;
  alf_judged_set_up(&t, "uniform:T=128,E=8", 2, "sign", "constant", 0.2);
  assert_true(t.instance.crowding[0].q > 3);
  t.instance.crowding[0].q = 1; /* understated */
  assert_verdict(alf_judged_by_id(&t, "C4", ALF_HONEST), ALF_REFUTED);
  alf_judged_tear_down(&t);
}

static void band_needs_to_start_from_zero(void **state)
{
  (void)state;
  alf_judged t;
  alf_judged_set_up(&t, "uniform:T=64,E=4,seed=3", 1, "sign", "constant", 1e-3);
  const alf_claim *c4 = alf_claim_find("C4");
  assert_verdict(alf_judged_run(&t, c4, ALF_HONEST, 10000), ALF_HOLDS);
  assert_true(alf_judged_measure(&t, "entered") <= alf_judged_measure(&t, "entry_bound"));
  assert_true(alf_judged_measure(&t, "entry_bound") < 2000);
  t.shift[0] = 8; /* 2u a step: far from balance for 4,000 steps */
  assert_verdict(alf_judged_run(&t, c4, ALF_START_HIDDEN, 3000), ALF_REFUTED);
  assert_verdict(alf_judged_run(&t, c4, ALF_HONEST, 3000), ALF_HYPOTHESIS_NOT_MET);
  alf_judged_tear_down(&t);
}

static void band_says_when_it_says_nothing(void **state)
{
  (void)state;
  alf_judged t;
  alf_judged_set_up(&t, "uniform:T=128,E=8", 2, "sign", "constant", 1);
  assert_int_equal(t.instance.crowding[0].q, 128);
  assert_verdict(alf_judged_by_id(&t, "C4", ALF_HONEST), ALF_HYPOTHESIS_NOT_MET);
  assert_non_null(strstr(t.result.reason, "H(1) fails"));
  assert_verdict(alf_judged_run(&t, alf_claim_find("C4"), ALF_HONEST, 400), ALF_HYPOTHESIS_NOT_MET);
  alf_judged_tear_down(&t);
  alf_judged_set_up(&t, "uniform:T=128,E=8", 2, "proportional", "constant", 0.001);
  assert_verdict(alf_judged_by_id(&t, "C4", ALF_HONEST), ALF_HYPOTHESIS_NOT_MET);
  alf_judged_tear_down(&t);
  alf_judged_set_up(&t, "uniform:T=64,E=4,seed=3", 1, "sign", "constant", 1e-4);
  assert_verdict(alf_judged_run(&t, alf_claim_find("C4"), ALF_HONEST, 20), ALF_INCONCLUSIVE);
  alf_judged_tear_down(&t);
}

static void static_balance_needs_general_position(void **state)
{
  (void)state;
  alf_judged t;
  alf_judged_set_up(&t, "adversarial:T=128,E=8,kind=0", 2, "sign", "constant", 0.01);
  assert_verdict(alf_judged_by_id(&t, "C5", ALF_HONEST), ALF_HYPOTHESIS_NOT_MET);
  t.instance.ties.forest = true;
  assert_verdict(alf_judged_by_id(&t, "C5", ALF_HONEST), ALF_REFUTED);
  alf_judged_tear_down(&t);
}

static void duality_is_exact_to_the_last_unit(void **state)
{
  (void)state;
  alf_judged t;
  alf_judged_set_up(&t, "uniform:T=128,E=8", 2, "proportional", "1/n", 0.01);
  assert_verdict(alf_judged_by_id(&t, "C6", ALF_HONEST), ALF_HOLDS);
  assert_near(alf_judged_measure(&t, "best_gap"), 0, 0);
  t.instance.optimum_value += 1; /* one unit of 2^-40/8 too high */
  assert_verdict(alf_judged_by_id(&t, "C6", ALF_HONEST), ALF_REFUTED);
  t.instance.optimum_value -= 2;
  assert_verdict(alf_judged_by_id(&t, "C6", ALF_HONEST), ALF_REFUTED);
  alf_judged_tear_down(&t);
}

static void unsolved_instances_are_inconclusive(void **state)
{
  (void)state;
  alf_judged t;
  alf_judged_set_up(&t, "uniform:T=128,E=8", 2, "sign", "constant", 0.01);
  t.instance.solved = false;
  assert_verdict(alf_judged_by_id(&t, "C5", ALF_HONEST), ALF_INCONCLUSIVE);
  assert_verdict(alf_judged_by_id(&t, "C6", ALF_HONEST), ALF_INCONCLUSIVE);
  alf_judged_tear_down(&t);
}

static void limit_cycles_drift_together(void **state)
{
  (void)state;
  alf_judged t;
  alf_judged_set_up(&t, "softmax:T=61,E=6,seed=2", 1, "sign", "constant", 0.05); /* E does not divide K·T: p drifts */
  assert_verdict(alf_judged_by_id(&t, "C7", ALF_HONEST), ALF_HOLDS);
  assert_true(alf_judged_measure(&t, "cycle_length") > 1);
  alf_judged_tear_down(&t);
  alf_judged_set_up(&t, "uniform:T=128,E=8", 2, "sign", "constant", 1e-4);
  assert_verdict(alf_judged_run(&t, alf_claim_find("C7"), ALF_HONEST, 20), ALF_INCONCLUSIVE);
  assert_non_null(strstr(t.result.reason, "no limit cycle within 20 steps"));
  alf_judged_tear_down(&t);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(improvement_needs_its_condition),
      cmocka_unit_test(momentum_has_no_preference_rule),
      cmocka_unit_test(uneven_steps_are_no_common_step),
      cmocka_unit_test(steps_are_those_published),
      cmocka_unit_test(band_needs_q),
      cmocka_unit_test(band_needs_to_start_from_zero),
      cmocka_unit_test(band_says_when_it_says_nothing),
      cmocka_unit_test(static_balance_needs_general_position),
      cmocka_unit_test(duality_is_exact_to_the_last_unit),
      cmocka_unit_test(unsolved_instances_are_inconclusive),
      cmocka_unit_test(limit_cycles_drift_together),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
