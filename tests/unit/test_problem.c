/* The assignment problem: what is refused, denominators, load ranges, memory of solutions. */
#include "support.h"

#include <string.h>

#include "problems.h"

static const int64_t cells[64] = {1, 2, 3};

static void test_refuses(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_affinity batch = alf_test_grid(4, 4, 40, cells);
  alf_problem problem = {&batch, 2, ALF_ROUNDED};
  assert_ok(alf_problem_check(&problem, &err), &err);
  problem.kind = (alf_problem_kind)2;
  assert_fails(alf_problem_check(&problem, &err), ALF_EINVAL, &err, "kind is 2");
  problem.kind = ALF_FRACTIONAL;
  problem.topk = 4;
  assert_fails(alf_problem_check(&problem, &err), ALF_EINVAL, &err, "4");
  problem.topk = 0;
  assert_fails(alf_problem_check(&problem, &err), ALF_EINVAL, &err, "0");
  problem.topk = 1;
  batch.dtype = ALF_FLOAT64;
  assert_fails(alf_problem_check(&problem, &err), ALF_EINVAL, &err, "expected ALF_DYADIC");
  problem.batch = NULL;
  assert_fails(alf_problem_check(&problem, &err), ALF_EINVAL, &err, "got none");
  assert_fails(alf_problem_check(NULL, &err), ALF_EINVAL, &err, "got none");
}

static void test_refuses_cells_off_the_grid(void **state)
{
  (void)state;
  alf_error err = {0};
  const int64_t limit = INT64_C(1) << 41;
  int64_t large[4] = {limit - 1, -limit + 1, 0, 0};
  alf_affinity batch = alf_test_grid(2, 2, 40, large);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  assert_ok(alf_problem_check(&problem, &err), &err);
  large[3] = limit;
  assert_fails(alf_problem_check(&problem, &err), ALF_ERANGE, &err, "token 1 for expert 1 is 2199023255552");
  large[3] = -limit;
  assert_fails(alf_problem_check(&problem, &err), ALF_ERANGE, &err, "is -2199023255552");
}

/* T, E, K; denominator, load of the fractional problem in its units; range of the rounded problem. */
static void test_loads(void **state)
{
  (void)state;
  static const int64_t rows[][7] = {
      {4, 4, 2, 1, 2, 2, 2},  /* E divides K·T */
      {5, 4, 2, 2, 5, 2, 3},  /* L = 5/2 */
      {3, 4, 1, 4, 3, 0, 1},  /* L = 3/4 */
      {1, 7, 6, 7, 6, 0, 1},  /* one token */
      {7, 6, 5, 6, 35, 5, 6}, /* L = 35/6 */
      {9, 6, 2, 1, 3, 3, 3},
  };
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    alf_affinity batch = alf_test_grid(rows[r][0], (int32_t)rows[r][1], 40, cells);
    alf_problem problem = {&batch, (int32_t)rows[r][2], ALF_FRACTIONAL};
    assert_int_equal(alf_problem_denominator(&problem), rows[r][3]);
    assert_int_equal(alf_problem_load_range(&problem, 1).lower, rows[r][4]);
    assert_int_equal(alf_problem_load_range(&problem, 1).upper, rows[r][4]);
    problem.kind = ALF_ROUNDED;
    assert_int_equal(alf_problem_denominator(&problem), 1);
    assert_int_equal(alf_problem_load_range(&problem, 1).lower, rows[r][5]);
    assert_int_equal(alf_problem_load_range(&problem, 1).upper, rows[r][6]);
  }
}

static void test_solution_memory(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_affinity batch = alf_test_grid(5, 4, 40, cells);
  alf_problem problem = {&batch, 2, ALF_ROUNDED};
  alf_solution solution = {0};
  assert_ok(alf_solution_alloc(&solution, &problem, &err), &err);
  assert_int_equal(solution.room, 10);
  assert_int_equal(solution.denominator, 1);
  alf_solution_free(&solution);
  problem.kind = ALF_FRACTIONAL;
  assert_ok(alf_solution_alloc(&solution, &problem, &err), &err);
  assert_int_equal(solution.room, 14);
  assert_int_equal(solution.denominator, 2);
  solution.row[5] = solution.expert[13] = 0;
  solution.amount[13] = 0;
  solution.price[3] = 0;
  alf_solution_free(&solution);
  alf_solution zero = {0};
  assert_memory_equal(&solution, &zero, sizeof zero);
  alf_solution_free(&solution);
  alf_solution_free(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_refuses),
      cmocka_unit_test(test_refuses_cells_off_the_grid),
      cmocka_unit_test(test_loads),
      cmocka_unit_test(test_solution_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
