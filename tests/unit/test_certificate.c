/* The certificate: known answers by hand, and every kind of violation planted and counted. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "alf/certificate.h"
#include "problems.h"

/* Two tokens, two experts, K = 1, one slot each: 4 + 9 = 13 beats 10 + 1. Token 0 takes expert 1 when p_1 - p_0 >= 6,
   token 1 keeps expert 0 while p_1 - p_0 <= 8. */
static const int64_t pair[] = {10, 4, 9, 1};

static alf_certificate certify(const alf_problem *problem, const alf_solution *solution)
{
  alf_error err = {0};
  alf_certificate c;
  memset(&c, 0x55, sizeof c);
  assert_ok(alf_certify(problem, solution, &c, &err), &err);
  return c;
}

static alf_certificate certify_dense(const alf_problem *problem, const int *amounts, const int64_t *prices)
{
  alf_solution solution = {0};
  alf_test_solution(&solution, problem, amounts, prices);
  alf_certificate c = certify(problem, &solution);
  alf_solution_free(&solution);
  return c;
}

static void assert_counts(const alf_certificate *c, int64_t row, int64_t entry, int64_t load, int64_t slackness)
{
  assert_int_equal(c->row_violations, row);
  assert_int_equal(c->entry_violations, entry);
  assert_int_equal(c->load_violations, load);
  assert_int_equal(c->slackness_violations, slackness);
  assert_int_equal(c->certified, !row && !entry && !load && !slackness);
}

static void test_optimal_pair(void **state)
{
  (void)state;
  alf_affinity batch = alf_test_grid(2, 2, 1, pair);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  for (int64_t p = 6; p <= 8; p++) {
    alf_certificate c = certify_dense(&problem, (int[]){0, 1, 1, 0}, (int64_t[]){0, p});
    assert_counts(&c, 0, 0, 0, 0);
    assert_true(c.primal == 13 && c.dual == 13 && c.gap == 0);
    assert_near(c.objective, 6.5, 0);
    assert_near(c.dual_bound, 6.5, 0);
    assert_int_equal(c.fractional_entries, 0);
    assert_int_equal(c.tied_tokens, p != 7);
    assert_near(c.max_load, 1, 0);
    assert_near(c.min_load, 1, 0);
  }
}

/* D(0, p) = max(10, 4 + p) + max(9, 1 + p) - p. */
static void test_wrong_prices(void **state)
{
  (void)state;
  alf_affinity batch = alf_test_grid(2, 2, 1, pair);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_certificate c = certify_dense(&problem, (int[]){0, 1, 1, 0}, (int64_t[]){0, 5});
  assert_counts(&c, 0, 0, 0, 1);
  assert_true(c.dual == 14 && c.primal == 13);
  assert_near(c.gap, 0.5, 0);
  c = certify_dense(&problem, (int[]){0, 1, 1, 0}, (int64_t[]){0, 11});
  assert_counts(&c, 0, 0, 0, 1);
  assert_near(c.gap, 1.5, 0);
  c = certify_dense(&problem, (int[]){0, 1, 1, 0}, (int64_t[]){-11, 0});
  assert_near(c.gap, 1.5, 0);
}

/* The same pair beside expert 2, which both want most and which is shut: every price that is low enough for it
   proves the optimum. D(p) = Σ best score − Σ p_k L_k. */
static void test_capacities(void **state)
{
  (void)state;
  static const int64_t cells[] = {10, 4, 20, 9, 1, 20}, capacity[] = {1, 1, 0};
  alf_affinity batch = alf_test_grid(2, 3, 0, cells);
  alf_problem problem = {.batch = &batch, .topk = 1, .capacity = capacity};
  alf_certificate c = certify_dense(&problem, (int[]){0, 1, 0, 1, 0, 0}, (int64_t[]){0, 7, -11});
  assert_counts(&c, 0, 0, 0, 0);
  assert_true(c.primal == 13 && c.dual == 13);
  c = certify_dense(&problem, (int[]){0, 1, 0, 1, 0, 0}, (int64_t[]){0, 7, -(INT64_C(1) << 60)});
  assert_counts(&c, 0, 0, 0, 0);
  c = certify_dense(&problem, (int[]){0, 1, 0, 1, 0, 0}, (int64_t[]){0, 7, -9}); /* 20 − 9 is more than 4 + 7 or 9 */
  assert_counts(&c, 0, 0, 0, 1);
  assert_true(c.dual == 15);
  c = certify_dense(&problem, (int[]){0, 0, 1, 1, 0, 0}, (int64_t[]){0, 7, -9}); /* best scores, forbidden loads */
  assert_int_equal(c.load_violations, 2);
  assert_false(c.certified);
}

static void test_wrong_routing(void **state)
{
  (void)state;
  alf_affinity batch = alf_test_grid(2, 2, 0, pair);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_certificate c = certify_dense(&problem, (int[]){1, 0, 0, 1}, (int64_t[]){0, 7});
  assert_counts(&c, 0, 0, 0, 2);
  assert_true(c.primal == 11 && c.gap == 2);
  /* Both on expert 0: better than the optimum, and not allowed. */
  c = certify_dense(&problem, (int[]){1, 0, 1, 0}, (int64_t[]){0, 6});
  assert_counts(&c, 0, 0, 2, 0);
  assert_true(c.primal == 19 && c.gap == -6);
  assert_near(c.max_load, 2, 0);
  assert_near(c.min_load, 0, 0);
  /* Token 1 nowhere, token 0 twice: loads fit, rows do not. */
  c = certify_dense(&problem, (int[]){1, 1, 0, 0}, (int64_t[]){0, 6});
  assert_counts(&c, 2, 0, 0, 0);
}

static void test_malformed_entries(void **state)
{
  (void)state;
  static const int64_t row[] = {5, 4, 3, 0, 0, 0};
  alf_affinity batch = alf_test_grid(2, 3, 0, row);
  alf_problem problem = {&batch, 2, ALF_ROUNDED};
  alf_solution solution = {0};
  alf_test_solution(&solution, &problem, (int[]){1, 1, 0, 0, 1, 1}, (int64_t[]){0, 0, 0});
  alf_certificate c = certify(&problem, &solution);
  assert_counts(&c, 0, 0, 0, 0);
  solution.expert[0] = 1; /* 1, 1: repeated */
  c = certify(&problem, &solution);
  assert_int_equal(c.entry_violations, 1);
  assert_false(c.certified);
  solution.expert[1] = 0; /* 1, 0: out of order */
  c = certify(&problem, &solution);
  assert_counts(&c, 0, 1, 0, 0);
  solution.expert[0] = 0;
  solution.expert[1] = 3; /* no such expert */
  c = certify(&problem, &solution);
  assert_int_equal(c.entry_violations, 1);
  assert_false(c.certified);
  solution.expert[1] = 1;
  solution.amount[1] = 2; /* above the denominator */
  c = certify(&problem, &solution);
  assert_int_equal(c.entry_violations, 1);
  assert_int_equal(c.row_violations, 1);
  solution.amount[1] = -1;
  c = certify(&problem, &solution);
  assert_int_equal(c.entry_violations, 1);
  assert_false(c.certified);
  alf_solution_free(&solution);
}

/* Three tokens of equal rows, K = 1, L = 3/4: all 12 quarters are worth the same. */
static void test_fractional(void **state)
{
  (void)state;
  static const int64_t rows[] = {8, 6, 4, 2, 8, 6, 4, 2, 8, 6, 4, 2};
  alf_affinity batch = alf_test_grid(3, 4, 0, rows);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  const int64_t prices[] = {0, 2, 4, 6};
  alf_certificate c = certify_dense(&problem, (int[]){3, 1, 0, 0, 0, 2, 2, 0, 0, 0, 1, 3}, prices);
  assert_counts(&c, 0, 0, 0, 0);
  assert_int_equal(c.fractional_entries, 6);
  assert_int_equal(c.tied_tokens, 3);
  assert_true(c.primal == 60 && c.dual == 60);
  assert_near(c.objective, 15, 0);
  assert_near(c.max_load, 0.75, 0);
  /* One quarter in the wrong place. */
  c = certify_dense(&problem, (int[]){4, 0, 0, 0, 0, 2, 2, 0, 0, 0, 1, 3}, prices);
  assert_counts(&c, 0, 0, 2, 0);
  assert_near(c.max_load, 1, 0);
  assert_near(c.min_load, 0.5, 0);
}

/* An expert that is used but not used up is open, too: token 0 holds half of each and values expert 1 more. */
static void test_partly_used_is_open(void **state)
{
  (void)state;
  static const int64_t rows[] = {1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  alf_affinity batch = alf_test_grid(6, 4, 0, rows);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  const int amounts[] = {1, 1, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 1, 1, 0, 0, 0, 2};
  alf_certificate c = certify_dense(&problem, amounts, (int64_t[]){0, 0, 0, 0});
  assert_counts(&c, 0, 0, 0, 1);
  assert_true(c.primal == 3 && c.dual == 4);
}

/* One token, two experts, K = 1, rounded: loads 0..1. A price asks for the load that it is worth. */
static void test_rounded_prices(void **state)
{
  (void)state;
  static const int64_t row[] = {7, 3};
  alf_affinity batch = alf_test_grid(1, 2, 0, row);
  alf_problem problem = {&batch, 1, ALF_ROUNDED};
  alf_certificate c = certify_dense(&problem, (int[]){1, 0}, (int64_t[]){0, 0});
  assert_counts(&c, 0, 0, 0, 0);
  assert_true(c.primal == 7 && c.dual == 7);
  c = certify_dense(&problem, (int[]){1, 0}, (int64_t[]){-2, 1}); /* full below 0, empty above */
  assert_counts(&c, 0, 0, 0, 0);
  assert_true(c.dual == 7);
  c = certify_dense(&problem, (int[]){1, 0}, (int64_t[]){2, 0});
  assert_counts(&c, 0, 0, 0, 1);
  assert_true(c.dual == 9);
  c = certify_dense(&problem, (int[]){1, 0}, (int64_t[]){0, -1});
  assert_counts(&c, 0, 0, 0, 1);
  assert_true(c.dual == 8);
}

/* K = 2 of 4: the two largest of (9, 7, 5, 3) + (0, 0, 3, 5) tie below the top one. */
static void test_ties_are_counted(void **state)
{
  (void)state;
  static const int64_t rows[] = {9, 7, 5, 3, 3, 5, 7, 9};
  alf_affinity batch = alf_test_grid(2, 4, 0, rows);
  alf_problem problem = {&batch, 2, ALF_FRACTIONAL};
  alf_certificate c = certify_dense(&problem, (int[]){1, 1, 0, 0, 0, 0, 1, 1}, (int64_t[]){0, 0, 0, 0});
  assert_counts(&c, 0, 0, 0, 0);
  assert_int_equal(c.tied_tokens, 0);
  assert_true(c.primal == 32);
  c = certify_dense(&problem, (int[]){1, 1, 0, 0, 0, 0, 1, 1}, (int64_t[]){0, 0, 2, 0});
  assert_counts(&c, 0, 0, 0, 0);
  assert_int_equal(c.tied_tokens, 1);
}

static void test_rounding_bound(void **state)
{
  (void)state;
  alf_affinity batch = alf_test_grid(2, 2, 40, pair);
  batch.rounding_bound = 0x1p-41;
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_certificate c = certify_dense(&problem, (int[]){0, 1, 1, 0}, (int64_t[]){0, 7});
  assert_near(c.rounding_bound, 2 * 0x1p-41, 0);
}

/* 4096 experts times affinities of 2^41 units in units of 1/4096: beyond 64 bits. */
static void test_beyond_64_bits(void **state)
{
  (void)state;
  enum { E = 4096 };
  static int64_t row[E], price[E];
  static int amount[E];
  for (int k = 0; k < E; k++) {
    row[k] = (INT64_C(1) << 41) - 1 - k;
    price[k] = k - (INT64_C(1) << 60);
    amount[k] = E - 1;
  }
  alf_affinity batch = alf_test_grid(1, E, 40, row);
  alf_problem problem = {&batch, E - 1, ALF_FRACTIONAL};
  alf_certificate c = certify_dense(&problem, amount, price);
  assert_counts(&c, 0, 0, 0, 0);
  alf_int128 sum = (alf_int128)E * ((INT64_C(1) << 41) - 1) - (alf_int128)E * (E - 1) / 2;
  assert_true(c.primal == (E - 1) * sum && c.primal > (alf_int128)INT64_MAX);
  assert_true(c.gap == 0);
}

static void test_refuses(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_certificate c;
  alf_affinity batch = alf_test_grid(2, 2, 0, pair);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_solution solution = {0};
  assert_fails(alf_certify(&problem, &solution, &c, &err), ALF_EINVAL, &err, "no entries");
  alf_test_solution(&solution, &problem, (int[]){0, 1, 1, 0}, (int64_t[]){0, 7});
  solution.denominator = 2;
  assert_fails(alf_certify(&problem, &solution, &c, &err), ALF_EINVAL, &err, "denominator is 2, expected 1");
  solution.denominator = 1;
  solution.tokens = 3;
  assert_fails(alf_certify(&problem, &solution, &c, &err), ALF_EINVAL, &err, "3 x 2, expected 2 x 2");
  solution.tokens = 2;
  solution.row[2] = 3;
  assert_fails(alf_certify(&problem, &solution, &c, &err), ALF_EINVAL, &err, "1..3 of token 1");
  solution.row[2] = 2;
  solution.row[0] = -1;
  assert_fails(alf_certify(&problem, &solution, &c, &err), ALF_EINVAL, &err, "token 0");
  solution.row[0] = 0;
  solution.price[1] = INT64_MAX - 3;
  assert_fails(alf_certify(&problem, &solution, &c, &err), ALF_EINVAL, &err,
               "price of expert 1 is 9223372036854775804");
  solution.price[1] = 7;
  problem.topk = 2;
  assert_fails(alf_certify(&problem, &solution, &c, &err), ALF_EINVAL, &err, "2");
  alf_solution_free(&solution);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_optimal_pair),        cmocka_unit_test(test_wrong_prices),
      cmocka_unit_test(test_capacities),          cmocka_unit_test(test_wrong_routing),
      cmocka_unit_test(test_malformed_entries),   cmocka_unit_test(test_fractional),
      cmocka_unit_test(test_partly_used_is_open), cmocka_unit_test(test_rounded_prices),
      cmocka_unit_test(test_ties_are_counted),    cmocka_unit_test(test_rounding_bound),
      cmocka_unit_test(test_beyond_64_bits),      cmocka_unit_test(test_refuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
