/* Loads L_k of each expert's own: what is refused, and every solver on the corner cases, against enumeration. */
#include "support.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "alf/solver.h"
#include "problems.h"

static const int64_t limit = (INT64_C(1) << 41) - 1;

static void test_refuses(void **state)
{
  (void)state;
  static const struct {
    int64_t capacity[3];
    const char *words;
  } rows[] = {
      {{3, 3, 1}, "capacities add up to 7: expected K*T = 8"},
      {{4, 4, 1}, "capacities add up to 9: expected K*T = 8"},
      {{4, 5, -1}, "capacity of expert 1 is 5: expected 0..4"},
      {{4, -1, 5}, "capacity of expert 1 is -1: expected 0..4"},
      {{INT64_MAX, INT64_MIN, 9}, "capacity of expert 0 is 9223372036854775807: expected 0..4"},
      {{4, 4, INT64_MIN}, "capacity of expert 2 is -9223372036854775808: expected 0..4"},
  };
  static const int64_t cells[12] = {1, 2, 3};
  alf_error err = {0};
  alf_affinity batch = alf_test_grid(4, 3, 40, cells);
  alf_solution solution = {0}, zero = {0};
  alf_certificate c;
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    alf_problem problem = {.batch = &batch, .topk = 2, .capacity = rows[r].capacity};
    assert_fails(alf_problem_check(&problem, &err), ALF_EINVAL, &err, rows[r].words);
    assert_fails(alf_solve(alf_solver_find("auto"), &problem, NULL, &solution, &err), ALF_EINVAL, &err, rows[r].words);
    assert_fails(alf_certify(&problem, &zero, &c, &err), ALF_EINVAL, &err, rows[r].words);
    assert_memory_equal(&solution, &zero, sizeof zero);
  }
}

/* Capacities fix every load in whole slots, whatever the kind says. */
static void test_ranges(void **state)
{
  (void)state;
  static const int64_t cells[15] = {0}, capacity[] = {5, 0, 5};
  alf_error err = {0};
  alf_affinity batch = alf_test_grid(5, 3, 40, cells);
  alf_problem problem = {.batch = &batch, .topk = 2};
  assert_int_equal(alf_problem_target(&problem, 1), 10);
  problem.capacity = capacity;
  for (int kind = ALF_FRACTIONAL; kind <= ALF_ROUNDED; kind++) {
    problem.kind = (alf_problem_kind)kind;
    assert_ok(alf_problem_check(&problem, &err), &err);
    assert_int_equal(alf_problem_denominator(&problem), 1);
    assert_false(alf_problem_has_free_load(&problem));
    for (int32_t k = 0; k < 3; k++) {
      assert_int_equal(alf_problem_load_range(&problem, k).lower, capacity[k]);
      assert_int_equal(alf_problem_load_range(&problem, k).upper, capacity[k]);
      assert_int_equal(alf_problem_target(&problem, k), 3 * capacity[k]);
    }
  }
}

/* A certified solution whose loads are the capacities; the caller frees. */
static alf_certificate solve(const alf_solver *solver, const alf_problem *problem, alf_solution *solution)
{
  alf_error err = {0};
  alf_certificate c = {0};
  assert_ok(alf_solve(solver, problem, NULL, solution, &err), &err);
  assert_ok(alf_certify(problem, solution, &c, &err), &err);
  assert_true(c.certified);
  assert_int_equal(c.fractional_entries, 0);
  int64_t load[64] = {0};
  for (int64_t e = 0; e < solution->row[solution->tokens]; e++)
    load[solution->expert[e]] += solution->amount[e];
  for (int32_t k = 0; k < solution->experts && problem->capacity; k++)
    assert_int_equal(load[k], problem->capacity[k]);
  return c;
}

static alf_int128 optimum(const alf_solver *solver, const alf_problem *problem)
{
  alf_solution solution = {0};
  alf_certificate c = solve(solver, problem, &solution);
  alf_solution_free(&solution);
  return c.primal;
}

/* T, E, K and capacities: 0 and T, one token, two experts, one expert left out, nothing to choose. */
static const struct {
  int64_t tokens, capacity[5];
  int32_t experts, topk;
} corners[] = {
    {4, {0, 4}, 2, 1},          {4, {4, 0}, 2, 1},          {5, {1, 4}, 2, 1},    {1, {0, 1, 0, 1, 1}, 5, 3},
    {1, {1, 0}, 2, 1},          {4, {4, 0, 2, 2, 0}, 5, 2}, {3, {0, 3, 0}, 3, 1}, {4, {4, 4, 4, 0, 0}, 5, 3},
    {4, {0, 4, 4, 4, 4}, 5, 4}, {4, {1, 3, 4, 4, 4}, 5, 4}, {5, {2, 2, 1}, 3, 1}, {6, {1, 5, 6}, 3, 2},
};

/* Ordinary cells, ties, and both ends of the grid, where prices are as far apart as they can be. */
static void fill(int pattern, int64_t *cells, int64_t count)
{
  for (int64_t c = 0; c < count; c++) {
    int64_t value = c * 7919 % 101;
    cells[c] = pattern == 0 ? value << 30 : pattern == 1 ? value % 2 : value % 2 ? limit : -limit;
  }
}

static void test_corners(void **state)
{
  const alf_solver *solver = *state;
  int64_t cells[30];
  for (size_t i = 0; i < sizeof corners / sizeof *corners; i++)
    for (int pattern = 0; pattern < 3; pattern++) {
      fill(pattern, cells, corners[i].tokens * corners[i].experts);
      alf_affinity batch = alf_test_grid(corners[i].tokens, corners[i].experts, 40, cells);
      alf_problem problem = {.batch = &batch, .topk = corners[i].topk, .capacity = corners[i].capacity};
      assert_true(optimum(solver, &problem) == optimum(alf_solver_find("enumerate"), &problem));
    }
}

/* Equal capacities are the problem without any. */
static void test_equal(void **state)
{
  const alf_solver *solver = *state;
  static const int64_t capacity[] = {3, 3, 3, 3};
  alf_affinity batch = {0};
  alf_test_batch("uniform:T=6,E=4", &batch);
  alf_problem problem = {.batch = &batch, .topk = 2};
  alf_int128 expected = optimum(solver, &problem);
  problem.capacity = capacity;
  assert_true(optimum(solver, &problem) == expected);
  alf_affinity_free(&batch);
}

/* An expert that every token wants most by far, and that must get nothing: only a price below the whole range of the
   affinities keeps it out. The other way round for an expert that all must have. */
static void test_prices_at_the_ends(void **state)
{
  const alf_solver *solver = *state;
  static const int64_t idle[] = {0, 2, 2, 2}, full[] = {6, 0, 0, 0};
  int64_t cells[24];
  for (int64_t c = 0; c < 24; c++)
    cells[c] = c % 4 == 0 ? limit : -limit + c * 31 % 7;
  alf_affinity batch = alf_test_grid(6, 4, 40, cells);
  alf_problem problem = {.batch = &batch, .topk = 1, .capacity = idle};
  alf_solution solution = {0};
  solve(solver, &problem, &solution);
  for (int32_t k = 1; k < 4; k++)
    assert_true(solution.price[0] - solution.price[k] <= -2 * limit + 6);
  for (int64_t c = 0; c < 24; c++)
    cells[c] = -cells[c];
  problem.capacity = full;
  solve(solver, &problem, &solution);
  for (int32_t k = 1; k < 4; k++)
    assert_true(solution.price[0] - solution.price[k] >= 2 * limit - 6);
  alf_solution_free(&solution);
}

/* Half of the experts get nothing, one gets every token. */
static void test_at_size(void **state)
{
  const alf_solver *solver = *state;
  static const char *const sources[] = {"softmax:T=120,E=20,skew=3", "grid:T=120,E=20,levels=2"};
  int64_t capacity[20] = {0};
  capacity[0] = 120;
  for (int k = 1; k < 10; k++)
    capacity[2 * k] = 20 + 5 * (k % 3);
  capacity[18] += 360 - 120 - 225;
  for (int s = 0; s < 2; s++) {
    alf_affinity batch = {0};
    alf_test_batch(sources[s], &batch);
    alf_problem problem = {.batch = &batch, .topk = 3, .capacity = capacity};
    if (solver->can(&problem, NULL) == ALF_OK)
      assert_true(optimum(solver, &problem) == optimum(alf_solver_find("glpk-simplex"), &problem));
    alf_affinity_free(&batch);
  }
}

/* enumerate counts only what the capacities allow: 40 experts, of which four have a load. */
static void test_enumerate_leaves_out_idle_experts(void **state)
{
  (void)state;
  int64_t capacity[40] = {[3] = 2, [10] = 1, [20] = 3, [39] = 2};
  alf_affinity batch = {0};
  alf_test_batch("uniform:T=4,E=40", &batch);
  alf_problem problem = {.batch = &batch, .topk = 2, .capacity = capacity};
  assert_true(optimum(alf_solver_find("enumerate"), &problem) == optimum(alf_solver_find("auto"), &problem));
  alf_affinity_free(&batch);
}

/* One way to route the token and one load vector that it leads to, each among 2^20 that need not be looked at. */
static void test_enumerate_follows_no_dead_ends(void **state)
{
  (void)state;
  int64_t capacity[4000] = {0};
  for (int k = 0; k < 20; k++)
    capacity[k] = 1;
  alf_affinity batch = {0};
  alf_test_batch("uniform:T=1,E=4000", &batch);
  alf_problem problem = {.batch = &batch, .topk = 20, .capacity = capacity};
  alf_int128 expected = 0;
  for (int k = 0; k < 20; k++)
    expected += alf_affinity_row(&batch, 0)[k];
  alf_solution solution = {0};
  alf_certificate c = {0};
  alf_error err = {0};
  alf_solve_settings settings = {.timeout = 10};
  assert_ok(alf_solve(alf_solver_find("enumerate"), &problem, &settings, &solution, &err), &err);
  assert_ok(alf_certify(&problem, &solution, &c, &err), &err);
  assert_true(c.certified && c.primal == expected);
  alf_solution_free(&solution);
  alf_affinity_free(&batch);
}

enum { TESTS_EACH = 4, MOST_SOLVERS = 32 };

static size_t add_contract(struct CMUnitTest *tests)
{
  static const struct CMUnitTest contract[TESTS_EACH] = {
      cmocka_unit_test(test_corners),
      cmocka_unit_test(test_equal),
      cmocka_unit_test(test_prices_at_the_ends),
      cmocka_unit_test(test_at_size),
  };
  static char names[MOST_SOLVERS * TESTS_EACH][80];
  size_t count = 0;
  for (const alf_solver *const *solver = alf_solvers; *solver; solver++) {
    if ((*solver)->approximate) /* test_approximate.c has those */
      continue;
    for (int t = 0; t < TESTS_EACH && count < MOST_SOLVERS * TESTS_EACH; t++, count++) {
      snprintf(names[count], sizeof names[count], "%s: %s", (*solver)->name, contract[t].name);
      tests[count] = contract[t];
      tests[count].name = names[count];
      tests[count].initial_state = (void *)(uintptr_t)*solver;
    }
  }
  return count;
}

int main(void)
{
  static struct CMUnitTest tests[MOST_SOLVERS * TESTS_EACH + 4];
  const struct CMUnitTest once[] = {
      cmocka_unit_test(test_refuses),
      cmocka_unit_test(test_ranges),
      cmocka_unit_test(test_enumerate_leaves_out_idle_experts),
      cmocka_unit_test(test_enumerate_follows_no_dead_ends),
  };
  size_t count = add_contract(tests);
  for (size_t i = 0; i < sizeof once / sizeof *once; i++)
    tests[count++] = once[i];
  return _cmocka_run_group_tests("capacities", tests, count, NULL, NULL);
}
