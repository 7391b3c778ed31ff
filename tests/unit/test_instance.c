/* What the claims know of a batch, against plain recomputation on tiny instances. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "alf/instance.h"
#include "alf/routing.h"
#include "problems.h"

static void prepare(alf_instance *instance, const alf_affinity *batch, int32_t topk,
                    const alf_instance_settings *settings)
{
  alf_error err = {0};
  assert_ok(alf_instance_prepare(instance, batch, topk, settings, &err), &err);
}

static void prepare_solved(alf_instance *instance, const alf_affinity *batch, int32_t topk)
{
  alf_instance_settings settings = {.solve = true};
  prepare(instance, batch, topk, &settings);
  if (!instance->solved)
    fail_msg("not solved: %s", instance->why_not.text);
}

static void range_is_the_widest_row(void **state)
{
  (void)state;
  const int64_t values[] = {3, 4, 5, -7, -5, -6, 100, 101, 102}, negative[] = {-9, -3, 8, 7};
  alf_affinity batch = alf_test_grid(3, 3, 4, values), other = alf_test_grid(2, 2, 4, negative);
  alf_instance_settings settings = {0};
  alf_instance instance = {0};
  prepare(&instance, &batch, 1, &settings);
  assert_int_equal(instance.range, 2); /* not 109, the spread of the whole batch */
  assert_int_equal(instance.largest, 102);
  alf_instance_free(&instance);
  prepare(&instance, &other, 1, &settings);
  assert_int_equal(instance.range, 6);
  assert_int_equal(instance.largest, 9);
  alf_instance_free(&instance);
}

/* All ways to break the ties at given prices, counted through one by one. */
typedef struct breaking {
  const alf_affinity *batch;
  int32_t topk;
  const int64_t *price;
  int64_t load[8], worst; /* E·|A_k − L| */
  int64_t ways;
} breaking;

static void break_token(breaking *b, int64_t i);

/* Decides expert k of token i, and those after it; `open` slots are left. */
static void break_from(breaking *b, int64_t i, int32_t k, int32_t open, int64_t threshold)
{
  if (k == b->batch->experts) {
    if (open == 0)
      break_token(b, i + 1);
    return;
  }
  int64_t score = alf_affinity_row(b->batch, i)[k] + b->price[k];
  if (score <= threshold)
    break_from(b, i, k + 1, open, threshold);
  if (score >= threshold && open > 0) {
    b->load[k]++;
    break_from(b, i, k + 1, open - 1, threshold);
    b->load[k]--;
  }
}

/* The K-th largest score: K − 1 at most are larger, at least K are as large. */
static int64_t threshold_of(const breaking *b, int64_t i)
{
  const int64_t *row = alf_affinity_row(b->batch, i);
  for (int32_t k = 0; k < b->batch->experts; k++) {
    int32_t larger = 0, reaching = 0;
    for (int32_t j = 0; j < b->batch->experts; j++) {
      larger += row[j] + b->price[j] > row[k] + b->price[k];
      reaching += row[j] + b->price[j] >= row[k] + b->price[k];
    }
    if (larger < b->topk && reaching >= b->topk)
      return row[k] + b->price[k];
  }
  fail();
  return 0;
}

static void break_token(breaking *b, int64_t i)
{
  if (i < b->batch->tokens) {
    break_from(b, i, 0, b->topk, threshold_of(b, i));
    return;
  }
  b->ways++;
  for (int32_t k = 0; k < b->batch->experts; k++) {
    int64_t off = b->topk * b->batch->tokens - b->batch->experts * b->load[k];
    off = off < 0 ? -off : off;
    b->worst = off > b->worst ? off : b->worst;
  }
}

/* A bipartite graph of tied tokens and experts is a forest when it has as many edges as vertices less components. */
static bool is_forest(const breaking *b)
{
  int32_t component[8];
  int64_t edges = 0, tokens = 0, components = b->batch->experts;
  for (int32_t k = 0; k < b->batch->experts; k++)
    component[k] = k;
  for (int64_t i = 0; i < b->batch->tokens; i++) {
    int64_t threshold = threshold_of(b, i);
    int32_t tied[8], count = 0, larger = 0;
    for (int32_t k = 0; k < b->batch->experts; k++) {
      int64_t score = alf_affinity_row(b->batch, i)[k] + b->price[k];
      larger += score > threshold;
      if (score == threshold)
        tied[count++] = k;
    }
    if (larger + count == b->topk)
      continue;
    tokens++;
    edges += count;
    for (int32_t t = 1; t < count; t++) {
      int32_t from = component[tied[t]], to = component[tied[0]];
      components -= from != to;
      for (int32_t k = 0; k < b->batch->experts; k++)
        component[k] = component[k] == from ? to : component[k];
    }
  }
  return edges == tokens + b->batch->experts - components;
}

static void ties_agree_with_all_tie_breakings(void **state)
{
  (void)state;
  int forests = 0, tied = 0;
  for (int seed = 0; seed < 60; seed++) {
    char input[80];
    alf_affinity batch = {0};
    alf_instance instance = {0};
    int32_t experts = 2 + seed % 3, topk = 1 + seed % (experts - 1);
    snprintf(input, sizeof input, "grid:T=%d,E=%d,levels=%d,seed=%d", 1 + seed % 7, experts, 1 + seed / 6, seed);
    alf_test_batch(input, &batch);
    prepare_solved(&instance, &batch, topk);
    breaking b = {.batch = &batch, .topk = topk, .price = instance.optimum.price};
    break_token(&b, 0);
    assert_int_equal(instance.ties.max_deviation, b.worst);
    assert_int_equal(instance.ties.forest, is_forest(&b));
    assert_int_equal(instance.ties.tied_tokens > 0, b.ways > 1);
    assert_int_equal(instance.ties.tied_tokens, instance.certificate.tied_tokens);
    forests += instance.ties.forest && b.ways > 1;
    tied += !instance.ties.forest;
    alf_instance_free(&instance);
    alf_affinity_free(&batch);
  }
  assert_true(forests >= 10 && tied >= 10); /* the sample shows both */
}

/* Four tokens, two experts, K = 1: γ = (4 0; 3 0; 0 0; 1 0). The optimum gives expert 0 to the two that gain most from
   it; prices are optimal when p_1 − p_0 lies between 1 (the fourth would leave) and 3 (the second one stays). */
static void optimum_and_intervals_by_hand(void **state)
{
  (void)state;
  const int64_t values[] = {4, 0, 3, 0, 0, 0, 1, 0};
  alf_affinity batch = alf_test_grid(4, 2, 4, values);
  alf_instance instance = {0};
  prepare_solved(&instance, &batch, 1);
  assert_true(instance.optimum_value == 7 * 2);
  assert_int_equal(instance.exchange[0 * 2 + 1], 3);
  assert_int_equal(instance.exchange[1 * 2 + 0], -1);
  for (int64_t p = -1; p < 6; p++)
    assert_int_equal(alf_instance_is_optimal(&instance, (int64_t[]){7, 7 + p}), p >= 1 && p <= 3);
  alf_instance_free(&instance);
}

/* E = 3, K·T = 4: L = 4/3, so the optimum is fractional. Every shift on a lattice around the prices. */
static void intervals_hold_exactly_the_optimal_prices(void **state)
{
  (void)state;
  static const char *const inputs[] = {"grid:T=4,E=3,levels=4,seed=1", "grid:T=6,E=3,levels=16,seed=2",
                                       "grid:T=3,E=3,levels=2,seed=3", "adversarial:T=4,E=3,kind=0"};
  int64_t step = INT64_C(1) << (ALF_GRID_BITS - 5);
  for (size_t n = 0; n < 4; n++) {
    alf_affinity batch = {0};
    alf_instance instance = {0};
    int optimal = 0, others = 0;
    alf_test_batch(inputs[n], &batch);
    prepare_solved(&instance, &batch, 1);
    const int64_t *price = instance.optimum.price;
    for (int64_t a = -20; a <= 20; a++)
      for (int64_t b = -20; b <= 20; b++) {
        int64_t shift[] = {price[0], price[1] + a * step + (a == 7), price[2] + b * step - (b == 3)};
        bool is_optimum = alf_dual_value(&batch, 1, shift) == instance.optimum_value;
        assert_int_equal(alf_instance_is_optimal(&instance, shift), is_optimum);
        optimal += is_optimum;
        others += !is_optimum;
      }
    assert_true(optimal > 0 && others > 0);
    alf_instance_free(&instance);
    alf_affinity_free(&batch);
  }
}

/* Widened by one grid unit any finite interval stops being optimal, where the others allow to get to its end. */
static void intervals_are_tight(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_instance instance = {0};
  int tight = 0;
  alf_test_batch("uniform:T=24,E=4,seed=5", &batch);
  prepare_solved(&instance, &batch, 2);
  for (int32_t a = 0; a < 4; a++)
    for (int32_t b = 0; b < 4; b++) {
      int64_t shift[4], end = instance.exchange[a * 4 + b];
      memcpy(shift, instance.optimum.price, sizeof shift);
      if (a == b)
        continue;
      shift[b] = shift[a] + end;
      if (!alf_instance_is_optimal(&instance, shift))
        continue;
      tight++;
      assert_true(alf_dual_value(&batch, 2, shift) == instance.optimum_value);
      shift[b]++;
      assert_false(alf_instance_is_optimal(&instance, shift));
      assert_true(alf_dual_value(&batch, 2, shift) > instance.optimum_value);
    }
  assert_true(tight > 2);
  alf_instance_free(&instance);
  alf_affinity_free(&batch);
}

/* All rows equal and K = E − 1: once the dual simplex went round for ever on these. */
static void alike_tokens_are_solved(void **state)
{
  (void)state;
  static const char *const inputs[] = {"adversarial:kind=0,T=15,E=24,seed=866054",
                                       "adversarial:kind=0,T=52,E=17,seed=692444"};
  for (size_t n = 0; n < 2; n++) {
    alf_affinity batch = {0};
    alf_instance instance = {0};
    alf_instance_settings settings = {.solve = true, .timeout = 20};
    alf_test_batch(inputs[n], &batch);
    prepare(&instance, &batch, batch.experts - 1, &settings);
    if (!instance.solved)
      fail_msg("%s: %s", inputs[n], instance.why_not.text);
    alf_instance_free(&instance);
    alf_affinity_free(&batch);
  }
}

static void unsolved_instances_say_why(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_instance instance = {0};
  alf_instance_settings unasked = {0}, hurried = {.solve = true, .timeout = 1e-9};
  alf_test_batch("uniform:T=64,E=8", &batch);
  prepare(&instance, &batch, 2, &unasked);
  assert_false(instance.solved);
  assert_non_null(strstr(instance.why_not.text, "not asked for"));
  assert_null(instance.exchange);
  alf_instance_free(&instance);
  prepare(&instance, &batch, 2, &hurried);
  assert_false(instance.solved);
  assert_int_equal(instance.why_not.code, ALF_ETIMEOUT);
  assert_non_null(strstr(instance.why_not.text, "time limit"));
  alf_instance_free(&instance);
  alf_instance_free(&instance);
  alf_instance_free(NULL);
  alf_affinity_free(&batch);
}

static void refuses_what_is_no_problem(void **state)
{
  (void)state;
  const int64_t values[] = {1, 2, 3, 4}, huge[] = {INT64_C(1) << 41, 0, 0, 0};
  const double real[] = {1, 2, 3, 4};
  alf_affinity batch = alf_test_grid(2, 2, 4, values), large = alf_test_grid(2, 2, 4, huge);
  alf_affinity wrong = {.dtype = ALF_FLOAT64, .tokens = 2, .experts = 2, .values = real};
  alf_instance instance = {0};
  alf_instance_settings settings = {.solve = true};
  alf_error err = {0};
  assert_fails(alf_instance_prepare(&instance, &batch, 2, &settings, &err), ALF_EINVAL, &err, "topk 2");
  assert_fails(alf_instance_prepare(&instance, &batch, 0, &settings, &err), ALF_EINVAL, &err, "topk 0");
  assert_fails(alf_instance_prepare(&instance, &wrong, 1, &settings, &err), ALF_EINVAL, &err, "ALF_DYADIC");
  assert_fails(alf_instance_prepare(&instance, &large, 1, &settings, &err), ALF_ERANGE, &err, "2^41");
  assert_null(instance.batch);
  alf_instance_free(&instance);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(range_is_the_widest_row),       cmocka_unit_test(ties_agree_with_all_tie_breakings),
      cmocka_unit_test(optimum_and_intervals_by_hand), cmocka_unit_test(intervals_hold_exactly_the_optimal_prices),
      cmocka_unit_test(intervals_are_tight),           cmocka_unit_test(alike_tokens_are_solved),
      cmocka_unit_test(unsolved_instances_say_why),    cmocka_unit_test(refuses_what_is_no_problem),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
