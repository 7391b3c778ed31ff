/* One cell of a verification: how runs end, and what their verdicts are then worth. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/verify.h"

enum { CLAIMS = 8 };

typedef struct bench {
  alf_affinity batch, real;
  alf_instance instance;
  alf_verify_settings settings;
  alf_claim_result result[CLAIMS];
  alf_error err;
} bench;

static void set_up(bench *b, const char *input, double u)
{
  alf_instance_settings settings = {.solve = true, .crowding_count = 1, .step_size = &u};
  memset(b, 0, sizeof *b);
  alf_test_batch(input, &b->batch);
  assert_ok(alf_affinity_convert(&b->batch, ALF_FLOAT64, &b->real, &b->err), &b->err);
  assert_ok(alf_instance_prepare(&b->instance, &b->batch, 2, &settings, &b->err), &b->err);
  b->settings = (alf_verify_settings){.steps = 40, .cycle_steps = 400, .exact = true, .claims = alf_claims};
}

static void tear_down(bench *b)
{
  alf_instance_free(&b->instance);
  alf_affinity_free(&b->batch);
  alf_affinity_free(&b->real);
}

static alf_status run(bench *b, const char *rule, const char *schedule, double u)
{
  alf_cell cell = {alf_rule_find(rule), alf_schedule_find(schedule), u};
  memset(b->result, 0xff, sizeof b->result); /* every field must be written */
  return alf_verify_cell(&b->instance, b->settings.exact ? NULL : &b->real, &cell, &b->settings, b->result, &b->err);
}

static const alf_claim_result *result_of(const bench *b, const char *id)
{
  for (int c = 0; b->settings.claims[c]; c++)
    if (!strcmp(b->settings.claims[c]->id, id))
      return &b->result[c];
  fail_msg("no claim %s", id);
  return NULL;
}

/* C5 is about the batch, and judged without a run; nothing else is. */
static void assert_broken_off(const bench *b, const char *why)
{
  for (int c = 0; c < CLAIMS; c++) {
    const alf_claim_result *r = &b->result[c];
    if (alf_claims[c]->needs & ALF_NEEDS_CURVATURE) { /* was not asked for */
      assert_string_equal(alf_verdict_name(r->verdict), "inconclusive");
      continue;
    }
    if (alf_claims[c]->fixed_by_batch) {
      assert_string_equal(alf_verdict_name(r->verdict), "holds");
      assert_true(r->margin >= 0 && r->hypotheses > 0);
      continue;
    }
    assert_string_equal(alf_verdict_name(r->verdict), "inconclusive");
    if (!strstr(r->reason, why))
      fail_msg("%s: \"%s\", expected \"%s\"", alf_claims[c]->id, r->reason, why);
  }
}

static void runs_that_cannot_begin_prove_nothing(void **state)
{
  (void)state;
  bench b;
  set_up(&b, "uniform:T=256,E=4", 1e-14);
  assert_fails(run(&b, "sign", "constant", 1e-14), ALF_ERANGE, &b.err, "rounds to 0");
  assert_broken_off(&b, "rounds to 0");
  tear_down(&b);
}

static void runs_that_leave_the_grid_prove_what_they_showed(void **state)
{
  (void)state;
  bench b;
  set_up(&b, "adversarial:T=20,E=8,kind=0", 1e6);
  assert_fails(run(&b, "sign", "constant", 1e6), ALF_ERANGE, &b.err, "leaves the grid");
  const alf_claim_result *c1 = result_of(&b, "C1");
  assert_string_equal(alf_verdict_name(c1->verdict), "inconclusive");
  assert_true(c1->steps > 0 && c1->margin == 0);
  assert_non_null(strstr(c1->reason, "leaves the grid"));
  assert_string_equal(alf_verdict_name(result_of(&b, "C4")->verdict), "hypothesis not met");
  tear_down(&b);
}

static int calls_left;

static bool stop_soon(void)
{
  return calls_left-- == 0;
}

static void interrupted_runs_prove_nothing(void **state)
{
  (void)state;
  bench b;
  set_up(&b, "uniform:T=256,E=4,seed=2", 1e-4);
  b.settings.stop = stop_soon;
  calls_left = 5;
  assert_fails(run(&b, "sign", "constant", 1e-4), ALF_EINTERRUPTED, &b.err, "interrupted after 5 steps");
  assert_broken_off(&b, "interrupted after 5 steps");
  assert_int_equal(result_of(&b, "C1")->steps, 5);
  calls_left = 0;
  assert_fails(run(&b, "sign", "constant", 1e-4), ALF_EINTERRUPTED, &b.err, "interrupted after 0 steps");
  assert_broken_off(&b, "interrupted after 0 steps");
  tear_down(&b);
}

/* Only a constant sign step of an exact run goes on for its limit cycle, and ends when it has it. */
static void runs_are_as_long_as_they_need(void **state)
{
  (void)state;
  bench b;
  set_up(&b, "uniform:T=64,E=8", 1e-3);
  assert_ok(run(&b, "sign", "constant", 1e-3), &b.err);
  const alf_claim_result *c7 = result_of(&b, "C7");
  assert_string_equal(alf_verdict_name(c7->verdict), "holds");
  assert_non_null(strstr(c7->reason, "cycle of length"));
  assert_true(c7->steps > 40 && c7->steps < 400);
  assert_int_equal(result_of(&b, "C1")->worst_step, 1); /* the first of those with the smallest margin */
  b.settings.cycle_steps = 0;
  assert_ok(run(&b, "sign", "constant", 1e-3), &b.err);
  assert_int_equal(result_of(&b, "C7")->steps, 40);
  assert_string_equal(alf_verdict_name(result_of(&b, "C7")->verdict), "inconclusive");
  b.settings.cycle_steps = 400;
  assert_ok(run(&b, "sign", "1/n", 1e-3), &b.err);
  assert_int_equal(result_of(&b, "C7")->steps, 40);
  b.settings.exact = false;
  assert_ok(run(&b, "sign", "constant", 1e-3), &b.err);
  assert_int_equal(result_of(&b, "C7")->steps, 40);
  assert_string_equal(alf_verdict_name(result_of(&b, "C1")->verdict), "holds");
  tear_down(&b);
}

/* Rests for 30 updates, then moves: a shift that stands still says nothing about such a rule's future. */
static alf_status resting_update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)err;
  (void)state;
  for (int32_t k = 0; k < in->experts; k++)
    delta[k] = in->n < 30 ? 0 : in->step_size * (double)alf_rule_deficit(in, k);
  return ALF_OK;
}

static size_t some_state(const alf_rule_shape *shape)
{
  return (size_t)shape->experts;
}

static void only_rules_without_memory_repeat_themselves(void **state)
{
  (void)state;
  bench b;
  set_up(&b, "uniform:T=64,E=8", 1e-3);
  alf_rule resting = {.name = "resting", .form = ALF_FORM_FREE, .update = resting_update};
  alf_cell cell = {&resting, alf_schedule_find("constant"), 1e-3};
  assert_ok(alf_verify_cell(&b.instance, NULL, &cell, &b.settings, b.result, &b.err), &b.err);
  assert_int_equal(b.result[0].steps, 40);
  resting.form = ALF_FORM_SUBGRADIENT;
  assert_ok(alf_verify_cell(&b.instance, NULL, &cell, &b.settings, b.result, &b.err), &b.err);
  assert_int_equal(b.result[0].steps, 40);
  resting.form = ALF_FORM_PROPORTIONAL;
  resting.state_size = some_state;
  assert_ok(alf_verify_cell(&b.instance, NULL, &cell, &b.settings, b.result, &b.err), &b.err);
  assert_int_equal(b.result[0].steps, 40);
  tear_down(&b);
}

/* All loads are inside the band from the start: that is iterate 0, not 1. */
static void the_band_is_watched_from_iterate_0(void **state)
{
  (void)state;
  bench b;
  set_up(&b, "uniform:T=64,E=8", 1e-3);
  assert_ok(run(&b, "sign", "constant", 1e-3), &b.err);
  const alf_claim_result *c4 = result_of(&b, "C4");
  for (int m = 0; m < c4->measures; m++)
    if (!strcmp(c4->measure[m].name, "entered"))
      assert_near(c4->measure[m].value, 0, 0);
  tear_down(&b);
}

/* Balanced and at rest from iterate 0 on. */
static void cycles_may_start_at_iterate_0(void **state)
{
  (void)state;
  const int64_t affinity[] = {9, 5, 1, 1, 9, 5, 5, 1, 9};
  const alf_claim *c7[] = {alf_claim_find("C7"), NULL};
  alf_affinity batch = {ALF_DYADIC, 3, 3, 4, affinity, NULL, 0};
  alf_instance instance = {0};
  alf_instance_settings nothing = {0};
  alf_verify_settings settings = {.steps = 10, .exact = true, .claims = c7};
  alf_cell cell = {alf_rule_find("sign"), alf_schedule_find("constant"), 0.25};
  alf_claim_result result;
  alf_error err = {0};
  assert_ok(alf_instance_prepare(&instance, &batch, 2, &nothing, &err), &err);
  assert_ok(alf_verify_cell(&instance, NULL, &cell, &settings, &result, &err), &err);
  assert_string_equal(result.reason, "cycle of length 1 from step 0, c = 0 for every expert");
  assert_int_equal(result.steps, 2);
  alf_instance_free(&instance);
}

/* D is evaluated apart from the iteration: a Lagrangian that misses it by the last bit is noticed. */
static void gaps_are_computed_twice(void **state)
{
  (void)state;
  bench b;
  set_up(&b, "uniform:T=64,E=8", 1e-3);
  alf_run run_of_b = {&b.instance, alf_rule_find("sign"), alf_schedule_find("1/n"), 1e-3, true, NULL};
  alf_iterate_settings settings = {run_of_b.rule, run_of_b.schedule, run_of_b.u, 2, NULL};
  const alf_claim *c6 = alf_claim_find("C6");
  for (int wrong = 0; wrong < 2; wrong++) {
    alf_iterate *it = NULL;
    alf_observer *observer = NULL;
    void *memory = calloc(1, c6->state_size);
    assert_non_null(memory);
    assert_ok(alf_iterate_alloc(&it, &b.batch, &settings, &b.err), &b.err);
    assert_ok(alf_observer_alloc(&observer, &b.instance, &b.err), &b.err);
    assert_ok(alf_iterate_start(it, &b.batch, &b.err), &b.err);
    for (int n = 1; n <= 4; n++) {
      const alf_step *step;
      alf_facts facts;
      assert_ok(alf_iterate_step(it, &b.batch, &step, &b.err), &b.err);
      alf_observe(observer, step, &facts);
      facts.routing_gap = n == 4 && wrong ? 0x1p-43 : facts.routing_gap;
      c6->observe(memory, &run_of_b, step, &facts);
    }
    alf_claim_result result = {.margin = NAN, .steps = 4};
    c6->finish(memory, &run_of_b, &result);
    assert_string_equal(alf_verdict_name(result.verdict), wrong ? "refuted" : "holds");
    free(memory);
    alf_observer_free(observer);
    alf_iterate_free(it);
  }
  tear_down(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(runs_that_cannot_begin_prove_nothing),
      cmocka_unit_test(runs_that_leave_the_grid_prove_what_they_showed),
      cmocka_unit_test(interrupted_runs_prove_nothing),
      cmocka_unit_test(runs_are_as_long_as_they_need),
      cmocka_unit_test(only_rules_without_memory_repeat_themselves),
      cmocka_unit_test(the_band_is_watched_from_iterate_0),
      cmocka_unit_test(cycles_may_start_at_iterate_0),
      cmocka_unit_test(gaps_are_computed_twice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
