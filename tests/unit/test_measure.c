/* What alflab iterate says about an iterate and sums over a run: by hand, and against plain formulas. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/random.h"
#include "alf/routing.h"
#include "measure/measure.h"

static void balance_by_hand(void **state)
{
  (void)state;
  alf_balance b = alf_measure_balance((int64_t[]){3, 0, 5, 4}, 4, 12); /* L = 3 */
  assert_true(b.max_load == 5 && b.min_load == 0 && b.dead_experts == 1 && !b.on_target);
  assert_true(b.max_violation == 2.0 / 3 && b.max_abs_violation == 1 && b.max_excess == 12);
  b = alf_measure_balance((int64_t[]){4, 3, 3}, 3, 10); /* L = 10/3: one third above, two thirds below */
  assert_true(b.max_violation == 0.2 && b.max_abs_violation == 0.2 && b.dead_experts == 0 && !b.on_target);
  b = alf_measure_balance((int64_t[]){7, 7}, 2, 14);
  assert_true(b.max_violation == 0 && b.max_abs_violation == 0 && b.on_target);
  b = alf_measure_balance((int64_t[]){0, 9, 0}, 3, 9);
  assert_true(b.max_violation == 2 && b.max_abs_violation == 2 && b.dead_experts == 2);
}

static void spread_by_hand(void **state)
{
  (void)state;
  alf_spread s = alf_measure_spread((int64_t[]){3, 0, 5, 4}, 4, 12);
  assert_near(s.variation, sqrt(7.0 / 18), 1e-15); /* (0 + 1 + 4/9 + 1/9) / 4 */
  assert_near(s.entropy, (log(4) / 4 + 5 * log(12.0 / 5) / 12 + log(3) / 3) / log(4), 1e-14);
  s = alf_measure_spread((int64_t[]){5, 5, 5}, 3, 15);
  assert_true(s.variation == 0 && s.entropy == 1);
  s = alf_measure_spread((int64_t[]){0, 8}, 2, 8);
  assert_true(s.variation == 1 && s.entropy == 0);
  s = alf_measure_spread((int64_t[]){4, 4, 0, 0}, 4, 8);
  assert_true(s.variation == 1);
  assert_near(s.entropy, 0.5, 1e-15); /* ln 2 / ln 4 */
}

/* Against the definition, and whatever the order of the experts, to the last bit. */
static void spread_of_random_loads(void **state)
{
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  for (uint64_t trial = 0; trial < 200; trial++) {
    enum { MOST = 300 };
    int64_t load[MOST], mirrored[MOST], slots = 0;
    alf_rng_stream(rng, 5, 0, trial);
    int32_t experts = 2 + (int32_t)gsl_rng_uniform_int(rng, MOST - 1);
    for (int32_t k = 0; k < experts; k++)
      slots += load[k] = (int64_t)gsl_rng_uniform_int(rng, trial % 2 ? 3 : 1000000) + (k == 0);
    double entropy = 0, squares = 0, target = (double)slots / experts;
    for (int32_t k = 0; k < experts; k++) {
      double share = (double)load[k] / (double)slots;
      entropy -= load[k] ? share * log(share) : 0;
      squares += ((double)load[k] - target) * ((double)load[k] - target);
      mirrored[experts - 1 - k] = load[k];
    }
    alf_spread s = alf_measure_spread(load, experts, slots);
    alf_spread m = alf_measure_spread(mirrored, experts, slots);
    assert_near(s.entropy, entropy / log(experts), 1e-12);
    assert_near(s.variation, sqrt(squares / experts) / target, 1e-12);
    assert_true(s.entropy == m.entropy && s.variation == m.variation);
  }
  gsl_rng_free(rng);
}

static void shift_by_hand(void **state)
{
  (void)state;
  const int64_t grid[] = {3, -5, 9}, far[] = {INT64_C(1) << 61, -(INT64_C(1) << 61), 1};
  const double real[] = {0.5, -1.25, 0.25};
  alf_extent e = alf_measure_shift(&(alf_shift){grid, NULL}, 3, 2);
  assert_true(e.range == 3.5 && e.mean == 1.75 / 3);
  e = alf_measure_shift(&(alf_shift){far, NULL}, 3, 40);
  assert_true(e.range == 0x1p22 && e.mean == 0x1p-40 / 3);
  e = alf_measure_shift(&(alf_shift){NULL, real}, 3, 0);
  assert_true(e.range == 1.75 && e.mean == -0.5 / 3);
}

/* Three tokens, three experts, K = 1: experts 0, 0, 2 are chosen, loads 2, 0, 1. */
static const uint64_t chosen[] = {1, 1, 4};
static const int64_t loads[] = {2, 0, 1};

/* Σ γ = 5 + 7 − 2 = 10 quarters; prices: 3·(2 − 1) + 1·(0 − 1) + (−4)(1 − 1) = 2 quarters. */
static void values_by_hand(void **state)
{
  (void)state;
  const int64_t cells[] = {5, 1, 2, 7, 0, 0, -9, -9, -2}, grid[] = {3, 1, -4};
  const double real[] = {0.75, 0.25, -1};
  alf_affinity batch = {.dtype = ALF_DYADIC, .tokens = 3, .experts = 3, .grid_bits = 2, .values = cells};
  alf_step step = {.batch_after = &batch, .topk = 1, .chosen_after = chosen, .load_after = loads};
  step.shift_after = (alf_shift){grid, real};
  alf_iterate_value v = alf_measure_value(&step);
  assert_true(v.exact && v.objective == 2.5 && v.dual_value == 3 && v.dual_exact == 36); /* twelfths */
  assert_true(v.dual_exact == alf_lagrangian(&batch, 1, chosen, grid));
  for (int dtype = ALF_FLOAT32; dtype <= ALF_FLOAT64; dtype++) {
    alf_affinity floats = {0};
    alf_error err = {0};
    assert_ok(alf_affinity_convert(&batch, (alf_dtype)dtype, &floats, &err), &err);
    step.batch_after = &floats;
    step.shift_after.grid = NULL;
    v = alf_measure_value(&step);
    assert_true(!v.exact && v.objective == 2.5 && v.dual_value == 3);
    alf_affinity_free(&floats);
  }
}

/* At a routing by Top-K the value is the dual function, which is evaluated apart from it; E of one word and of two. */
static void value_is_the_dual_function(void **state)
{
  (void)state;
  const char *inputs[] = {"uniform:T=50,E=7", "uniform:T=50,E=64,seed=1", "uniform:T=50,E=70,seed=2"};
  for (int i = 0; i < 3; i++) {
    alf_affinity batch = {0};
    alf_error err = {0};
    alf_iterate *it = NULL;
    const alf_step *step = NULL;
    alf_iterate_settings settings = {alf_rule_find("sign"), alf_schedule_find("constant"), 0.01, 3};
    alf_test_batch(inputs[i], &batch);
    assert_ok(alf_iterate_alloc(&it, &batch, &settings, &err), &err);
    assert_ok(alf_iterate_start(it, &batch, &err), &err);
    for (int n = 0; n < 5; n++) {
      assert_ok(alf_iterate_step(it, &batch, &step, &err), &err);
      assert_true(alf_measure_value(step).dual_exact == alf_dual_value(&batch, 3, step->shift_after.grid));
    }
    alf_iterate_free(it);
    alf_affinity_free(&batch);
  }
}

static void churn_by_hand(void **state)
{
  (void)state;
  alf_affinity batch = {.tokens = 3, .experts = 70};
  const uint64_t before[] = {0x7, 0, 0x1, 0x20, 0x3, 0x10}, after[] = {0x7, 0, 0x2, 0x01, 0x3, 0x20};
  alf_step step = {.batch_after = &batch, .topk = 3, .chosen_before = before, .chosen_after = after};
  alf_churn c = alf_count_churn(&step);
  assert_true(c.swaps == 0 && c.switched_tokens == 0); /* no update yet */
  step.batch_before = &batch;
  c = alf_count_churn(&step);
  assert_true(c.swaps == 3 && c.switched_tokens == 2);
}

/* Half a unit of difference between values that agree to 17 digits. */
static void gap_is_rounded_once(void **state)
{
  (void)state;
  alf_affinity batch = {.dtype = ALF_DYADIC, .tokens = 1, .experts = 2, .grid_bits = 40};
  alf_int128 large = (alf_int128)1 << 100;
  alf_iterate_value value = {.exact = true, .dual_exact = large + 1, .dual_value = 1e18};
  alf_optimum optimum = {true, large, 1e18};
  assert_true(alf_optimum_gap(&value, &optimum, &batch) == 0x1p-41);
  optimum.exact = large + 1;
  assert_true(alf_optimum_gap(&value, &optimum, &batch) == 0);
  value = (alf_iterate_value){.dual_value = 2.5};
  optimum.value = 2;
  assert_true(alf_optimum_gap(&value, &optimum, &batch) == 0.5);
  optimum.known = false;
  assert_true(isnan(alf_optimum_gap(&value, &optimum, &batch)));
}

static void add(alf_sums *sums, const int64_t *load, int64_t swaps)
{
  alf_balance balance = alf_measure_balance(load, sums->experts, sums->slots);
  alf_sums_add(sums, load, &balance);
  alf_sums_add_churn(sums, &(alf_churn){.swaps = swaps});
}

/* E = 4, L = 3. Signed: totals 9, 6, 12, 9 over three updates are 0, −3, 3, 0 off 9. */
static void means_by_hand(void **state)
{
  (void)state;
  alf_sums sums;
  alf_error err = {0};
  assert_ok(alf_sums_alloc(&sums, 4, 12, &err), &err);
  alf_means m = alf_sums_means(&sums);
  assert_true(isnan(m.max_violation) && isnan(m.max_abs_violation) && isnan(m.signed_violation) && isnan(m.swaps));
  add(&sums, (int64_t[]){6, 0, 3, 3}, 4); /* 1, 1 */
  m = alf_sums_means(&sums);
  assert_true(m.max_violation == 1 && m.max_abs_violation == 1 && m.signed_violation == 1 && m.swaps == 4);
  add(&sums, (int64_t[]){0, 4, 4, 4}, 2); /* 1/3, 1 */
  add(&sums, (int64_t[]){3, 2, 5, 2}, 0); /* 2/3, 2/3 */
  m = alf_sums_means(&sums);
  assert_true(m.max_violation == 2.0 / 3 && m.max_abs_violation == 8.0 / 9);
  assert_true(m.signed_violation == 1.0 / 3 && m.swaps == 2);
  alf_sums_free(&sums);
  alf_sums_free(&sums);
}

/* Over- and underload that cancel leave nothing signed. */
static void oscillation_is_not_signed(void **state)
{
  (void)state;
  alf_sums sums;
  alf_error err = {0};
  assert_ok(alf_sums_alloc(&sums, 2, 10, &err), &err);
  for (int n = 0; n < 10; n++)
    add(&sums, n % 2 ? (int64_t[]){7, 3} : (int64_t[]){3, 7}, 1);
  alf_means m = alf_sums_means(&sums);
  assert_true(m.signed_violation == 0 && m.max_violation == 0.4 && m.max_abs_violation == 0.4);
  alf_sums_free(&sums);
}

/* A third of a unit, three times, is one unit exactly; in float mode gaps are added as they come. */
static void regret_by_hand(void **state)
{
  (void)state;
  alf_affinity batch = {.dtype = ALF_DYADIC, .tokens = 1, .experts = 3, .grid_bits = 0};
  alf_sums sums;
  alf_error err = {0};
  assert_ok(alf_sums_alloc(&sums, 3, 3, &err), &err);
  assert_true(isnan(alf_sums_regret(&sums, &batch)));
  for (int n = 0; n < 3; n++)
    alf_sums_add_gap(&sums, &(alf_iterate_value){.exact = true, .dual_exact = 11}, &(alf_optimum){true, 10, 10});
  assert_true(alf_sums_regret(&sums, &batch) == 1);
  alf_sums_free(&sums);

  assert_ok(alf_sums_alloc(&sums, 3, 3, &err), &err);
  batch.dtype = ALF_FLOAT64;
  alf_sums_add_gap(&sums, &(alf_iterate_value){.dual_value = 2.5}, &(alf_optimum){true, 0, 2});
  alf_sums_add_gap(&sums, &(alf_iterate_value){.dual_value = 4}, &(alf_optimum){true, 0, 3.75});
  assert_true(alf_sums_regret(&sums, &batch) == 0.75);
  alf_sums_free(&sums);
}

/* One gap that is not known, and a sum that leaves 128 bits, are not forgotten. */
static void regret_stays_unknown(void **state)
{
  (void)state;
  alf_affinity batch = {.dtype = ALF_DYADIC, .tokens = 1, .experts = 3, .grid_bits = 0};
  const alf_optimum known = {true, 0, 0}, unknown = {0};
  alf_iterate_value value = {.exact = true, .dual_exact = 1},
                    huge = {.exact = true, .dual_exact = (alf_int128)3 << 125};
  alf_error err = {0};
  for (int way = 0; way < 3; way++) {
    alf_sums sums;
    assert_ok(alf_sums_alloc(&sums, 3, 3, &err), &err);
    if (way != 1)
      alf_sums_add_gap(&sums, way == 2 ? &huge : &value, &known);
    assert_int_equal(isnan(alf_sums_regret(&sums, &batch)), way == 1);
    alf_sums_add_gap(&sums, way == 2 ? &huge : &value, way == 2 ? &known : &unknown);
    assert_true(isnan(alf_sums_regret(&sums, &batch)));
    alf_sums_add_gap(&sums, &value, &known);
    assert_true(isnan(alf_sums_regret(&sums, &batch)));
    alf_sums_free(&sums);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(balance_by_hand),        cmocka_unit_test(spread_by_hand),
      cmocka_unit_test(spread_of_random_loads), cmocka_unit_test(shift_by_hand),
      cmocka_unit_test(values_by_hand),         cmocka_unit_test(value_is_the_dual_function),
      cmocka_unit_test(churn_by_hand),          cmocka_unit_test(gap_is_rounded_once),
      cmocka_unit_test(means_by_hand),          cmocka_unit_test(oscillation_is_not_signed),
      cmocka_unit_test(regret_by_hand),         cmocka_unit_test(regret_stays_unknown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
