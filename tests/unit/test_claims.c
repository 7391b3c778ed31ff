/* Each claim's check passes honest iterations and refutes broken ones. */
#include "support.h"

#include <string.h>

#include "judged.h"

/* All claims on one run. */
static void check_honest_run(const alf_judged *t, const char *input)
{
  alf_claim_result result[16];
  alf_judged_watch(t, alf_claims, ALF_HONEST, 400, result);
  for (int c = 0; alf_claims[c]; c++) {
    if (result[c].verdict == ALF_REFUTED)
      fail_msg("%s refuted: %s, %s, %s: %s", alf_claims[c]->id, input, t->run.rule->name, t->run.schedule->name,
               result[c].reason);
    assert_false(result[c].margin < 0);
  }
}

/* For the table of claims, whose columns are parted by bars. */
static void check_text(const char *text)
{
  assert_non_null(text);
  assert_true(strlen(text) > 3);
  assert_null(strpbrk(text, "|\n"));
}

static void claims_say_what_they_are(void **state)
{
  (void)state;
  const alf_claim *const *const tables[] = {alf_claims, alf_online_claims};
  for (int t = 0; t < 2; t++)
    for (const alf_claim *const *claim = tables[t]; *claim; claim++) {
      const alf_claim *c = *claim;
      const char *const texts[] = {c->title, c->citation, c->statement, c->hypotheses, c->method, c->arithmetic};
      for (int i = 0; i < 6; i++)
        check_text(texts[i]);
      assert_ptr_equal(alf_claim_find(c->id), t == 0 ? c : NULL);
      assert_true((c->finish != NULL) == (t == 0));
    }
}

static void honest_iterations_pass(void **state)
{
  (void)state;
  static const char *const inputs[] = {"uniform:T=128,E=8", "softmax:T=96,E=6", "grid:T=100,E=7", "dirichlet:T=64,E=5"};
  for (size_t i = 0; i < 4; i++) {
    alf_judged t;
    alf_judged_set_up(&t, inputs[i], 2, "sign", "constant", 0.01);
    for (int r = 0; alf_rules[r]; r++)
      for (int s = 0; alf_schedules[s]; s++) {
        t.run.rule = alf_rules[r];
        t.run.schedule = alf_schedules[s];
        check_honest_run(&t, inputs[i]);
      }
    alf_judged_tear_down(&t);
  }
}

static void honest_iterations_hold(void **state)
{
  (void)state;
  static const char *const ids[] = {"C1", "C2", "C3", "C5", "C6", "C7"};
  alf_judged t;
  alf_judged_set_up(&t, "uniform:T=128,E=8", 2, "sign", "constant", 0.01);
  for (size_t i = 0; i < 6; i++)
    assert_verdict(alf_judged_by_id(&t, ids[i], ALF_HONEST), ALF_HOLDS);
  alf_judged_tear_down(&t);
}

typedef struct mutation {
  const char *id;
  alf_sabotage sabotage;
  const char *input;
} mutation;

static const mutation mutations[] = {
    {"C1", ALF_MOVE_FLIPPED, ALF_GENERAL},     {"C1", ALF_RULE_FLIPPED, ALF_GENERAL},
    {"C1", ALF_STALE_LOADS, ALF_GENERAL},      {"C1", ALF_LARGER_STEP, ALF_GENERAL},
    {"C1", ALF_LOADS_TWICE, ALF_GENERAL},      {"C1", ALF_LAST_DROPPED, ALF_GENERAL},
    {"C2", ALF_MOVE_FLIPPED, ALF_GENERAL},     {"C2", ALF_RULE_FLIPPED, ALF_GENERAL},
    {"C2", ALF_STALE_LOADS, ALF_GENERAL},      {"C2", ALF_LARGER_STEP, ALF_GENERAL},
    {"C2", ALF_LAST_DROPPED, ALF_GENERAL},     {"C2", ALF_NEVER_REROUTED, ALF_GENERAL},
    {"C3", ALF_MOVE_FLIPPED, ALF_GENERAL},     {"C3", ALF_RULE_FLIPPED, ALF_GENERAL},
    {"C3", ALF_STALE_LOADS, ALF_GENERAL},      {"C3", ALF_LAST_DROPPED, ALF_GENERAL},
    {"C3", ALF_RANDOM_TIES, "grid:T=128,E=8"}, {"C4", ALF_MOVE_FLIPPED, ALF_GENERAL},
    {"C4", ALF_RULE_FLIPPED, ALF_GENERAL},     {"C4", ALF_STALE_LOADS, ALF_GENERAL},
    {"C4", ALF_LAST_DROPPED, ALF_GENERAL},     {"C4", ALF_NEVER_REROUTED, ALF_GENERAL},
    {"C6", ALF_LAST_DROPPED, ALF_GENERAL},     {"C6", ALF_NEVER_REROUTED, ALF_GENERAL},
    {"C7", ALF_LARGER_STEP, ALF_GENERAL},      {"C7", ALF_RULE_FLIPPED, ALF_GENERAL},
    {"C7", ALF_STALE_LOADS, ALF_GENERAL},      {"C7", ALF_LAST_DROPPED, ALF_GENERAL},
    {"C7", ALF_NEVER_REROUTED, ALF_GENERAL},   {"C1", ALF_NEVER_REROUTED, ALF_GENERAL},
};

static void broken_iterations_are_refuted(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof mutations / sizeof *mutations; i++) {
    const mutation *m = &mutations[i];
    alf_judged t;
    alf_judged_set_up(&t, m->input, 2, "sign", "constant", 0.01);
    alf_verdict verdict = alf_judged_by_id(&t, m->id, m->sabotage);
    if (verdict != ALF_REFUTED)
      print_error("mutation %zu: %s, sabotage %d: %s\n", i, m->id, (int)m->sabotage, t.result.reason);
    assert_verdict(verdict, ALF_REFUTED);
    assert_true(t.result.margin < 0);
    alf_judged_tear_down(&t);
  }
}

/* Without the optimum, and for a rule whose directions are not excluded by sign. */
static void wrong_routing_is_refuted_without_the_optimum(void **state)
{
  (void)state;
  static const char *const ids[] = {"C1", "C2", "C3", "C7"};
  for (size_t i = 0; i < 4; i++) {
    alf_judged t;
    alf_judged_set_up(&t, ALF_GENERAL, 2, "proportional", "constant", 0.001);
    t.instance.solved = false;
    assert_verdict(alf_judged_by_id(&t, ids[i], ALF_LAST_DROPPED), ALF_REFUTED);
    assert_verdict(alf_judged_by_id(&t, ids[i], ALF_NEVER_REROUTED), ALF_REFUTED);
    alf_judged_tear_down(&t);
  }
}

/* The deterministic claims need one batch, repeated. */
static void a_stream_meets_no_hypothesis(void **state)
{
  (void)state;
  const alf_claim *claims[] = {alf_claim_find("C1"), alf_claim_find("C6"), NULL};
  alf_judged t;
  alf_watch *watch = NULL;
  alf_error err = {0};
  alf_claim_result results[2];
  alf_judged_set_up(&t, ALF_GENERAL, 2, "sign", "constant", 0.01);
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
  alf_judged_tear_down(&t);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(claims_say_what_they_are),
      cmocka_unit_test(honest_iterations_pass),
      cmocka_unit_test(honest_iterations_hold),
      cmocka_unit_test(broken_iterations_are_refuted),
      cmocka_unit_test(wrong_routing_is_refuted_without_the_optimum),
      cmocka_unit_test(a_stream_meets_no_hypothesis),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
