/* Tie densities measured on tokens: by hand on tokens that lie on a grid, and against quadrature. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "alf/population.h"
#include "faults.h"
#include "measure/tie_sample.h"

/* Two experts, γ = (v, 1/2) with v at the middles of 256 equal parts of [0, 1]: a density of 1 at the tie. */
static alf_status fill_grid(const alf_family_call *call, double *values, alf_error *err)
{
  (void)err;
  for (int64_t i = 0; i < call->tokens; i++) {
    values[2 * i] = ((double)(i % 256) + 0.5) / 256;
    values[2 * i + 1] = 0.5;
  }
  return ALF_OK;
}

static alf_tie_sample take(const alf_family *family, const alf_family_call *call, int32_t topk, double step,
                           int64_t tokens, const double *shift)
{
  alf_tie_sample sample = {0};
  alf_error err = {0};
  alf_tie_settings settings = {.family = family, .call = call, .topk = topk, .step = step, .tokens = tokens};
  assert_ok(alf_tie_sample_take(&sample, &settings, shift, &err), &err);
  return sample;
}

static void grid_by_hand(void **state)
{
  (void)state;
  alf_family grid = {.name = "grid of this test", .fill = fill_grid};
  alf_family_call call = {.experts = 2};
  alf_tie_sample sample = take(&grid, &call, 1, 0.125, 1, (double[]){0, 0});
  alf_error err = {0};
  alf_interval h, modulus;
  assert_int_equal(sample.tokens, 256 * ALF_TIE_GROUPS);
  for (alf_tie_way way = 0; way < ALF_TIE_WAYS; way++) {
    assert_ok(alf_tie_sample_density(&sample, way, 0, 1, &h, &err), &err);
    assert_near(h.value, 1, 1e-12);
    assert_true(h.high - h.low < 1e-12); /* all groups have the same tokens */
    assert_ok(alf_tie_sample_modulus(&sample, way, ALF_TIES_BY_GRADIENTS, &modulus, &err), &err);
    assert_near(modulus.value, 2, 1e-12); /* h (z_0 − z_1)² at z = (1, −1)/√2 */
  }
  alf_tie_sample_free(&sample);
  sample = take(&grid, &call, 1, 0.125, 1, (double[]){2, 0}); /* the tie is out of reach */
  for (alf_tie_way way = 0; way < ALF_TIE_WAYS; way++) {
    assert_ok(alf_tie_sample_density(&sample, way, 1, 0, &h, &err), &err);
    assert_true(h.value == 0);
  }
  alf_tie_sample_free(&sample);
}

static double error_of(const alf_interval *i)
{
  return (i->high - i->low) / (2 * 1.96);
}

/* The largest distance of any way and pair from h by quadrature, in standard errors. */
static double farthest(const alf_tie_sample *sample, const double *tie)
{
  double most = 0;
  alf_error err = {0};
  for (alf_tie_way way = 0; way < ALF_TIE_WAYS; way++)
    for (int32_t k = 0; k < sample->experts; k++)
      for (int32_t l = 0; l < k; l++) {
        alf_interval h;
        assert_ok(alf_tie_sample_density(sample, way, k, l, &h, &err), &err);
        most = fmax(most, fabs(h.value - tie[k * sample->experts + l]) / error_of(&h));
      }
  return most;
}

static alf_status fill_powers(const alf_family_call *call, double *values, alf_error *err)
{
  alf_status status = alf_family_find("beta")->fill(call, values, err);
  for (int64_t at = 0; at < call->tokens * call->experts; at++)
    values[at] = pow(values[at], 1.5);
  return status;
}

/* Beta affinities at some shift, and others that only say that they are. */
static void quadrature_is_met(void **state)
{
  (void)state;
  const double shift[] = {0.1, -0.05, 0, 0.02, -0.07};
  const alf_family_call *call;
  alf_source *source;
  alf_error err = {0};
  alf_population *population;
  assert_ok(alf_source_open(&source, "beta:E=5,skew=0.3", 3, &err), &err);
  alf_family family = *alf_source_family(source, &call);
  assert_ok(alf_population_alloc(&population, &family, call, 2, &err), &err);
  const double *tie = alf_population_evaluate(population, shift, true, ALF_POPULATION_ORDER).tie;
  alf_tie_sample sample = take(&family, call, 2, 0.01, 100000, shift);
  assert_true(farthest(&sample, tie) < 5);
  double modulus;
  alf_interval seen;
  assert_ok(alf_laplacian_modulus(tie, 5, &modulus, &err), &err);
  assert_ok(alf_tie_sample_modulus(&sample, ALF_TIES_BY_GRADIENTS, ALF_TIES_BY_SECOND_DIFFERENCES, &seen, &err), &err);
  assert_true(fabs(seen.value - modulus) < 5 * error_of(&seen) && error_of(&seen) < 0.05 * modulus);
  alf_tie_sample_free(&sample);
  family.fill = fill_powers;
  sample = take(&family, call, 2, 0.01, 100000, shift);
  assert_true(farthest(&sample, tie) > 8);
  alf_tie_sample_free(&sample);
  alf_population_free(population);
  alf_source_close(source);
}

/* Measures on the grid and takes both numbers from it. */
static alf_status measure_all(void *context, alf_error *err)
{
  (void)context;
  alf_family grid = {.name = "grid of this test", .fill = fill_grid};
  alf_family_call call = {.experts = 2};
  alf_tie_settings settings = {.family = &grid, .call = &call, .topk = 1, .step = 0.125, .tokens = 1};
  alf_tie_sample sample = {0};
  alf_interval interval;
  alf_status status = alf_tie_sample_take(&sample, &settings, (double[]){0, 0}, err);
  if (status == ALF_OK)
    status = alf_tie_sample_density(&sample, ALF_TIES_BY_GRADIENTS, 0, 1, &interval, err);
  if (status == ALF_OK)
    status = alf_tie_sample_modulus(&sample, ALF_TIES_BY_GRADIENTS, ALF_TIES_BY_NEARNESS, &interval, err);
  alf_tie_sample_free(&sample);
  return status;
}

/* The arrays of a sample, and what the bootstrap takes. */
static void every_allocation_may_fail(void **state)
{
  (void)state;
  alf_faults_sweep(&(alf_fault_trial){"sample", 9, measure_all, NULL, NULL});
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(grid_by_hand), cmocka_unit_test(quadrature_is_met),
                                     cmocka_unit_test(every_allocation_may_fail)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
