/* Each claim's check holds for an honest iteration and is refuted by a broken one, or when a hypothesis is dropped. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "alf/verify.h"
#include "reference.h"

typedef struct trial {
  alf_affinity batch;
  alf_instance instance;
  alf_run run;
  alf_claim_result result;
  double shift[64]; /* p^0 */
} trial;

static void set_up(trial *t, const char *input, int32_t topk, const char *rule, const char *schedule, double u)
{
  alf_error err = {0};
  alf_instance_settings settings = {.solve = true, .timeout = 60, .crowding_count = 1, .step_size = &u};
  memset(t, 0, sizeof *t);
  alf_test_batch(input, &t->batch);
  assert_ok(alf_instance_prepare(&t->instance, &t->batch, topk, &settings, &err), &err);
  assert_true(t->instance.solved);
  t->run = (alf_run){&t->instance, alf_rule_find(rule), alf_schedule_find(schedule), u, true, NULL};
}

static void tear_down(trial *t)
{
  alf_instance_free(&t->instance);
  alf_affinity_free(&t->batch);
}

/* Judges one claim on `steps` updates of the (possibly broken) reference iteration. */
static alf_verdict judge(trial *t, const alf_claim *claim, alf_sabotage sabotage, int64_t steps)
{
  const alf_claim *claims[] = {claim, NULL};
  alf_iterate_settings settings = {t->run.rule, t->run.schedule, t->run.u, t->instance.topk, t->shift};
  alf_reference *reference = alf_reference_new(&t->batch, &settings, sabotage);
  alf_watch *watch = NULL;
  alf_error err = {0};
  assert_ok(alf_watch_alloc(&watch, &t->run, claims, steps, &err), &err);
  bool over = false;
  for (int64_t n = 0; n < steps && !over; n++)
    over = alf_watch_step(watch, alf_reference_step(reference));
  alf_watch_finish(watch, &t->result);
  alf_watch_free(watch);
  alf_reference_free(reference);
  return t->result.verdict;
}

static alf_verdict judge_id(trial *t, const char *id, alf_sabotage sabotage)
{
  return judge(t, alf_claim_find(id), sabotage, 400);
}

#define assert_verdict(actual, expected) assert_string_equal(alf_verdict_name(actual), alf_verdict_name(expected))

static double measure(const trial *t, const char *name)
{
  for (int m = 0; m < t->result.measures; m++)
    if (!strcmp(t->result.measure[m].name, name))
      return t->result.measure[m].value;
  fail_msg("no measure %s", name);
  return NAN;
}

static void honest_iterations_pass(void **state)
{
  (void)state;
  static const char *const inputs[] = {"uniform:T=128,E=8", "softmax:T=96,E=6", "grid:T=100,E=7", "dirichlet:T=64,E=5"};
  for (size_t i = 0; i < 4; i++)
    for (int r = 0; alf_rules[r]; r++)
      for (int s = 0; alf_schedules[s]; s++)
        for (int c = 0; alf_claims[c]; c++) {
          trial t;
          set_up(&t, inputs[i], 2, alf_rules[r]->name, alf_schedules[s]->name, 0.01);
          alf_verdict verdict = judge_id(&t, alf_claims[c]->id, ALF_HONEST);
          if (verdict == ALF_REFUTED)
            fail_msg("%s refuted: %s, %s, %s: %s", alf_claims[c]->id, inputs[i], alf_rules[r]->name,
                     alf_schedules[s]->name, t.result.reason);
          assert_false(t.result.margin < 0);
          tear_down(&t);
        }
}

static void honest_iterations_hold(void **state)
{
  (void)state;
  static const char *const ids[] = {"C1", "C2", "C3", "C5", "C6", "C7"};
  trial t;
  set_up(&t, "uniform:T=128,E=8", 2, "sign", "constant", 0.01);
  for (size_t i = 0; i < 6; i++)
    assert_verdict(judge_id(&t, ids[i], ALF_HONEST), ALF_HOLDS);
  tear_down(&t);
}

typedef struct mutation {
  const char *id;
  alf_sabotage sabotage;
  const char *input;
} mutation;

#define GENERAL "uniform:T=128,E=8"

static const mutation mutations[] = {
    {"C1", ALF_MOVE_FLIPPED, GENERAL},   {"C1", ALF_RULE_FLIPPED, GENERAL},         {"C1", ALF_STALE_LOADS, GENERAL},
    {"C1", ALF_LARGER_STEP, GENERAL},    {"C1", ALF_LOADS_TWICE, GENERAL},          {"C1", ALF_LAST_DROPPED, GENERAL},
    {"C2", ALF_MOVE_FLIPPED, GENERAL},   {"C2", ALF_RULE_FLIPPED, GENERAL},         {"C2", ALF_STALE_LOADS, GENERAL},
    {"C2", ALF_LARGER_STEP, GENERAL},    {"C2", ALF_LAST_DROPPED, GENERAL},         {"C2", ALF_NEVER_REROUTED, GENERAL},
    {"C3", ALF_MOVE_FLIPPED, GENERAL},   {"C3", ALF_RULE_FLIPPED, GENERAL},         {"C3", ALF_STALE_LOADS, GENERAL},
    {"C3", ALF_LAST_DROPPED, GENERAL},   {"C3", ALF_RANDOM_TIES, "grid:T=128,E=8"}, {"C4", ALF_MOVE_FLIPPED, GENERAL},
    {"C4", ALF_RULE_FLIPPED, GENERAL},   {"C4", ALF_STALE_LOADS, GENERAL},          {"C4", ALF_LAST_DROPPED, GENERAL},
    {"C4", ALF_NEVER_REROUTED, GENERAL}, {"C6", ALF_LAST_DROPPED, GENERAL},         {"C6", ALF_NEVER_REROUTED, GENERAL},
    {"C7", ALF_LARGER_STEP, GENERAL},    {"C7", ALF_RULE_FLIPPED, GENERAL},         {"C7", ALF_STALE_LOADS, GENERAL},
    {"C7", ALF_LAST_DROPPED, GENERAL},   {"C7", ALF_NEVER_REROUTED, GENERAL},       {"C1", ALF_NEVER_REROUTED, GENERAL},
};

static void broken_iterations_are_refuted(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof mutations / sizeof *mutations; i++) {
    const mutation *m = &mutations[i];
    trial t;
    set_up(&t, m->input, 2, "sign", "constant", 0.01);
    alf_verdict verdict = judge_id(&t, m->id, m->sabotage);
    if (verdict != ALF_REFUTED)
      print_error("mutation %zu: %s, sabotage %d: %s\n", i, m->id, (int)m->sabotage, t.result.reason);
    assert_verdict(verdict, ALF_REFUTED);
    assert_true(t.result.margin < 0);
    tear_down(&t);
  }
}

/* Without the optimum, and for a rule whose directions are not excluded by sign. */
static void wrong_routing_is_refuted_without_the_optimum(void **state)
{
  (void)state;
  static const char *const ids[] = {"C1", "C2", "C3", "C7"};
  for (size_t i = 0; i < 4; i++) {
    trial t;
    set_up(&t, GENERAL, 2, "proportional", "constant", 0.001);
    t.instance.solved = false;
    assert_verdict(judge_id(&t, ids[i], ALF_LAST_DROPPED), ALF_REFUTED);
    assert_verdict(judge_id(&t, ids[i], ALF_NEVER_REROUTED), ALF_REFUTED);
    tear_down(&t);
  }
}

/* The deterministic claims need one batch, repeated. */
static void a_stream_meets_no_hypothesis(void **state)
{
  (void)state;
  const alf_claim *claims[] = {alf_claim_find("C1"), alf_claim_find("C6"), NULL};
  trial t;
  alf_watch *watch = NULL;
  alf_error err = {0};
  alf_claim_result results[2];
  set_up(&t, GENERAL, 2, "sign", "constant", 0.01);
  alf_iterate_settings settings = {t.run.rule, t.run.schedule, t.run.u, 2, NULL};
  alf_reference *reference = alf_reference_new(&t.batch, &settings, ALF_HONEST);
  assert_ok(alf_watch_alloc(&watch, &t.run, claims, 10, &err), &err);
  assert_false(alf_watch_step(watch, alf_reference_step(reference)));
  alf_step step = *alf_reference_step(reference);
  alf_affinity other = t.batch;
  step.batch_after = &other;
  assert_true(alf_watch_step(watch, &step));
  alf_watch_finish(watch, results);
  for (int c = 0; c < 2; c++) {
    assert_verdict(results[c].verdict, ALF_HYPOTHESIS_NOT_MET);
    assert_non_null(strstr(results[c].reason, "changed at step 2"));
  }
  alf_watch_free(watch);
  alf_reference_free(reference);
  tear_down(&t);
}

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
  trial t;
  set_up(&t, "uniform:T=128,E=8", 2, "sign", "constant", 0.1);
  assert_verdict(judge(&t, &unconditional, ALF_HONEST, 100), ALF_REFUTED);
  assert_verdict(judge_id(&t, "C2", ALF_HONEST), ALF_HOLDS);
  assert_true(measure(&t, "steps_lagrangian_rose") > 0);
  assert_true(measure(&t, "steps_lagrangian_rose") == measure(&t, "steps_condition_failed"));
  tear_down(&t);
}

/* A sign rule with momentum: v = 0.9 v + sign, δ = u v. */
static size_t momentum_size(int32_t experts)
{
  return (size_t)experts * sizeof(double);
}

static void momentum_update(const alf_rule_input *in, void *state, double *delta)
{
  double *velocity = state;
  for (int32_t k = 0; k < in->experts; k++) {
    int64_t deficit = alf_rule_deficit(in, k);
    velocity[k] = 0.9 * velocity[k] + (double)((deficit > 0) - (deficit < 0));
    delta[k] = in->step_size * velocity[k];
  }
}

static void momentum_has_no_preference_rule(void **state)
{
  (void)state;
  static const char *const ids[] = {"C1", "C2", "C3"};
  alf_rule momentum = {
      .name = "momentum", .form = ALF_FORM_FREE, .state_size = momentum_size, .update = momentum_update};
  trial t;
  set_up(&t, "uniform:T=128,E=8", 2, "sign", "1/sqrt(n)", 0.02);
  t.run.rule = &momentum;
  for (size_t i = 0; i < 3; i++)
    assert_verdict(judge_id(&t, ids[i], ALF_HONEST), ALF_HYPOTHESIS_NOT_MET);
  assert_verdict(judge_id(&t, "C6", ALF_HONEST), ALF_HOLDS);
  momentum.form = ALF_FORM_SIGN; /* the same rule with a false declaration */
  for (size_t i = 0; i < 3; i++)
    assert_verdict(judge_id(&t, ids[i], ALF_HONEST), ALF_REFUTED);
  assert_verdict(judge_id(&t, "C7", ALF_HONEST), ALF_REFUTED);
  tear_down(&t);
}

/* Steps that differ between experts though one ε is declared: expert 0 moves twice as fast. */
static void uneven_update(const alf_rule_input *in, void *state, double *delta)
{
  alf_rule_find("proportional")->update(in, state, delta);
  delta[0] *= 2;
}

static void uneven_steps_are_no_common_step(void **state)
{
  (void)state;
  alf_rule uneven = {.name = "uneven", .form = ALF_FORM_SUBGRADIENT, .update = uneven_update};
  trial t;
  set_up(&t, "uniform:T=128,E=8", 2, "proportional", "1/sqrt(n)", 0.001);
  t.run.rule = &uneven;
  assert_verdict(judge_id(&t, "C1", ALF_HONEST), ALF_HOLDS);
  assert_verdict(judge_id(&t, "C3", ALF_HONEST), ALF_HOLDS);
  uneven.form = ALF_FORM_PROPORTIONAL;
  assert_verdict(judge_id(&t, "C1", ALF_HONEST), ALF_REFUTED);
  assert_verdict(judge_id(&t, "C7", ALF_HONEST), ALF_REFUTED);
  tear_down(&t);
}

/* Twice the step that is published, and a step in another unit of loads than declared. */
static void doubled_update(const alf_rule_input *in, void *state, double *delta)
{
  alf_rule_find("proportional")->update(in, state, delta);
  for (int32_t k = 0; k < in->experts; k++)
    delta[k] *= 2;
}

static void steps_are_those_published(void **state)
{
  (void)state;
  static const char *const ids[] = {"C1", "C2", "C3", "C6", "C7"};
  alf_rule doubled = {.name = "doubled", .form = ALF_FORM_PROPORTIONAL, .update = doubled_update};
  alf_rule confused = *alf_rule_find("proportional-fraction");
  confused.fractions = false;
  trial t;
  set_up(&t, GENERAL, 2, "proportional", "constant", 0.001);
  for (size_t i = 0; i < 5; i++) {
    t.run.rule = &doubled;
    assert_verdict(judge_id(&t, ids[i], ALF_HONEST), ALF_REFUTED);
    t.run.rule = &confused;
    assert_verdict(judge_id(&t, ids[i], ALF_HONEST), ALF_REFUTED);
  }
  tear_down(&t);
}

static void band_needs_q(void **state)
{
  (void)state;
  trial t;
  set_up(&t, "uniform:T=128,E=8", 2, "sign", "constant", 0.2);
  assert_true(t.instance.crowding[0].q > 3);
  t.instance.crowding[0].q = 1; /* understated */
  assert_verdict(judge_id(&t, "C4", ALF_HONEST), ALF_REFUTED);
  tear_down(&t);
}

static void band_needs_to_start_from_zero(void **state)
{
  (void)state;
  trial t;
  set_up(&t, "uniform:T=64,E=4,seed=3", 1, "sign", "constant", 1e-3);
  const alf_claim *c4 = alf_claim_find("C4");
  assert_verdict(judge(&t, c4, ALF_HONEST, 10000), ALF_HOLDS);
  assert_true(measure(&t, "entered") <= measure(&t, "entry_bound"));
  assert_true(measure(&t, "entry_bound") < 2000);
  t.shift[0] = 8; /* 2u a step: far from balance for 4,000 steps */
  assert_verdict(judge(&t, c4, ALF_START_HIDDEN, 3000), ALF_REFUTED);
  assert_verdict(judge(&t, c4, ALF_HONEST, 3000), ALF_HYPOTHESIS_NOT_MET);
  tear_down(&t);
}

static void band_says_when_it_says_nothing(void **state)
{
  (void)state;
  trial t;
  set_up(&t, "uniform:T=128,E=8", 2, "sign", "constant", 1);
  assert_int_equal(t.instance.crowding[0].q, 128);
  assert_verdict(judge_id(&t, "C4", ALF_HONEST), ALF_HYPOTHESIS_NOT_MET);
  assert_non_null(strstr(t.result.reason, "H(1) fails"));
  assert_verdict(judge(&t, alf_claim_find("C4"), ALF_HONEST, 400), ALF_HYPOTHESIS_NOT_MET);
  tear_down(&t);
  set_up(&t, "uniform:T=128,E=8", 2, "proportional", "constant", 0.001);
  assert_verdict(judge_id(&t, "C4", ALF_HONEST), ALF_HYPOTHESIS_NOT_MET);
  tear_down(&t);
  set_up(&t, "uniform:T=64,E=4,seed=3", 1, "sign", "constant", 1e-4);
  assert_verdict(judge(&t, alf_claim_find("C4"), ALF_HONEST, 20), ALF_INCONCLUSIVE);
  tear_down(&t);
}

static void static_balance_needs_general_position(void **state)
{
  (void)state;
  trial t;
  set_up(&t, "adversarial:T=128,E=8,kind=0", 2, "sign", "constant", 0.01);
  assert_verdict(judge_id(&t, "C5", ALF_HONEST), ALF_HYPOTHESIS_NOT_MET);
  t.instance.ties.forest = true;
  assert_verdict(judge_id(&t, "C5", ALF_HONEST), ALF_REFUTED);
  tear_down(&t);
}

static void duality_is_exact_to_the_last_unit(void **state)
{
  (void)state;
  trial t;
  set_up(&t, "uniform:T=128,E=8", 2, "proportional", "1/n", 0.01);
  assert_verdict(judge_id(&t, "C6", ALF_HONEST), ALF_HOLDS);
  assert_near(measure(&t, "best_gap"), 0, 0);
  t.instance.optimum_value += 1; /* one unit of 2^-40/8 too high */
  assert_verdict(judge_id(&t, "C6", ALF_HONEST), ALF_REFUTED);
  t.instance.optimum_value -= 2;
  assert_verdict(judge_id(&t, "C6", ALF_HONEST), ALF_REFUTED);
  tear_down(&t);
}

static void unsolved_instances_are_inconclusive(void **state)
{
  (void)state;
  trial t;
  set_up(&t, "uniform:T=128,E=8", 2, "sign", "constant", 0.01);
  t.instance.solved = false;
  assert_verdict(judge_id(&t, "C5", ALF_HONEST), ALF_INCONCLUSIVE);
  assert_verdict(judge_id(&t, "C6", ALF_HONEST), ALF_INCONCLUSIVE);
  tear_down(&t);
}

static void limit_cycles_drift_together(void **state)
{
  (void)state;
  trial t;
  set_up(&t, "softmax:T=61,E=6,seed=2", 1, "sign", "constant", 0.05); /* E does not divide K·T: p drifts */
  assert_verdict(judge_id(&t, "C7", ALF_HONEST), ALF_HOLDS);
  assert_true(measure(&t, "cycle_length") > 1);
  tear_down(&t);
  set_up(&t, "uniform:T=128,E=8", 2, "sign", "constant", 1e-4);
  assert_verdict(judge(&t, alf_claim_find("C7"), ALF_HONEST, 20), ALF_INCONCLUSIVE);
  assert_non_null(strstr(t.result.reason, "no limit cycle within 20 steps"));
  tear_down(&t);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(honest_iterations_pass),
      cmocka_unit_test(honest_iterations_hold),
      cmocka_unit_test(broken_iterations_are_refuted),
      cmocka_unit_test(wrong_routing_is_refuted_without_the_optimum),
      cmocka_unit_test(a_stream_meets_no_hypothesis),
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
