/* Prices from the exchange graph: known answers, and wrong routings repaired to the optimum. */
#include "support.h"

#include <stdbool.h>

#include "alf/solver.h"
#include "exact/exchange_graph.h"
#include "problems.h"

static alf_certificate price_and_certify(const alf_problem *problem, alf_solution *solution)
{
  alf_error err = {0};
  alf_certificate c;
  assert_ok(alf_exchange_prices(problem, solution, &err), &err);
  assert_ok(alf_certify(problem, solution, &c, &err), &err);
  return c;
}

/* Token 0 wants p_1 - p_0 >= 6, token 1 <= 8; shortest paths give one end of that interval. */
static void test_optimal_pair(void **state)
{
  (void)state;
  static const int64_t pair[] = {10, 4, 9, 1};
  alf_affinity batch = alf_test_grid(2, 2, 0, pair);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_solution solution = {0};
  alf_test_solution(&solution, &problem, (int[]){0, 1, 1, 0}, (int64_t[]){99, 99});
  alf_certificate c = price_and_certify(&problem, &solution);
  assert_true(c.certified && c.primal == 13);
  assert_int_equal(solution.repairs, 0);
  assert_int_equal(solution.price[0], 0);
  assert_true(solution.price[1] == 6 || solution.price[1] == 8);
  alf_solution_free(&solution);
}

static void test_repairs_a_swap(void **state)
{
  (void)state;
  static const int64_t pair[] = {10, 4, 9, 1};
  alf_affinity batch = alf_test_grid(2, 2, 0, pair);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_solution solution = {0};
  alf_test_solution(&solution, &problem, (int[]){1, 0, 0, 1}, (int64_t[]){0, 0});
  alf_certificate c = price_and_certify(&problem, &solution);
  assert_true(c.certified && c.primal == 13);
  assert_int_equal(solution.repairs, 1);
  assert_int_equal(solution.expert[0], 1);
  assert_int_equal(solution.expert[1], 0);
  alf_solution_free(&solution);
}

/* A ring: token i is at expert i and gains 1 only if all five move on together; every shorter exchange loses. */
static void test_repairs_a_long_cycle(void **state)
{
  (void)state;
  enum { N = 5 };
  int64_t cells[N * N];
  int amounts[N * N] = {0};
  for (int i = 0; i < N; i++)
    for (int k = 0; k < N; k++)
      cells[i * N + k] = k == (i + 1) % N ? 101 : k == i ? 100 : -1000;
  for (int i = 0; i < N; i++)
    amounts[i * N + i] = 1;
  alf_affinity batch = alf_test_grid(N, N, 0, cells);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_solution solution = {0};
  alf_test_solution(&solution, &problem, amounts, (int64_t[N]){0});
  alf_certificate c = price_and_certify(&problem, &solution);
  assert_true(c.certified && c.primal == 505);
  assert_int_equal(solution.repairs, 1);
  for (int i = 0; i < N; i++)
    assert_int_equal(solution.expert[i], (i + 1) % N);
  alf_solution_free(&solution);
}

/* Halves, with no room for another entry. Tokens 0, 1 and 5 gain by moving on from 0 to 1, 1 to 2 and 2 to 0, but token
   5 has only a half to move: the first repair splits tokens 0 and 1, for which it must make room. */
static void test_repairs_amounts(void **state)
{
  (void)state;
  static const int64_t cells[] = {0, 10, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0};
  static const int amounts[] = {2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 1, 1, 0, 0, 0, 0, 1, 1};
  alf_affinity batch = alf_test_grid(6, 4, 0, cells);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_solution solution = {0};
  alf_test_solution(&solution, &problem, amounts, (int64_t[]){0, 0, 0, 0});
  assert_int_equal(solution.row[6], 8);
  solution.room = 8;
  alf_certificate c = price_and_certify(&problem, &solution);
  bool grown = solution.room > 8, fits = solution.row[6] <= solution.room;
  int64_t repairs = solution.repairs;
  alf_solution_free(&solution);
  assert_true(c.certified && c.primal == 60);
  assert_true(repairs >= 2 && grown && fits);
}

/* Tokens 0 and 1 gain by trading experts 0 and 1; token 0 has two halves to give but room for only one. All else is
   worth too much to touch. */
static void test_moves_no_more_than_fits(void **state)
{
  (void)state;
  static const int64_t cells[] = {0, 10, 10, -100, 10, 0, -100, 100, 0, -100, 100, 0};
  static const int amounts[] = {2, 1, 1, 0, 0, 2, 0, 2, 1, 0, 2, 1};
  alf_affinity batch = alf_test_grid(3, 4, 0, cells);
  alf_problem problem = {&batch, 2, ALF_FRACTIONAL};
  alf_solution solution = {0};
  alf_test_solution(&solution, &problem, amounts, (int64_t[]){0, 0, 0, 0});
  alf_certificate c = price_and_certify(&problem, &solution);
  alf_solution_free(&solution);
  assert_int_equal(c.entry_violations, 0);
  assert_true(c.certified && c.primal == 440);
}

/* Three tokens, two experts, rounded to 1..2: who is at the larger load pays for it, or not. */
static void test_rounded(void **state)
{
  (void)state;
  static const int64_t cells[] = {5, 3, 5, 2, 5, 1};
  alf_affinity batch = alf_test_grid(3, 2, 0, cells);
  alf_problem problem = {&batch, 1, ALF_ROUNDED};
  alf_solution solution = {0};
  /* Starts at loads 1, 2; the optimum 3 + 5 + 5 has loads 2, 1: the free load takes part in the repair. */
  alf_test_solution(&solution, &problem, (int[]){1, 0, 0, 1, 0, 1}, (int64_t[]){0, 0});
  alf_certificate c = price_and_certify(&problem, &solution);
  assert_true(c.certified && c.primal == 13);
  assert_true(solution.repairs >= 1);
  assert_true(solution.price[0] <= 0 && solution.price[1] >= 0);
  assert_true(solution.price[1] - solution.price[0] >= 2 && solution.price[1] - solution.price[0] <= 3);
  alf_solution_free(&solution);
}

/* The same token can stand on two arcs of a cycle. */
static void test_token_twice_in_a_cycle(void **state)
{
  (void)state;
  static const int64_t cells[] = {9, 0, 0, 9, 0, 9, 9, 0};
  alf_affinity batch = alf_test_grid(2, 4, 0, cells);
  alf_problem problem = {&batch, 2, ALF_FRACTIONAL};
  alf_solution solution = {0};
  alf_test_solution(&solution, &problem, (int[]){0, 1, 1, 0, 1, 0, 0, 1}, (int64_t[]){0, 0, 0, 0});
  alf_certificate c = price_and_certify(&problem, &solution);
  assert_true(c.certified && c.primal == 36);
  alf_solution_free(&solution);
}

/* Nobody can leave expert 2, which has no token, nor enter expert 0, which has them all: prices are bounded on one side
   only, and stay on the grid at both ends of it. The repair swaps experts 1 and 3. */
static void test_capacities_at_the_ends(void **state)
{
  (void)state;
  const int64_t most = (INT64_C(1) << 41) - 1;
  const int64_t cells[] = {-most, 5, most, 8, -most, 9, most, 3};
  static const int64_t capacity[] = {2, 1, 0, 1};
  alf_affinity batch = alf_test_grid(2, 4, 40, cells);
  alf_problem problem = {.batch = &batch, .topk = 2, .capacity = capacity};
  alf_solution solution = {0};
  alf_test_solution(&solution, &problem, (int[]){1, 1, 0, 0, 1, 0, 0, 1}, (int64_t[]){0, 0, 0, 0});
  alf_certificate c = price_and_certify(&problem, &solution);
  assert_true(c.certified && c.primal == 17 - 2 * (alf_int128)most);
  assert_int_equal(solution.repairs, 1);
  assert_true(solution.price[2] <= solution.price[1] + 9 - most && solution.price[2] > -5 * (most + 1));
  assert_near(c.max_load, 2, 0);
  assert_near(c.min_load, 0, 0);
  alf_solution_free(&solution);
}

/* Costs that several threads find together are those that one finds, also where load is free. */
static void test_costs_of_a_team(void **state)
{
  (void)state;
  enum { EXPERTS = 30, ARCS = (EXPERTS + 1) * (EXPERTS + 1) };
  static int64_t one[ARCS], more[ARCS];
  alf_affinity batch = {0};
  alf_solution solution = {0};
  alf_error err = {0};
  alf_test_batch("softmax:T=40001,E=30,skew=1", &batch);
  alf_problem problem = {&batch, 4, ALF_ROUNDED};
  assert_int_equal(alf_exchange_nodes(&problem), EXPERTS + 1);
  assert_ok(alf_solve(alf_solver_find("exchange"), &problem, NULL, &solution, &err), &err);
  assert_ok(alf_exchange_costs(&problem, &solution, one, &err), &err);
  for (int threads = 2; threads <= 5; threads++) {
    alf_team *team = NULL;
    assert_ok(alf_team_alloc(&team, threads, &err), &err);
    assert_ok(alf_exchange_costs_on(&problem, &solution, team, more, &err), &err);
    assert_memory_equal(one, more, sizeof one);
    alf_team_free(team);
  }
  alf_solution_free(&solution);
  alf_affinity_free(&batch);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_optimal_pair),
      cmocka_unit_test(test_repairs_a_swap),
      cmocka_unit_test(test_repairs_a_long_cycle),
      cmocka_unit_test(test_repairs_amounts),
      cmocka_unit_test(test_moves_no_more_than_fits),
      cmocka_unit_test(test_rounded),
      cmocka_unit_test(test_token_twice_in_a_cycle),
      cmocka_unit_test(test_capacities_at_the_ends),
      cmocka_unit_test(test_costs_of_a_team),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
