/* What approximate solvers promise: a routing that satisfies every constraint exactly, bounds that are true, records in
   order. Every one of the table passes the same tests. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "alf/solver.h"
#include "problems.h"

/* Source and K. On the first EASY ones, whose loads are whole, the gap is held to a bound. */
static const struct instance {
  const char *source;
  int32_t topk;
} instances[] = {
    {"uniform:T=256,E=8", 1},         {"softmax:T=1024,E=32", 4},
    {"softmax:T=512,E=16,skew=2", 3}, {"uniform:T=1,E=2", 1},
    {"uniform:T=1,E=5", 4},           {"grid:T=6,E=3,levels=2", 2},
    {"grid:T=33,E=12,levels=1", 5},   {"gauss_sigmoid:T=61,E=7", 3},
    {"grid:T=120,E=6,levels=3", 2},   {"adversarial:T=48,E=8,kind=0", 2},
    {"uniform:T=3,E=32", 31},         {"dirichlet:T=200,E=5,concentration=0.05", 1},
};
enum { INSTANCES = sizeof instances / sizeof *instances, EASY = 3 };
static const double easy_gap = 1e-3; /* of the objective */

/* The certificate of an approximate solution, all of whose constraints hold. */
static alf_certificate certify(const alf_problem *problem, const alf_solution *solution, const char *what)
{
  alf_error err = {0};
  alf_certificate c;
  assert_ok(alf_certify(problem, solution, &c, &err), &err);
  if (c.row_violations || c.entry_violations || c.load_violations || c.gap < 0)
    fail_msg("%s: gap %g, rows %lld, entries %lld, loads %lld", what, c.gap, (long long)c.row_violations,
             (long long)c.entry_violations, (long long)c.load_violations);
  return c;
}

static double optimum_of(const alf_problem *problem)
{
  alf_error err = {0};
  alf_solution solution = {0};
  assert_ok(alf_solve(alf_solver_find("auto"), problem, NULL, &solution, &err), &err);
  alf_certificate c = certify(problem, &solution, "auto");
  assert_true(c.certified);
  alf_solution_free(&solution);
  return c.objective;
}

static void test_constraints_and_gap(void **state)
{
  const alf_solver *solver = *state;
  alf_error err = {0};
  for (int i = 0; i < INSTANCES; i++) {
    alf_affinity batch = {0};
    alf_test_batch(instances[i].source, &batch);
    for (int kind = ALF_FRACTIONAL; kind <= ALF_ROUNDED; kind++) {
      alf_problem problem = {&batch, instances[i].topk, (alf_problem_kind)kind};
      alf_solution solution = {0};
      assert_ok(alf_solve(solver, &problem, NULL, &solution, &err), &err);
      alf_certificate c = certify(&problem, &solution, instances[i].source);
      if (i < EASY && c.gap > easy_gap * c.objective)
        fail_msg("%s, %s: gap %g of %g", solver->name, instances[i].source, c.gap, c.objective);
      if (kind == ALF_ROUNDED)
        assert_int_equal(c.fractional_entries, 0);
      alf_solution_free(&solution);
    }
    alf_affinity_free(&batch);
  }
}

/* Experts that no token or that every token must choose, and loads far apart: slots then move along paths. */
static void test_capacities(void **state)
{
  const alf_solver *solver = *state;
  enum { T = 40, E = 6 };
  static const int64_t capacity[][E] = {
      {0, T, 20, 20, 0, T}, {1, T - 1, T, 0, T, 0}, {20, 20, 20, 20, 20, 20}, {T, T, T, 0, 0, 0}};
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_test_batch("softmax:T=40,E=6,skew=2", &batch);
  for (size_t c = 0; c < sizeof capacity / sizeof *capacity; c++) {
    alf_problem problem = {&batch, 3, ALF_FRACTIONAL, capacity[c]};
    alf_solution solution = {0};
    assert_ok(alf_solve(solver, &problem, NULL, &solution, &err), &err);
    certify(&problem, &solution, "capacities");
    alf_solution_free(&solution);
  }
  alf_affinity_free(&batch);
}

typedef struct log {
  int records;
  alf_progress last, worst; /* `worst`: with the lowest dual bound */
} log;

static void observe(void *context, const alf_progress *progress)
{
  log *l = context;
  assert_true(progress->violation >= 0);
  if (l->records++) {
    assert_true(progress->seconds >= l->last.seconds);
    assert_true(progress->iterations >= l->last.iterations);
  }
  if (l->records == 1 || progress->dual_bound < l->worst.dual_bound)
    l->worst = *progress;
  l->last = *progress;
}

/* Records come in order, their bounds are true, and the last one is what the certificate finds. */
static void test_progress(void **state)
{
  const alf_solver *solver = *state;
  for (int i = 0; i < EASY; i++) {
    alf_error err = {0};
    alf_affinity batch = {0};
    log l = {0};
    alf_test_batch(instances[i].source, &batch);
    alf_problem problem = {&batch, instances[i].topk, ALF_FRACTIONAL};
    alf_solution solution = {0};
    alf_solve_settings settings = {.observe = observe, .context = &l};
    double optimum = optimum_of(&problem);
    assert_ok(alf_solve(solver, &problem, &settings, &solution, &err), &err);
    alf_certificate c = certify(&problem, &solution, instances[i].source);
    assert_true(l.records >= 2 && l.last.iterations >= 1 && l.last.iterations == solution.iterations);
    assert_true(l.worst.dual_bound >= optimum * (1 - 1e-14));
    assert_true(l.last.violation == 0);
    assert_near(l.last.objective, c.objective, 1e-12 * optimum);
    assert_near(l.last.dual_bound, c.dual_bound, 1e-12 * optimum);
    alf_solution_free(&solution);
    alf_affinity_free(&batch);
  }
}

/* The result is a function of the problem, also when it is observed, and the limit of iterations is kept. */
static void test_repeatable(void **state)
{
  const alf_solver *solver = *state;
  alf_error err = {0};
  alf_affinity batch = {0};
  log l = {0};
  alf_test_batch("softmax:T=200,E=8,skew=1", &batch);
  alf_problem problem = {&batch, 2, ALF_FRACTIONAL};
  alf_solution first = {0}, second = {0};
  alf_solve_settings settings = {.iterations = 3, .threads = 1};
  assert_ok(alf_solve(solver, &problem, &settings, &first, &err), &err);
  settings = (alf_solve_settings){.iterations = 3, .timeout = 1000, .observe = observe, .context = &l};
  assert_ok(alf_solve(solver, &problem, &settings, &second, &err), &err);
  assert_true(first.iterations <= 3 && second.iterations == first.iterations);
  assert_memory_equal(first.row, second.row, 201 * sizeof *first.row);
  assert_memory_equal(first.expert, second.expert, (size_t)first.row[200] * sizeof *first.expert);
  assert_memory_equal(first.amount, second.amount, (size_t)first.row[200] * sizeof *first.amount);
  assert_memory_equal(first.price, second.price, 8 * sizeof *first.price);
  certify(&problem, &first, "three iterations");
  alf_solution_free(&first);
  alf_solution_free(&second);
  alf_affinity_free(&batch);
}

static void test_refuses_settings(void **state)
{
  const alf_solver *solver = *state;
  assert_non_null(strstr(solver->summary, "approximate")); /* so that alflab list tells */
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_test_batch("uniform:T=5,E=4", &batch);
  alf_problem problem = {&batch, 2, ALF_FRACTIONAL};
  alf_solution solution = {0};
  alf_solve_settings settings = {.tolerance = -1};
  assert_fails(alf_solve(solver, &problem, &settings, &solution, &err), ALF_EINVAL, &err, "tolerance is -1");
  settings = (alf_solve_settings){.iterations = -1};
  assert_fails(alf_solve(solver, &problem, &settings, &solution, &err), ALF_EINVAL, &err, "iterations is -1");
  alf_affinity_free(&batch);
}

int main(void)
{
  enum { TESTS_EACH = 5, MOST_SOLVERS = 32 };
  static const struct CMUnitTest contract[TESTS_EACH] = {
      cmocka_unit_test(test_constraints_and_gap),
      cmocka_unit_test(test_capacities),
      cmocka_unit_test(test_progress),
      cmocka_unit_test(test_repeatable),
      cmocka_unit_test(test_refuses_settings),
  };
  static struct CMUnitTest tests[MOST_SOLVERS * TESTS_EACH];
  static char names[MOST_SOLVERS * TESTS_EACH][80];
  size_t count = 0;
  for (const alf_solver *const *solver = alf_solvers; *solver; solver++)
    for (int t = 0; (*solver)->approximate && t < TESTS_EACH && count < MOST_SOLVERS * TESTS_EACH; t++, count++) {
      snprintf(names[count], sizeof names[count], "%s: %s", (*solver)->name, contract[t].name);
      tests[count] = contract[t];
      tests[count].name = names[count];
      tests[count].initial_state = (void *)(uintptr_t)*solver;
    }
  return count > 0 ? _cmocka_run_group_tests("approximate", tests, count, NULL, NULL) : 1;
}
