/* Tests on pairs, against all tosses of signs counted one by one, and against numbers by hand. */
#include "support.h"

#include <math.h>
#include <stdlib.h>

#include "run/paired.h"

/* Twice the mean rank of the size of value i among all. */
static int64_t twice_rank(const double *value, int n, int i)
{
  int64_t smaller = 0, same = 0;
  for (int j = 0; j < n; j++) {
    smaller += fabs(value[j]) < fabs(value[i]);
    same += fabs(value[j]) == fabs(value[i]);
  }
  return 2 * smaller + same + 1;
}

/* The share of the 2^n tosses whose rank sum is at least as far from its middle. */
static double toss(const double *value, int n)
{
  int64_t rank[16], all = 0, seen = 0, extreme = 0;
  for (int i = 0; i < n; i++) {
    rank[i] = twice_rank(value, n, i);
    all += rank[i];
    seen += value[i] > 0 ? rank[i] : 0;
  }
  for (int signs = 0; signs < 1 << n; signs++) {
    int64_t up = 0;
    for (int i = 0; i < n; i++)
      up += signs >> i & 1 ? rank[i] : 0;
    extreme += llabs(2 * up - all) >= llabs(2 * seen - all);
  }
  return (double)extreme / (1 << n);
}

static double ranks(const double *value, int64_t n, double *lean)
{
  alf_error err = {0};
  double p;
  assert_ok(alf_signed_rank_test(value, n, &p, lean, &err), &err);
  return p;
}

static void ranks_by_hand(void **state)
{
  double lean;
  (void)state;
  assert_near(ranks((double[]){1, 2, 3}, 3, &lean), 2. / 8, 1e-15);
  assert_near(lean, 1, 0);
  assert_near(ranks((double[]){-1, -2, 0, -3, 0}, 5, &lean), 2. / 8, 1e-15);
  assert_near(lean, -1, 0);
  assert_near(ranks((double[]){5, -5}, 2, &lean), 1, 0); /* equal ranks */
  assert_near(lean, 0, 0);
  assert_near(ranks((double[]){0, 0}, 2, &lean), 1, 0);
  assert_near(ranks(NULL, 0, &lean), 1, 0);
  assert_near(lean, 0, 0);
  /* Ranks 1, 2, 3, 4 with −2: up to a sum of 2 there are {}, {1}, {2}, so 2·3/16; lean (8 − 2)/10. */
  assert_near(ranks((double[]){1, -2, 30, 400}, 4, &lean), 6. / 16, 1e-15);
  assert_near(lean, 0.6, 1e-15);
}

static void ranks_against_all_tosses(void **state)
{
  double value[16], lean;
  (void)state;
  srand(7);
  for (int trial = 0; trial < 200; trial++) {
    int n = 1 + rand() % 12;
    for (int i = 0; i < n; i++) {
      value[i] = 1 + rand() % (trial % 2 ? 4 : 1000); /* many ties, few ties */
      value[i] = rand() % 3 ? value[i] : -value[i];
    }
    assert_near(ranks(value, n, &lean), toss(value, n), 1e-12);
  }
}

/* On both sides of where counting out ends the answers are about the same. */
static void many_pairs(void **state)
{
  enum { MANY = ALF_EXACT_PAIRS + 1 };
  double value[MANY], lean;
  (void)state;
  for (int tied = 0; tied < 2; tied++) {
    for (int i = 0; i < MANY; i++)
      value[i] = (i % 9 < 4 ? -1. : 1.) * (tied ? 1 + (MANY - 1 - i) % 7 : MANY - i);
    double approximate = ranks(value, MANY, &lean), exact = ranks(value, MANY - 1, &lean);
    assert_near(approximate / exact, 1, 0.03);
    assert_true(exact > 0.01 && exact < 0.5);
  }
}

static void signs_by_hand(void **state)
{
  (void)state;
  assert_near(alf_sign_test(5, 0), 2. / 32, 1e-15);
  assert_near(alf_sign_test(1, 4), 2. * 6 / 32, 1e-15);
  assert_near(alf_sign_test(2, 2), 1, 0);
  assert_near(alf_sign_test(0, 0), 1, 0);
}

static void holm_by_hand(void **state)
{
  alf_error err = {0};
  double p[] = {0.01, 0.04, 0.03, 0.005}, one[] = {0.7, 0.6};
  (void)state;
  assert_ok(alf_holm_correct(p, 4, &err), &err);
  assert_near(p[3], 0.02, 1e-15);
  assert_near(p[0], 0.03, 1e-15);
  assert_near(p[2], 0.06, 1e-15);
  assert_near(p[1], 0.06, 1e-15); /* not below what is refuted before it */
  assert_ok(alf_holm_correct(one, 2, &err), &err);
  assert_near(one[0], 1, 0);
  assert_near(one[1], 1, 0);
  assert_ok(alf_holm_correct(NULL, 0, &err), &err);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ranks_by_hand), cmocka_unit_test(ranks_against_all_tosses),
      cmocka_unit_test(many_pairs),    cmocka_unit_test(signs_by_hand),
      cmocka_unit_test(holm_by_hand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
