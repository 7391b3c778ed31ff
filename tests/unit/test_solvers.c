/* The contract of solvers: every solver of the table passes the same battery; what approximate ones promise instead of
   the optimum is in test_approximate.c. */
#include "support.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "alf/solver.h"
#include "problems.h"

/* Source and K. The first TINY ones are small enough for every solver. */
static const struct instance {
  const char *source;
  int32_t topk;
} instances[] = {
    {"uniform:T=1,E=2", 1},
    {"uniform:T=1,E=5", 4},
    {"uniform:T=4,E=2", 1},
    {"grid:T=6,E=3,levels=2", 2},
    {"uniform:T=5,E=4", 3},
    {"grid:T=4,E=4,levels=1", 2},
    {"uniform:T=64,E=8", 1},
    {"softmax:T=96,E=8", 7},
    {"gauss_sigmoid:T=61,E=7", 3},
    {"softmax:T=50,E=16,skew=3", 2},
    {"grid:T=120,E=6,levels=3", 2},
    {"grid:T=33,E=12,levels=1", 5},
    {"adversarial:T=48,E=8,kind=0", 2},
    {"softmax:T=1,E=64", 6},
    {"uniform:T=3,E=32", 31},
    {"dirichlet:T=200,E=5,concentration=0.05", 1},
};
enum { INSTANCES = sizeof instances / sizeof *instances, TINY = 6 };

static bool supports(const alf_solver *solver, const alf_problem *problem)
{
  alf_error err = {0};
  alf_status status = solver->can(problem, &err);
  if (status)
    assert_fails(status, ALF_EUNSUPPORTED, &err, solver->name);
  return status == ALF_OK;
}

static void assert_optimal(const alf_certificate *c, const alf_solver *solver, const char *source,
                           alf_problem_kind kind)
{
  if (c->certified && c->gap == 0)
    return;
  print_error("%s, %s, %s: gap %g, rows %lld, entries %lld, loads %lld, slackness %lld\n", solver->name, source,
              kind == ALF_ROUNDED ? "rounded" : "fractional", c->gap, (long long)c->row_violations,
              (long long)c->entry_violations, (long long)c->load_violations, (long long)c->slackness_violations);
  fail();
}

/* Solves and certifies; returns the exact objective. */
static alf_int128 solve(const alf_solver *solver, const alf_problem *problem, const char *source)
{
  alf_error err = {0};
  alf_solution solution = {0};
  alf_certificate c;
  assert_ok(alf_solve(solver, problem, NULL, &solution, &err), &err);
  assert_ok(alf_certify(problem, &solution, &c, &err), &err);
  assert_optimal(&c, solver, source, problem->kind);
  assert_true(solution.seconds >= 0 && solution.row[solution.tokens] <= solution.room);
  if (problem->kind == ALF_ROUNDED)
    assert_int_equal(c.fractional_entries, 0);
  alf_solution_free(&solution);
  return c.primal;
}

static void check_instance(const alf_solver *solver, const struct instance *instance, bool must)
{
  alf_affinity batch = {0};
  alf_test_batch(instance->source, &batch);
  for (int kind = ALF_FRACTIONAL; kind <= ALF_ROUNDED; kind++) {
    alf_problem problem = {&batch, instance->topk, (alf_problem_kind)kind};
    if (!must && !supports(solver, &problem))
      continue;
    alf_int128 expected = solve(alf_solver_find("auto"), &problem, instance->source);
    assert_true(solve(solver, &problem, instance->source) == expected);
  }
  alf_affinity_free(&batch);
}

static void test_battery(void **state)
{
  const alf_solver *solver = *state;
  for (int i = 0; i < INSTANCES; i++)
    check_instance(solver, &instances[i], i < TINY);
}

/* Differences of one unit of 2^-40 decide: row i prefers expert 0 by i units. */
static void test_smallest_differences(void **state)
{
  const alf_solver *solver = *state;
  enum { T = 6 };
  int64_t cells[2 * T];
  for (int i = 0; i < T; i++) {
    cells[2 * i] = (INT64_C(1) << 40) + i;
    cells[2 * i + 1] = INT64_C(1) << 40;
  }
  alf_affinity batch = alf_test_grid(T, 2, 40, cells);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_int128 expected = (alf_int128)T * (INT64_C(1) << 40) + 3 + 4 + 5;
  assert_true(solve(solver, &problem, "one unit") == expected);
  /* The same beside differences 2^40 times as large, which must not drown them. */
  cells[1] = -(INT64_C(1) << 40);
  expected = (alf_int128)T * (INT64_C(1) << 40) + 4 + 5;
  assert_true(solve(solver, &problem, "one unit beside 2^41") == expected);
}

/* What another call left in the solution is released, and the result does not depend on it. */
static void test_repeatable(void **state)
{
  const alf_solver *solver = *state;
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_test_batch("uniform:T=5,E=4", &batch);
  alf_problem problem = {&batch, 2, ALF_FRACTIONAL};
  alf_solution first = {0}, second = {0};
  assert_ok(alf_solve(solver, &problem, &(alf_solve_settings){.timeout = 100, .threads = 1}, &first, &err), &err);
  problem.kind = ALF_ROUNDED;
  assert_ok(alf_solve(solver, &problem, NULL, &second, &err), &err);
  problem.kind = ALF_FRACTIONAL;
  assert_ok(alf_solve(solver, &problem, NULL, &second, &err), &err);
  size_t entries = (size_t)first.row[5];
  assert_memory_equal(first.row, second.row, 6 * sizeof *first.row);
  assert_memory_equal(first.expert, second.expert, entries * sizeof *first.expert);
  assert_memory_equal(first.amount, second.amount, entries * sizeof *first.amount);
  assert_memory_equal(first.price, second.price, 4 * sizeof *first.price);
  assert_int_equal(first.pivots, second.pivots);
  alf_solution_free(&first);
  alf_solution_free(&second);
  alf_affinity_free(&batch);
}

static void test_describes_itself(void **state)
{
  const alf_solver *solver = *state;
  assert_true(solver->name[0] && solver->summary[0] && !strchr(solver->summary, '\n'));
  assert_ptr_equal(alf_solver_find(solver->name), solver);
  alf_affinity batch = {0};
  alf_test_batch("uniform:T=5,E=4", &batch);
  double small = solver->estimate(&(alf_problem){&batch, 2, ALF_ROUNDED});
  alf_affinity_free(&batch);
  alf_test_batch("uniform:T=512,E=4", &batch);
  double large = solver->estimate(&(alf_problem){&batch, 2, ALF_ROUNDED});
  alf_affinity_free(&batch);
  assert_true(small > 0 && small < 1 && large > small);
  solver->free(NULL);
}

/* A time limit far below what the instance takes; enumerate refuses the instance instead. */
static void test_timeout(void **state)
{
  const alf_solver *solver = *state;
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_test_batch("softmax:T=2048,E=64", &batch);
  alf_problem problem = {&batch, 6, ALF_FRACTIONAL};
  alf_solution solution = {0}, zero = {0};
  alf_status expected = supports(solver, &problem) ? ALF_ETIMEOUT : ALF_EUNSUPPORTED;
  alf_status status = alf_solve(solver, &problem, &(alf_solve_settings){.timeout = 1e-3}, &solution, &err);
  assert_fails(status, expected, &err, expected == ALF_ETIMEOUT ? "time limit reached" : "expected at most");
  assert_memory_equal(&solution, &zero, sizeof zero);
  alf_affinity_free(&batch);
}

static void test_refuses_settings(void **state)
{
  (void)state;
  alf_error err = {0};
  const alf_solver *solver = alf_solver_find("auto");
  alf_affinity batch = {0};
  alf_test_batch("uniform:T=5,E=4", &batch);
  alf_problem problem = {&batch, 2, ALF_FRACTIONAL};
  alf_solution solution = {0};
  assert_fails(alf_solve(NULL, &problem, NULL, &solution, &err), ALF_EINVAL, &err, "solver: expected one of");
  alf_solve_settings settings = {.timeout = -1};
  assert_fails(alf_solve(solver, &problem, &settings, &solution, &err), ALF_EINVAL, &err, "timeout is -1");
  settings.timeout = (double)NAN;
  assert_fails(alf_solve(solver, &problem, &settings, &solution, &err), ALF_EINVAL, &err, "timeout is");
  settings = (alf_solve_settings){.threads = -2};
  assert_fails(alf_solve(solver, &problem, &settings, &solution, &err), ALF_EINVAL, &err, "threads is -2");
  problem.topk = 4;
  assert_fails(alf_solve(solver, &problem, NULL, &solution, &err), ALF_EINVAL, &err, "4");
  alf_affinity_free(&batch);
  int64_t cells[] = {1, 2, 3, INT64_C(1) << 41};
  batch = alf_test_grid(2, 2, 40, cells);
  problem.topk = 1;
  assert_fails(alf_solve(solver, &problem, NULL, &solution, &err), ALF_ERANGE, &err, "token 1 for expert 1");
}

static void test_table(void **state)
{
  (void)state;
  assert_ptr_equal(alf_solver_find("auto"), alf_solver_find("exchange"));
  assert_non_null(alf_solver_find("glpk-simplex"));
  assert_non_null(alf_solver_find("glpk-interior"));
  assert_non_null(alf_solver_find("glpk-mincost"));
  assert_non_null(alf_solver_find("enumerate"));
  assert_null(alf_solver_find("no such solver"));
  for (const alf_solver *const *a = alf_solvers; *a; a++)
    for (const alf_solver *const *b = a + 1; *b; b++)
      assert_string_not_equal((*a)->name, (*b)->name);
}

/* A full LP of 2^20 × 64 cells would take 27 GB; the window takes any size. */
static void test_size_limits(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_affinity shape = {.dtype = ALF_DYADIC, .tokens = 1 << 20, .experts = 64};
  alf_problem problem = {&shape, 6, ALF_FRACTIONAL};
  static const char *const limited[] = {"glpk-simplex", "glpk-interior", "glpk-mincost", "enumerate"};
  for (int i = 0; i < 4; i++)
    assert_false(supports(alf_solver_find(limited[i]), &problem));
  assert_ok(alf_solver_find("auto")->can(&problem, &err), &err);
}

/* Optima near which the paper's experiments start: sigmoid of 2·g and of g/5, 512 tokens, 8 experts, top-2. */
static void test_known_optima(void **state)
{
  (void)state;
  static const struct {
    const char *source;
    double optimum;
  } rows[] = {{"gauss_sigmoid:T=512,E=8,factor=2", 876}, {"gauss_sigmoid:T=512,E=8,factor=0.2", 569}};
  for (int i = 0; i < 2; i++) {
    alf_affinity batch = {0};
    alf_test_batch(rows[i].source, &batch);
    alf_problem problem = {&batch, 2, ALF_FRACTIONAL};
    alf_int128 optimum = solve(alf_solver_find("auto"), &problem, rows[i].source);
    assert_near(alf_int128_to_double(optimum, batch.grid_bits, 1), rows[i].optimum, 0.01 * rows[i].optimum);
    alf_affinity_free(&batch);
  }
}

/* The fast solver at a size where ties, duplicate rows and skew come in numbers. */
static void test_auto_at_size(void **state)
{
  (void)state;
  static const char *const sources[] = {"softmax:T=1500,E=32,skew=3", "grid:T=1500,E=32,levels=3",
                                        "adversarial:T=1500,E=32,kind=2"};
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    alf_affinity batch = {0};
    alf_test_batch(sources[i], &batch);
    for (int kind = ALF_FRACTIONAL; kind <= ALF_ROUNDED; kind++) {
      alf_problem problem = {&batch, 5, (alf_problem_kind)kind};
      solve(alf_solver_find("auto"), &problem, sources[i]);
    }
    alf_affinity_free(&batch);
  }
}

enum { TESTS_EACH = 5, OF_EXACT = 2, MOST_SOLVERS = 32 }; /* the first OF_EXACT are for exact solvers only */

/* The tests of the contract, once for each solver. */
static size_t add_contract(struct CMUnitTest *tests)
{
  static const struct CMUnitTest contract[TESTS_EACH] = {
      cmocka_unit_test(test_battery),    cmocka_unit_test(test_smallest_differences),
      cmocka_unit_test(test_repeatable), cmocka_unit_test(test_describes_itself),
      cmocka_unit_test(test_timeout),
  };
  static char names[MOST_SOLVERS * TESTS_EACH][80];
  size_t count = 0;
  for (const alf_solver *const *solver = alf_solvers; *solver; solver++)
    for (int t = (*solver)->approximate ? OF_EXACT : 0; t < TESTS_EACH && count < MOST_SOLVERS * TESTS_EACH;
         t++, count++) {
      snprintf(names[count], sizeof names[count], "%s: %s", (*solver)->name, contract[t].name);
      tests[count] = contract[t];
      tests[count].name = names[count];
      tests[count].initial_state = (void *)(uintptr_t)*solver;
    }
  return count;
}

int main(void)
{
  static struct CMUnitTest tests[MOST_SOLVERS * TESTS_EACH + 8];
  const struct CMUnitTest once[] = {
      cmocka_unit_test(test_refuses_settings), cmocka_unit_test(test_table),        cmocka_unit_test(test_size_limits),
      cmocka_unit_test(test_known_optima),     cmocka_unit_test(test_auto_at_size),
  };
  size_t count = add_contract(tests);
  for (size_t i = 0; i < sizeof once / sizeof *once; i++)
    tests[count++] = once[i];
  return _cmocka_run_group_tests("solvers", tests, count, NULL, NULL);
}
