/* The last paths, from primals whose loads are off: in a copy of the batch by experts where that pays, else by rows, on
   one thread and on several. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "alf/solver.h"
#include "exact/exchange.h"
#include "exact/solution.h"

enum { EXPERTS = 16, SMALL = 20 * EXPERTS, LARGE = 16389 * EXPERTS };

/* The best expert of each token at the prices: optimal for the loads that it leads to. Returns by how much they are too
   large. */
static int64_t route(const alf_problem *problem, const int64_t *price, alf_solution *x)
{
  int64_t load[EXPERTS] = {0}, excess = 0;
  alf_error err = {0};
  for (int64_t i = 0; i < x->tokens; i++) {
    const int64_t *affinity = alf_affinity_row(problem->batch, i);
    int64_t amount[EXPERTS] = {0};
    int32_t best = 0;
    for (int32_t k = 1; k < EXPERTS; k++)
      best = affinity[k] + price[k] > affinity[best] + price[best] ? k : best;
    amount[best] = x->denominator;
    load[best] += x->denominator;
    assert_ok(alf_solution_append(x, 1, i, amount, &err), &err);
  }
  for (int32_t k = 0; k < EXPERTS; k++) {
    int64_t over = load[k] - alf_problem_load_range(problem, k).upper;
    excess += over > 0 ? over : 0;
  }
  return excess;
}

static void finish(const alf_problem *problem, const int64_t *price, int threads, int64_t excess, alf_int128 optimum,
                   alf_solution *x)
{
  char is_spared[EXPERTS] = {0};
  alf_error err = {0};
  alf_team *team = NULL;
  alf_certificate c;
  assert_ok(alf_solution_alloc(x, problem, &err), &err);
  assert_int_equal(route(problem, price, x), excess);
  assert_ok(alf_team_alloc(&team, threads, &err), &err);
  assert_ok(alf_exchange_finish(problem, x, is_spared, team, alf_deadline_after(0, NULL), &err), &err);
  assert_int_equal(x->iterations, excess);
  assert_ok(alf_certify(problem, x, &c, &err), &err);
  assert_true(c.certified && c.primal == optimum);
  alf_team_free(team);
}

/* On one thread and on three, to the same routing and prices. */
static void finish_twice(const alf_problem *problem, const int64_t *price, int64_t excess, alf_int128 optimum)
{
  alf_solution one = {0}, three = {0};
  finish(problem, price, 1, excess, optimum, &one);
  finish(problem, price, 3, excess, optimum, &three);
  assert_memory_equal(one.price, three.price, EXPERTS * sizeof *one.price);
  assert_memory_equal(one.expert, three.expert, (size_t)one.tokens * sizeof *one.expert);
  alf_solution_free(&one);
  alf_solution_free(&three);
}

/* Moves the optimal price of expert 0 up by doubling steps until at least so many tokens too many choose it; then has all
   of them moved. Returns how many they are. */
static int64_t finish_from(const alf_problem *problem, const alf_solution *optimum, int64_t at_least)
{
  int64_t price[EXPERTS], excess = 0;
  alf_error err = {0};
  alf_certificate c;
  assert_ok(alf_certify(problem, optimum, &c, &err), &err);
  memcpy(price, optimum->price, sizeof price);
  for (int64_t step = 1 << 16; excess < at_least; step *= 2) {
    alf_solution x = {0};
    price[0] = optimum->price[0] + step;
    assert_ok(alf_solution_alloc(&x, problem, &err), &err);
    excess = route(problem, price, &x);
    alf_solution_free(&x);
  }
  finish_twice(problem, price, excess, c.primal);
  return excess;
}

static void test_from_few_and_many(void **state)
{
  (void)state;
  static const int tokens[] = {SMALL, LARGE};
  for (int j = 0; j < 2; j++) {
    char input[60];
    alf_affinity batch = {0};
    alf_solution optimum = {0};
    alf_error err = {0};
    snprintf(input, sizeof input, "uniform:T=%d,E=%d", tokens[j], (int)EXPERTS);
    alf_test_batch(input, &batch);
    alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
    assert_int_equal(alf_exchange_is_small(&problem), tokens[j] == SMALL);
    assert_ok(alf_solve(alf_solver_find("exchange"), &problem, NULL, &optimum, &err), &err);
    assert_in_range(finish_from(&problem, &optimum, 1), 1, EXPERTS);
    assert_true(finish_from(&problem, &optimum, EXPERTS + 1) > EXPERTS);
    alf_solution_free(&optimum);
    alf_affinity_free(&batch);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_from_few_and_many)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
