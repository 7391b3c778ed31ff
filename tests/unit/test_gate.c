/* The regression gate: changes for the worse, put between the objects of the library by the linker, are seen; no change
   is not. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "alf/iterate.h"
#include "alf/solver.h"
#include "routing/router.h"
#include "run/compare.h"
#include "run/runner.h"

/* What is wrong at the moment. */
static enum { NOTHING, STEP, TOPK, WORK } fault;

alf_status __real_alf_iterate_alloc(alf_iterate **it, const alf_affinity *batch, const alf_iterate_settings *settings,
                                    alf_error *err);
alf_status __real_alf_router_alloc(alf_router **router, const alf_affinity *batch, const alf_router_settings *settings,
                                   alf_error *err);
alf_status __real_alf_solve(const alf_solver *solver, const alf_problem *problem, const alf_solve_settings *settings,
                            alf_solution *solution, alf_error *err);
alf_status __wrap_alf_iterate_alloc(alf_iterate **it, const alf_affinity *batch, const alf_iterate_settings *settings,
                                    alf_error *err);
alf_status __wrap_alf_router_alloc(alf_router **router, const alf_affinity *batch, const alf_router_settings *settings,
                                   alf_error *err);
alf_status __wrap_alf_solve(const alf_solver *solver, const alf_problem *problem, const alf_solve_settings *settings,
                            alf_solution *solution, alf_error *err);

/* A step 5 % too large. */
alf_status __wrap_alf_iterate_alloc(alf_iterate **it, const alf_affinity *batch, const alf_iterate_settings *settings,
                                    alf_error *err)
{
  alf_iterate_settings changed = *settings;
  if (fault == STEP)
    changed.u *= 1.05;
  return __real_alf_iterate_alloc(it, batch, &changed, err);
}

/* A Top-K that drops the last of the K experts of every token. */
alf_status __wrap_alf_router_alloc(alf_router **router, const alf_affinity *batch, const alf_router_settings *settings,
                                   alf_error *err)
{
  alf_router_settings changed = *settings;
  if (fault == TOPK)
    changed.topk--;
  return __real_alf_router_alloc(router, batch, &changed, err);
}

/* An approximate solver that begins anew after 30 % of the iterations that it needs. */
alf_status __wrap_alf_solve(const alf_solver *solver, const alf_problem *problem, const alf_solve_settings *settings,
                            alf_solution *solution, alf_error *err)
{
  alf_solution lost = {0};
  alf_status status = __real_alf_solve(solver, problem, settings, solution, err);
  if (fault != WORK || !solver->approximate || status != ALF_OK)
    return status;
  alf_solve_settings early = {.threads = settings->threads, .iterations = (3 * solution->iterations + 9) / 10};
  status = __real_alf_solve(solver, problem, &early, &lost, err);
  solution->iterations += lost.iterations;
  alf_solution_free(&lost);
  return status;
}

#define BALANCE                                                                                                        \
  "[experiment]\nkind = iterate\nrule = sign\ntopk = 2\nevery = yes\nrepetitions = 12\nu = 0.05\n"                     \
  "source = softmax:T=64,E=8,skew=1,batches=200 | gauss_sigmoid:T=64,E=8,skew=0.5,batches=200\n"
#define SOLVE                                                                                                          \
  "[experiment]\nkind = solve\nsolver = pdhg\ntopk = 2\ntolerance = 0.01\nrepetitions = 12\n"                          \
  "source = softmax:T=64,E=8,skew=1\n"
#define CLAIMS                                                                                                         \
  "[experiment]\nkind = verify\nrule = sign\ntopk = 2\nsteps = 60\nclaim = C1,C6\nrepetitions = 4\nu = 0.01\n"         \
  "source = softmax:T=64,E=8,skew=1\n"

/* Runs a config with something wrong, in memory, and closes nothing: the caller does. */
static alf_store *run(const char *text, const char *set, int wrong)
{
  alf_error err = {0};
  alf_config config;
  alf_plan plan;
  alf_store *store;
  alf_runner_result result;
  alf_runner_settings settings = {.jobs = 1};
  fault = NOTHING;
  assert_ok(alf_config_parse(&config, "gate.ini", text, set, &err), &err);
  assert_ok(alf_plan_make(&plan, &config, &err), &err);
  assert_ok(alf_store_open(&store, ":memory:", ALF_STORE_WRITE, &err), &err);
  fault = wrong;
  assert_ok(alf_runner_run(&plan, store, &settings, &result, &err), &err);
  fault = NOTHING;
  assert_int_equal(result.before, 0);
  assert_int_equal(result.failed, 0);
  alf_plan_free(&plan);
  alf_config_free(&config);
  return store;
}

static alf_comparison compare(const char *text, const char *set, int wrong)
{
  alf_error err = {0};
  alf_comparison c;
  alf_store *base = run(text, set, NOTHING), *fresh = run(text, set, wrong);
  assert_ok(alf_compare_stores(&c, base, fresh, true, &err), &err);
  alf_store_close(base);
  alf_store_close(fresh);
  return c;
}

static const alf_compared *row_of(const alf_comparison *c, const char *metric)
{
  for (int64_t r = 0; r < c->count; r++)
    if (!strcmp(c->row[r].metric, metric))
      return &c->row[r];
  fail_msg("no row for %s", metric);
  return NULL;
}

static void a_step_too_large_is_seen(void **state)
{
  alf_comparison c = compare(BALANCE, NULL, STEP);
  (void)state;
  const alf_compared *gap = row_of(&c, "late_gap");
  assert_int_equal(gap->cells, 24);
  assert_int_equal(gap->change, ALF_WORSE);
  assert_true(gap->effect.value > 0.02 && gap->effect.value < 0.3);
  assert_true(c.of[ALF_WORSE] >= 1);
  alf_comparison_free(&c);
}

static void a_dropped_expert_is_seen(void **state)
{
  alf_comparison c = compare(BALANCE, "repetitions=6", TOPK);
  (void)state;
  assert_int_equal(row_of(&c, "regret")->change, ALF_WORSE);
  assert_int_equal(row_of(&c, "objective_lost")->change, ALF_WORSE);
  assert_int_equal(row_of(&c, "objective_lost")->up, 12);
  alf_comparison_free(&c);
  c = compare(CLAIMS, NULL, TOPK); /* the claims say what it is not */
  assert_int_equal(row_of(&c, "C6_verdict")->change, ALF_WORSE);
  assert_int_equal(row_of(&c, "C6_verdict")->up, 4);
  alf_comparison_free(&c);
}

static void more_work_is_seen(void **state)
{
  alf_comparison c = compare(SOLVE, NULL, WORK);
  (void)state;
  const alf_compared *work = row_of(&c, "iterations_made");
  assert_int_equal(work->up, 12);
  assert_int_equal(work->change, ALF_WORSE);
  assert_near(work->effect.value, 0.3, 0.05);
  assert_int_equal(c.of[ALF_WORSE], 1); /* what it finds is the same */
  assert_int_equal(row_of(&c, "gap")->change, ALF_UNCHANGED);
  alf_comparison_free(&c);
}

/* No name of the table is one that its kind does not record. */
static void assert_all_judged(const alf_comparison *c)
{
  for (const alf_judged *j = alf_judged_metrics; j->metric; j++)
    if (j->kind && !strcmp(j->kind, c->row[0].kind) && *j->metric != '*')
      assert_true(row_of(c, j->metric)->cells > 0);
}

static void no_change_is_none(void **state)
{
  static const char *const config[] = {BALANCE, SOLVE, CLAIMS};
  (void)state;
  for (int i = 0; i < 3; i++) {
    alf_error err = {0};
    alf_store *base = run(config[i], "repetitions=2", NOTHING);
    for (int time = 0; time < 10; time++) {
      alf_comparison c;
      alf_store *fresh = run(config[i], "repetitions=2", NOTHING);
      assert_ok(alf_compare_stores(&c, base, fresh, true, &err), &err);
      assert_true(c.count > 4);
      assert_int_equal(c.of[ALF_UNCHANGED], c.count);
      assert_all_judged(&c);
      alf_comparison_free(&c);
      alf_store_close(fresh);
    }
    alf_store_close(base);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_step_too_large_is_seen),
      cmocka_unit_test(a_dropped_expert_is_seen),
      cmocka_unit_test(more_work_is_seen),
      cmocka_unit_test(no_change_is_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
