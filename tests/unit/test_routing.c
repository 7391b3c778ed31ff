#include "support.h"

#include <float.h>
#include <string.h>

#include "alf/routing.h"

static void check_topk(const int64_t *score, int32_t experts, int32_t topk, const alf_expert *expected)
{
  alf_expert chosen[8];
  alf_topk_row(score, experts, topk, chosen);
  assert_memory_equal(chosen, expected, (size_t)topk * sizeof *chosen);
}

static void topk_takes_the_largest(void **state)
{
  (void)state;
  check_topk((int64_t[]){3, 9, -2, 7}, 4, 2, (alf_expert[]){1, 3});
  check_topk((int64_t[]){3, 9, -2, 7}, 4, 3, (alf_expert[]){0, 1, 3});
  check_topk((int64_t[]){INT64_MIN, INT64_MAX}, 2, 1, (alf_expert[]){1});
}

static void topk_gives_ties_to_the_lower_index(void **state)
{
  (void)state;
  check_topk((int64_t[]){5, 5, 5, 5}, 4, 2, (alf_expert[]){0, 1});
  check_topk((int64_t[]){1, 5, 5, 5}, 4, 2, (alf_expert[]){1, 2});
  check_topk((int64_t[]){5, 1, 5, 7, 5}, 5, 2, (alf_expert[]){0, 3});
  check_topk((int64_t[]){5, 1, 5, 7, 5}, 5, 3, (alf_expert[]){0, 2, 3});
}

static void score_keys_keep_the_order_of_doubles(void **state)
{
  (void)state;
  const double ascending[] = {-DBL_MAX, -1.5, -1.0, -DBL_MIN, 0.0, DBL_MIN, 1.0, 1.5, DBL_MAX};
  for (size_t i = 1; i < sizeof ascending / sizeof *ascending; i++)
    assert_true(alf_score_key(ascending[i - 1]) < alf_score_key(ascending[i]));
  assert_int_equal(alf_score_key(-0.0), alf_score_key(0.0));
}

/* Two tokens, three experts, K = 1, by hand: γ = (4 1 0; 3 2 0), p = (−2 0 1). Scores (2 1 1; 1 2 1): the sum of the
   largest is 4, Σ p = −1, L = 2/3, so D = 4 + 2/3; times E: 14. */
static void dual_value_by_hand(void **state)
{
  (void)state;
  const int64_t values[] = {4, 1, 0, 3, 2, 0}, shift[] = {-2, 0, 1};
  alf_affinity batch = {.dtype = ALF_DYADIC, .tokens = 2, .experts = 3, .grid_bits = 0, .values = values};
  assert_true(alf_dual_value(&batch, 1, shift) == 14);
  assert_true(alf_lagrangian(&batch, 1, (uint64_t[]){1, 2}, shift) == 14);
  assert_true(alf_lagrangian(&batch, 1, (uint64_t[]){1, 1}, shift) == 3 * (2 + 1) + 2);
}

static void dual_value_is_the_best_lagrangian(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_test_batch("grid:T=40,E=7,seed=5", &batch);
  int64_t shift[7];
  uint64_t chosen[40];
  for (int32_t k = 0; k < 7; k++)
    shift[k] = (int64_t)(k * k - 10) * 0x200000000;
  for (int64_t i = 0; i < 40; i++) {
    int64_t score[7];
    alf_expert best[3];
    for (int32_t k = 0; k < 7; k++)
      score[k] = alf_affinity_row(&batch, i)[k] + shift[k];
    alf_topk_row(score, 7, 3, best);
    alf_set_selection(chosen + i, 7, best, 3);
  }
  alf_int128 best = alf_dual_value(&batch, 3, shift);
  assert_true(alf_lagrangian(&batch, 3, chosen, shift) == best);
  chosen[0] = 7;
  assert_true(alf_lagrangian(&batch, 3, chosen, shift) < best);
  alf_affinity_free(&batch);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(topk_takes_the_largest),
      cmocka_unit_test(topk_gives_ties_to_the_lower_index),
      cmocka_unit_test(score_keys_keep_the_order_of_doubles),
      cmocka_unit_test(dual_value_by_hand),
      cmocka_unit_test(dual_value_is_the_best_lagrangian),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
