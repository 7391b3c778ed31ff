/* GLPK as judge: known answers by hand, the basis that an optimum implies, what is refused, restricted columns. */
#include "support.h"

#include <math.h>
#include <stdbool.h>

#include "alf/judge.h"
#include "alf/solver.h"
#include "exact/judge_basis.h"
#include "problems.h"

static alf_judgement judge(const alf_problem *problem, const alf_solution *solution, int64_t columns)
{
  alf_error err = {0};
  alf_judge_settings settings = {.columns = columns};
  alf_judgement j;
  assert_ok(alf_judge(problem, solution, &settings, &j, &err), &err);
  return j;
}

static alf_judgement judge_dense(const alf_problem *problem, const int *amounts, const int64_t *prices)
{
  alf_solution solution = {0};
  alf_test_solution(&solution, problem, amounts, prices);
  alf_judgement j = judge(problem, &solution, 0);
  alf_solution_free(&solution);
  return j;
}

static void assert_confirmed(const alf_judgement *j, double objective)
{
  assert_true(j->confirmed && j->feasible && j->optimal);
  assert_int_equal(j->pivots, 0);
  assert_int_equal(j->mispriced, 0);
  assert_near(j->objective, objective, 0);
  assert_near(j->gain, 0, 0);
}

/* Two tokens, two experts, K = 1: 4 + 9 beats 10 + 1 while 6 <= p_1 - p_0 <= 8, at every such price. */
static void test_pair(void **state)
{
  (void)state;
  static const int64_t pair[] = {10, 4, 9, 1};
  alf_affinity batch = alf_test_grid(2, 2, 0, pair);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  for (int64_t p = 6; p <= 8; p++) {
    alf_judgement j = judge_dense(&problem, (int[]){0, 1, 1, 0}, (int64_t[]){0, p});
    assert_confirmed(&j, 13);
    assert_int_equal(j.columns, 4);
  }
  alf_judgement j = judge_dense(&problem, (int[]){0, 1, 1, 0}, (int64_t[]){0, 9});
  assert_false(j.confirmed);
  assert_near(j.gain, 0, 0);
  j = judge_dense(&problem, (int[]){1, 0, 0, 1}, (int64_t[]){0, 7});
  assert_false(j.confirmed);
  assert_true(j.feasible && j.optimal && j.pivots > 0);
  assert_near(j.gain, 2, 0);
  assert_near(j.objective, 13, 0);
  j = judge_dense(&problem, (int[]){1, 0, 1, 0}, (int64_t[]){0, 7});
  assert_false(j.confirmed || j.feasible || j.optimal);
  assert_true(isnan(j.objective) && isnan(j.gain));
}

/* Six equal rows, K = 1, L = 3/2: tokens 0 and 1 share experts 0 and 1 by halves, a cycle of four cells. */
static void test_optimum_that_is_no_vertex(void **state)
{
  (void)state;
  static const int64_t zero[24];
  static const int amounts[] = {1, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 2, 0, 0, 0, 0, 2};
  alf_affinity batch = alf_test_grid(6, 4, 0, zero);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_judgement j = judge_dense(&problem, amounts, (int64_t[]){0, 0, 0, 0});
  assert_confirmed(&j, 0);
}

/* Capacities of 0 and T, whose prices have no bound on one side. */
static void test_capacities_at_their_ends(void **state)
{
  (void)state;
  static const int64_t rows[] = {5, 9, 1, 2, 9, 3, 7, 9, 4};
  static const int64_t capacity[] = {3, 0, 3};
  alf_affinity batch = alf_test_grid(3, 3, 0, rows);
  alf_problem problem = {.batch = &batch, .topk = 2, .capacity = capacity};
  static const int amounts[] = {1, 0, 1, 1, 0, 1, 1, 0, 1};
  alf_judgement j = judge_dense(&problem, amounts, (int64_t[]){0, -8, 0});
  assert_confirmed(&j, 22);
  j = judge_dense(&problem, amounts, (int64_t[]){1000000, -1000000, 500000});
  assert_confirmed(&j, 22);
  j = judge_dense(&problem, amounts, (int64_t[]){0, -7, 0});
  assert_false(j.confirmed);
}

static bool is_basic(const alf_judge_basis *basis, int64_t i, int32_t k)
{
  for (int64_t b = basis->first[i]; b < basis->first[i + 1]; b++)
    if (basis->basic[b] == k)
      return true;
  return false;
}

/* T + E basic variables, those of reduced cost 0 only; no cell on the wrong side; prices of an optimum. */
static void assert_optimal_basis(alf_judge_basis *basis)
{
  const alf_solution *x = basis->solution;
  int64_t count = basis->first[x->tokens];
  for (int32_t k = 0; k < x->experts; k++)
    count += basis->free_row[k];
  assert_int_equal(count, x->tokens + x->experts);
  for (int64_t i = 0; i < x->tokens; i++) {
    int64_t threshold = alf_judge_read_token(basis, i);
    assert_true(basis->first[i] < basis->first[i + 1]);
    for (int32_t k = 0; k < x->experts; k++) {
      assert_true(!is_basic(basis, i, k) || basis->score[k] == threshold);
      assert_true(basis->dense[k] == x->denominator || basis->score[k] <= threshold);
      assert_true(basis->dense[k] == 0 || basis->score[k] >= threshold);
      assert_true(basis->dense[k] == 0 || basis->dense[k] == x->denominator || is_basic(basis, i, k));
    }
  }
}

static void test_basis(void **state)
{
  (void)state;
  static const struct {
    const char *source;
    int32_t topk;
  } rows[] = {{"softmax:T=300,E=16,skew=2", 3}, {"grid:T=301,E=12,levels=3", 5}, {"adversarial:T=128,E=8,kind=1", 2}};
  for (int r = 0; r < 3; r++) {
    alf_error err = {0};
    alf_affinity batch = {0};
    alf_test_batch(rows[r].source, &batch);
    for (int kind = ALF_FRACTIONAL; kind <= ALF_ROUNDED; kind++) {
      alf_problem problem = {&batch, rows[r].topk, (alf_problem_kind)kind};
      alf_solution x = {0};
      alf_judge_basis basis = {0};
      assert_ok(alf_solve(alf_solver_find("exchange"), &problem, NULL, &x, &err), &err);
      assert_ok(alf_judge_basis_find(&basis, &problem, &x, alf_deadline_after(0, NULL), &err), &err);
      assert_optimal_basis(&basis);
      alf_judge_basis_free(&basis);
      alf_solution_free(&x);
    }
    alf_affinity_free(&batch);
  }
}

/* All cells, few and none but the basic ones; a wrong price, for which columns must be added. */
static void test_restricted_columns(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_solution x = {0};
  alf_test_batch("softmax:T=400,E=16,skew=1", &batch);
  alf_problem problem = {&batch, 3, ALF_FRACTIONAL};
  assert_ok(alf_solve(alf_solver_find("exchange"), &problem, NULL, &x, &err), &err);
  alf_judgement all = judge(&problem, &x, 0), few = judge(&problem, &x, 1000), least = judge(&problem, &x, 1);
  assert_confirmed(&all, all.objective);
  assert_confirmed(&few, all.objective);
  assert_confirmed(&least, all.objective);
  assert_int_equal(all.columns, 400 * 16);
  assert_in_range(few.columns, 600, 400 + 16 + 1000);
  assert_in_range(least.columns, 400, 400 + 16 + 1);
  for (int32_t k = 0; k < 16; k += 2)
    x.price[k] += INT64_C(1) << 36;
  all = judge(&problem, &x, 0);
  least = judge(&problem, &x, 1);
  assert_false(all.confirmed || least.confirmed);
  assert_true(all.optimal && least.optimal && least.rounds > 1 && least.pivots > 0);
  assert_near(all.gain, 0, 0);
  assert_near(least.gain, 0, 0);
  alf_solution_free(&x);
  alf_affinity_free(&batch);
}

static bool stop_now(void)
{
  return true;
}

static void test_refuses(void **state)
{
  (void)state;
  static const int64_t pair[] = {10, 4, 9, 1};
  alf_error err = {0};
  alf_judgement j;
  alf_affinity batch = alf_test_grid(2, 2, 0, pair);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_solution x = {0};
  alf_test_solution(&x, &problem, (int[]){0, 1, 1, 0}, (int64_t[]){0, 7});
  alf_judge_settings settings = {.stop = stop_now};
  assert_fails(alf_judge(&problem, &x, &settings, &j, &err), ALF_EINTERRUPTED, &err, "judge");
  settings = (alf_judge_settings){.timeout = 1e-9};
  assert_fails(alf_judge(&problem, &x, &settings, &j, &err), ALF_ETIMEOUT, &err, "judge: time limit");
  x.price[1] = INT64_C(1) << 59;
  assert_fails(alf_judge(&problem, &x, NULL, &j, &err), ALF_ERANGE, &err, "price of expert 1 is 576460752303423488");
  x.tokens = 1;
  assert_fails(alf_judge(&problem, &x, NULL, &j, &err), ALF_EINVAL, &err, "expected 2 x 2");
  x.tokens = 2;
  problem.topk = 2;
  assert_fails(alf_judge(&problem, &x, NULL, &j, &err), ALF_EINVAL, &err, "2");
  assert_fails(alf_judge_exact(&problem, &x, NULL, &j, &err), ALF_EINVAL, &err, "2");
  alf_solution_free(&x);
  alf_affinity large = {.dtype = ALF_DYADIC, .tokens = INT64_C(1) << 21, .experts = 2};
  problem = (alf_problem){&large, 1, ALF_FRACTIONAL};
  assert_fails(alf_judge_can(&problem, &err), ALF_EUNSUPPORTED, &err, "glpk-judge: 2097152 tokens + 2 experts");
}

static void test_exact_takes_small_sizes(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_judgement j;
  alf_affinity batch = {0};
  alf_solution x = {0};
  alf_test_batch("softmax:T=256,E=16", &batch);
  alf_problem problem = {&batch, 3, ALF_FRACTIONAL};
  assert_ok(alf_solve(alf_solver_find("glpk-judge"), &problem, NULL, &x, &err), &err);
  assert_int_equal(x.pivots, 0);
  assert_ok(alf_judge_exact(&problem, &x, NULL, &j, &err), &err);
  assert_confirmed(&j, j.objective);
  alf_affinity_free(&batch);
  alf_test_batch("uniform:T=257,E=16", &batch);
  assert_fails(alf_judge_exact(&problem, &x, NULL, &j, &err), ALF_EUNSUPPORTED, &err, "257 tokens x 16 experts");
  alf_affinity_free(&batch);
  alf_solution_free(&x);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pair),
      cmocka_unit_test(test_optimum_that_is_no_vertex),
      cmocka_unit_test(test_capacities_at_their_ends),
      cmocka_unit_test(test_basis),
      cmocka_unit_test(test_restricted_columns),
      cmocka_unit_test(test_refuses),
      cmocka_unit_test(test_exact_takes_small_sizes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
