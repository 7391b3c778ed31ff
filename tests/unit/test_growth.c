/* Fits of growth on curves whose law is known. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "alf/growth.h"
#include "alf/random.h"

enum { RUNS = 20, POINTS = 40 };

static int64_t batches[POINTS];
static double regret[RUNS * POINTS];

/* a + b·law(N) + noise that differs between runs, not along them. */
static alf_growth_data draw(double (*law)(double), double a, double b, double noise)
{
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  for (int j = 0; j < POINTS; j++)
    batches[j] = (int64_t)(10 * pow(1.2, j));
  for (int r = 0; r < RUNS; r++) {
    alf_rng_stream(rng, 4, 0, (uint64_t)r);
    double scale = 1 + noise * (2 * gsl_rng_uniform(rng) - 1);
    for (int j = 0; j < POINTS; j++)
      regret[r * POINTS + j] = a + b * scale * law((double)batches[j]);
  }
  gsl_rng_free(rng);
  return (alf_growth_data){regret, RUNS, POINTS, batches};
}

static double identity(double n)
{
  return n;
}

static void laws_are_recognised(void **state)
{
  (void)state;
  double (*const laws[])(double) = {log, sqrt, identity};
  for (int law = 0; law < ALF_GROWTH_LAWS; law++) {
    alf_growth growth;
    alf_error err = {0};
    alf_growth_data data = draw(laws[law], 1, 2, 0.1);
    assert_ok(alf_growth_fit(&data, 100, &growth, &err), &err);
    assert_int_equal(growth.law, law);
    assert_true(growth.misfit[law] < 1e-12);
    for (int other = 0; other < ALF_GROWTH_LAWS; other++)
      assert_true(other == law || growth.misfit[other] > 0.01);
  }
  assert_string_equal(alf_growth_law_name(ALF_GROWS_ROOT), "sqrt N");
}

static void slopes_and_intervals(void **state)
{
  (void)state;
  alf_growth growth;
  alf_error err = {0};
  alf_growth_data data = draw(log, 5, 2, 0.3);
  assert_ok(alf_growth_fit(&data, 100, &growth, &err), &err);
  double mean = 0;
  for (int r = 0; r < RUNS; r++)
    mean += (regret[r * POINTS + 1] - regret[r * POINTS]) / log((double)batches[1] / (double)batches[0]) / RUNS;
  assert_near(growth.per_decade.value, mean * log(10), 1e-9);
  assert_true(growth.per_decade.low < growth.per_decade.value && growth.per_decade.value < growth.per_decade.high);
  assert_true(growth.per_decade.low < 2 * log(10) && growth.per_decade.high > 2 * log(10)); /* the truth */
  assert_true(growth.per_decade.high - growth.per_decade.low < 0.5 * log(10));
  assert_true(growth.last.low < growth.last.value && growth.last.value < growth.last.high);
  data = draw(sqrt, 0, 3, 0.2);
  assert_ok(alf_growth_fit(&data, 100, &growth, &err), &err);
  assert_near(growth.exponent.value, 0.5, 1e-9);
  data = draw(identity, -1e9, 1, 0);
  assert_ok(alf_growth_fit(&data, 100, &growth, &err), &err);
  assert_true(isnan(growth.exponent.value) && isnan(growth.exponent.low)); /* not positive */
}

static void few_runs_have_no_interval(void **state)
{
  (void)state;
  alf_growth growth;
  alf_interval mean;
  alf_error err = {0};
  alf_growth_data data = draw(log, 0, 1, 0.1);
  data.runs = 4;
  assert_ok(alf_growth_fit(&data, 100, &growth, &err), &err);
  assert_true(isnan(growth.last.low) && isnan(growth.per_decade.high) && !isnan(growth.last.value));
  assert_ok(alf_bootstrap_mean((double[]){1, 2, 6}, 3, &mean, &err), &err);
  assert_near(mean.value, 3, 1e-15);
  assert_true(isnan(mean.low));
  assert_int_equal(alf_growth_fit(&data, batches[POINTS - 2], &growth, &err), ALF_EINVAL);
  assert_non_null(strstr(err.text, "2 checkpoints"));
}

/* The interval of a mean of n numbers of variance s² is about ±1.96 s/√n. */
static void bootstrap_of_a_mean(void **state)
{
  (void)state;
  double value[400], squares = 0, average = 0;
  alf_interval mean;
  alf_error err = {0};
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  for (int j = 0; j < 400; j++) {
    value[j] = gsl_rng_uniform(rng);
    average += value[j] / 400;
  }
  for (int j = 0; j < 400; j++)
    squares += (value[j] - average) * (value[j] - average) / 400;
  assert_ok(alf_bootstrap_mean(value, 400, &mean, &err), &err);
  double half = 1.96 * sqrt(squares / 400);
  assert_near(mean.value, average, 1e-12);
  assert_near(mean.low, average - half, 0.15 * half);
  assert_near(mean.high, average + half, 0.15 * half);
  gsl_rng_free(rng);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(laws_are_recognised),
      cmocka_unit_test(slopes_and_intervals),
      cmocka_unit_test(few_runs_have_no_interval),
      cmocka_unit_test(bootstrap_of_a_mean),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
