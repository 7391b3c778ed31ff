/* What each family promises about its values. Seeds are fixed; bands are five standard errors. */
#include "support.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/source.h"

static alf_affinity read_batch(const char *input, int number)
{
  alf_error err = {0};
  alf_source *source;
  alf_affinity batch = {0};
  assert_ok(alf_source_open(&source, input, 11, &err), &err);
  for (int b = 0; b <= number; b++)
    assert_ok(alf_source_next(source, &batch, &err), &err);
  alf_source_close(source);
  return batch;
}

/* The share of cells below a threshold against a probability. */
static void assert_share_below(const alf_affinity *batch, double threshold, double probability)
{
  double cells = (double)(batch->tokens * batch->experts), below = 0;
  for (int64_t i = 0; i < batch->tokens; i++)
    for (int32_t k = 0; k < batch->experts; k++)
      below += alf_affinity_get(batch, i, k) < threshold;
  assert_near(below / cells, probability, 5 * sqrt(probability * (1 - probability) / cells));
}

static void test_uniform(void **state)
{
  (void)state;
  alf_affinity batch = read_batch("uniform:T=1000,E=50", 0);
  for (int i = 1; i < 10; i++)
    assert_share_below(&batch, i / 10.0, i / 10.0);
  alf_affinity_free(&batch);
}

static void test_gauss_sigmoid(void **state)
{
  (void)state;
  const double factors[] = {2, 0.2};
  for (int f = 0; f < 2; f++) {
    char input[80];
    snprintf(input, sizeof input, "gauss_sigmoid:T=1000,E=50,factor=%g", factors[f]);
    alf_affinity batch = read_batch(input, 0);
    for (double z = -2; z <= 2; z += 0.5)
      assert_share_below(&batch, 1 / (1 + exp(-factors[f] * z)), gsl_cdf_ugaussian_P(z));
    alf_affinity_free(&batch);
  }
}

/* Mean over tokens of log(γ_ik / γ_i0): the difference of the experts' logits, whatever the softmax divides by. */
static double mean_log_ratio(const alf_affinity *batch, int32_t k)
{
  double sum = 0;
  for (int64_t i = 0; i < batch->tokens; i++)
    sum += log(alf_affinity_get(batch, i, k) / alf_affinity_get(batch, i, 0));
  return sum / (double)batch->tokens;
}

static void assert_rows_sum_to_one(const alf_affinity *batch)
{
  for (int64_t i = 0; i < batch->tokens; i++) {
    double sum = 0;
    for (int32_t k = 0; k < batch->experts; k++) {
      assert_true(alf_affinity_get(batch, i, k) >= 0);
      sum += alf_affinity_get(batch, i, k);
    }
    assert_near(sum, 1, 1e-13);
  }
}

/* Without skew the experts are alike; with it they differ by the same amounts in every batch; both scale with
   1/temperature. */
static void test_softmax(void **state)
{
  (void)state;
  const double error = sqrt(2.0 / 2000);
  alf_affinity plain = read_batch("softmax:T=2000,E=8,skew=0", 0);
  alf_affinity first = read_batch("softmax:T=2000,E=8,skew=3,batches=6", 0);
  alf_affinity later = read_batch("softmax:T=2000,E=8,skew=3,batches=6", 5);
  alf_affinity cold = read_batch("softmax:T=2000,E=8,skew=3,temperature=0.5,batches=6", 0);
  double largest = 0;
  assert_rows_sum_to_one(&first);
  assert_rows_sum_to_one(&cold);
  for (int32_t k = 1; k < 8; k++) {
    assert_near(mean_log_ratio(&plain, k), 0, 5 * error);
    assert_near(mean_log_ratio(&first, k), mean_log_ratio(&later, k), 5 * sqrt(2) * error);
    assert_near(mean_log_ratio(&cold, k), 2 * mean_log_ratio(&first, k), 1e-9);
    largest = fmax(largest, fabs(mean_log_ratio(&first, k)));
  }
  assert_true(largest > 1);
  alf_affinity_free(&plain);
  alf_affinity_free(&first);
  alf_affinity_free(&later);
  alf_affinity_free(&cold);
}

/* After half a period the skew has changed its sign, after a whole one it is back. */
static void test_drift(void **state)
{
  (void)state;
  const double error = 5 * sqrt(2) * sqrt(2.0 / 2000);
  alf_affinity start = read_batch("drift:T=2000,E=8,skew=3,period=6,batches=9", 0);
  alf_affinity half = read_batch("drift:T=2000,E=8,skew=3,period=6,batches=9", 3);
  alf_affinity whole = read_batch("drift:T=2000,E=8,skew=3,period=6,batches=9", 6);
  double largest = 0;
  assert_rows_sum_to_one(&half);
  for (int32_t k = 1; k < 8; k++) {
    assert_near(mean_log_ratio(&half, k), -mean_log_ratio(&start, k), error);
    assert_near(mean_log_ratio(&whole, k), mean_log_ratio(&start, k), error);
    largest = fmax(largest, fabs(mean_log_ratio(&start, k)));
  }
  assert_true(largest > 1);
  alf_affinity_free(&start);
  alf_affinity_free(&half);
  alf_affinity_free(&whole);
}

/* Every level occurs with its share, and nothing lies between. */
static void test_grid(void **state)
{
  (void)state;
  alf_affinity batch = read_batch("grid:T=1000,E=50,levels=8", 0);
  const double *values = batch.values;
  int count[8] = {0};
  for (int c = 0; c < 50000; c++) {
    double level = 8 * values[c];
    assert_true(level == floor(level) && level >= 0 && level < 8);
    count[(int)level]++;
  }
  for (int level = 0; level < 8; level++)
    assert_near(count[level] / 50000.0, 1.0 / 8, 5 * sqrt(1.0 / 8 * 7 / 8 / 50000));
  alf_affinity_free(&batch);
}

/* Mean 1/E and variance (1/E)(1 - 1/E) / (E·concentration + 1). */
static void test_dirichlet(void **state)
{
  (void)state;
  alf_affinity batch = read_batch("dirichlet:T=4000,E=10,concentration=0.5", 0);
  assert_rows_sum_to_one(&batch);
  double squares = 0, first = 0;
  for (int64_t i = 0; i < batch.tokens; i++) {
    first += alf_affinity_get(&batch, i, 3);
    for (int32_t k = 0; k < 10; k++)
      squares += pow(alf_affinity_get(&batch, i, k) - 0.1, 2);
  }
  double variance = 0.1 * 0.9 / (10 * 0.5 + 1);
  assert_near(first / 4000, 0.1, 5 * sqrt(variance / 4000));
  assert_near(squares / 40000, variance, 0.05 * variance);
  alf_affinity_free(&batch);
}

static const double *row(const alf_affinity *batch, int64_t i)
{
  return (const double *)batch->values + i * batch->experts;
}

static void test_equal_and_duplicated_rows(void **state)
{
  (void)state;
  const size_t length = 6 * sizeof(double);
  alf_affinity equal = read_batch("adversarial:kind=0,T=40,E=6", 0);
  alf_affinity twins = read_batch("adversarial:kind=2,T=40,E=6,block=4", 0);
  for (int64_t i = 1; i < 40; i++) {
    assert_memory_equal(row(&equal, i), row(&equal, 0), length);
    if (i % 4 != 0)
      assert_memory_equal(row(&twins, i), row(&twins, i - 1), length);
    else
      assert_memory_not_equal(row(&twins, i), row(&twins, i - 1), length);
  }
  alf_affinity_free(&equal);
  alf_affinity_free(&twins);
}

static int32_t best(const double *values, int32_t experts)
{
  int32_t found = 0;
  for (int32_t k = 1; k < experts; k++)
    if (values[k] > values[found])
      found = k;
  return found;
}

static void test_dominant_expert(void **state)
{
  (void)state;
  alf_affinity first = read_batch("adversarial:kind=1,T=200,E=6,batches=2", 0);
  alf_affinity second = read_batch("adversarial:kind=1,T=200,E=6,batches=2", 1);
  int32_t dominant = best(row(&first, 0), 6);
  for (int64_t i = 0; i < 200; i++) {
    assert_int_equal(best(row(&first, i), 6), dominant);
    assert_int_equal(best(row(&second, i), 6), dominant);
  }
  alf_affinity_free(&first);
  alf_affinity_free(&second);
}

static void test_nearly_repeating_rows(void **state)
{
  (void)state;
  alf_affinity equal = read_batch("adversarial:kind=0,T=40,E=6", 0);
  alf_affinity nearly = read_batch("adversarial:kind=3,T=40,E=6,noise=1e-3", 0);
  for (int64_t i = 0; i < 40; i++)
    for (int32_t k = 0; k < 6; k++) {
      double noise = row(&nearly, i)[k] - row(&equal, i)[k];
      assert_true(noise >= 0 && noise < 1e-3);
      assert_true(i == 0 || row(&nearly, i)[k] != row(&nearly, i - 1)[k]);
    }
  alf_affinity_free(&equal);
  alf_affinity_free(&nearly);
}

/* Block b wants the experts b·width … b·width + width - 1, modulo E, and nothing else. */
static void test_blocks(void **state)
{
  (void)state;
  alf_affinity batch = read_batch("adversarial:kind=4,T=60,E=7,block=5,width=3", 0);
  for (int64_t i = 0; i < 60; i++)
    for (int32_t k = 0; k < 7; k++) {
      int64_t distance = (k - i / 5 * 3 % 7 + 7) % 7;
      assert_true(distance < 3 ? row(&batch, i)[k] >= 0.75 : row(&batch, i)[k] < 0.25);
    }
  alf_affinity_free(&batch);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_uniform),
      cmocka_unit_test(test_gauss_sigmoid),
      cmocka_unit_test(test_softmax),
      cmocka_unit_test(test_drift),
      cmocka_unit_test(test_grid),
      cmocka_unit_test(test_dirichlet),
      cmocka_unit_test(test_equal_and_duplicated_rows),
      cmocka_unit_test(test_dominant_expert),
      cmocka_unit_test(test_nearly_repeating_rows),
      cmocka_unit_test(test_blocks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
