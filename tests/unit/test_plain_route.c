/* Group-limited and multiplicative routing against a plain one, on small whole numbers, which every type holds: one
   reference for all. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "formatted.h"
#include "problems.h"
#include "tiny.h"

enum { TOKENS = 40, MOST = 24, BITS = 4 };

static const alf_rule multiplying = {.name = "multiplying", .summary = "", .combine = ALF_MULTIPLY};

/* A case: sixteenths of affinities and shifts, so that ties are many. */
typedef struct sample {
  int32_t experts, topk, groups, kept;
  bool zero, multiply;
  int64_t cells[TOKENS * MOST], shift[MOST];
} sample;

static sample draw(uint64_t seed)
{
  static const int32_t shapes[][2] = {{8, 4}, {8, 2}, {6, 6}, {24, 8}, {24, 3}, {9, 3}, {4, 1}, {20, 10}};
  sample s = {.experts = shapes[seed % 8][0], .groups = shapes[seed % 8][1]};
  s.kept = 1 + (int32_t)alf_tiny_draw(seed, 1, s.groups);
  int32_t eligible = s.kept * (s.experts / s.groups);
  s.topk = 1 + (int32_t)alf_tiny_draw(seed, 2, eligible < s.experts ? eligible : eligible - 1);
  s.zero = alf_tiny_draw(seed, 3, 2);
  s.multiply = alf_tiny_draw(seed, 4, 2);
  for (int32_t c = 0; c < TOKENS * s.experts; c++)
    s.cells[c] = alf_tiny_draw(seed, 10 + (uint64_t)c, 13) - 6;
  for (int32_t k = 0; k < s.experts; k++)
    s.shift[k] = alf_tiny_draw(seed, 5000 + (uint64_t)k, 9) - 4;
  return s;
}

/* The score in units of 2^-8. */
static int64_t score_of(const sample *s, int32_t i, int32_t k)
{
  int64_t affinity = s->cells[i * s->experts + k];
  return s->multiply ? affinity * (16 + s->shift[k]) : 16 * (affinity + s->shift[k]);
}

/* How many of 0..count−1 come before j: those of a larger value, and those of the same with a lower index. */
static int32_t rank_of(const int64_t *value, int32_t count, int32_t j)
{
  int32_t ahead = 0;
  for (int32_t k = 0; k < count; k++)
    ahead += value[k] > value[j] || (value[k] == value[j] && k < j);
  return ahead;
}

static int64_t sum_of_two_best(const int64_t *score, int32_t count)
{
  int64_t sum = 0;
  for (int32_t k = 0; k < count; k++)
    sum += rank_of(score, count, k) < 2 ? score[k] : 0;
  return sum;
}

static uint64_t expected(const sample *s, int32_t i)
{
  int64_t score[MOST], group[MOST];
  int32_t size = s->experts / s->groups;
  uint64_t row = 0;
  for (int32_t k = 0; k < s->experts; k++)
    score[k] = score_of(s, i, k);
  for (int32_t g = 0; g < s->groups; g++)
    group[g] = sum_of_two_best(score + g * size, size);
  for (int32_t k = 0; k < s->experts; k++)
    if (rank_of(group, s->groups, k / size) >= s->kept)
      score[k] = s->zero ? 0 : -1000000 - k;
  for (int32_t k = 0; k < s->experts; k++)
    row |= (uint64_t)(rank_of(score, s->experts, k) < s->topk) << k;
  return row;
}

static void check(const sample *s, const alf_affinity *batch)
{
  char format[80];
  double shift[MOST];
  for (int32_t k = 0; k < s->experts; k++)
    shift[k] = ldexp((double)s->shift[k], -BITS);
  snprintf(format, sizeof format, "groups=%d,kept=%d,mask=%s", s->groups, s->kept, s->zero ? "0" : "-inf");
  alf_iterate *it = alf_test_start(batch, s->multiply ? &multiplying : &alf_test_spy, 1, s->topk, format, shift);
  const uint64_t *chosen = alf_iterate_current(it)->chosen_after;
  for (int32_t i = 0; i < TOKENS; i++)
    if (chosen[i] != expected(s, i))
      fail_msg("%s, K = %d, type %d, token %d: %llx, expected %llx", format, s->topk, (int)batch->dtype, i,
               (unsigned long long)chosen[i], (unsigned long long)expected(s, i));
  alf_iterate_free(it);
}

static void agrees_with_a_plain_one(void **state)
{
  (void)state;
  static double real[TOKENS * MOST];
  static float single[TOKENS * MOST];
  static int64_t units[TOKENS * MOST];
  for (uint64_t seed = 0; seed < 400; seed++) {
    sample s = draw(seed);
    for (int32_t c = 0; c < TOKENS * s.experts; c++) {
      real[c] = ldexp((double)s.cells[c], -BITS);
      single[c] = (float)real[c];
      units[c] = s.cells[c] * 16; /* on a grid of 2^-8 products are exact */
    }
    alf_affinity dyadic = alf_test_grid(TOKENS, s.experts, 2 * BITS, units);
    alf_affinity doubles = {.dtype = ALF_FLOAT64, .tokens = TOKENS, .experts = s.experts, .values = real};
    alf_affinity floats = {.dtype = ALF_FLOAT32, .tokens = TOKENS, .experts = s.experts, .values = single};
    check(&s, &dyadic);
    check(&s, &doubles);
    check(&s, &floats);
  }
}

/* Without groups, too. */
static void shifts_multiply(void **state)
{
  (void)state;
  const int64_t cells[] = {4, 3, 2, 4};
  const double shift[] = {0, 0.6875, 0.25, 0};
  alf_affinity batch = alf_test_grid(1, 4, 4, cells);
  alf_iterate *it = alf_test_start(&batch, &multiplying, 1, 1, "", shift);
  assert_int_equal(alf_iterate_current(it)->chosen_after[0], 2); /* 3 · 27/16 is 5.06 sixteenths */
  assert_true(alf_iterate_current(it)->not_topk);
  alf_iterate_free(it);
}

/* The sum of two scores is compared in the type of the batch: in float32 1 + 2^-30 is 1, and the lower group wins. */
static void groups_are_scored_in_the_type_of_the_batch(void **state)
{
  (void)state;
  const float single[] = {1, 0, 1, 0x1p-30f};
  const double real[] = {1, 0, 1, 0x1p-30};
  const alf_affinity batch[] = {{.dtype = ALF_FLOAT32, .tokens = 1, .experts = 4, .values = single},
                                {.dtype = ALF_FLOAT64, .tokens = 1, .experts = 4, .values = real}};
  for (int b = 0; b < 2; b++) {
    alf_iterate *it = alf_test_start(&batch[b], &alf_test_spy, 1, 1, "groups=2,kept=1", NULL);
    assert_int_equal(alf_iterate_current(it)->chosen_after[0], b ? 4 : 1);
    alf_iterate_free(it);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(agrees_with_a_plain_one),
      cmocka_unit_test(shifts_multiply),
      cmocka_unit_test(groups_are_scored_in_the_type_of_the_batch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
