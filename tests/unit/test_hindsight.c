/* Regret against hindsight: the pooled optimum, and the verdict on it. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "alf/regret_verdict.h"
#include "plain_dual.h"

enum { T = 12, E = 5, K = 2, STEPS = 40 };

static const char input[] = "beta:T=12,E=5,a=2,b=3,skew=0.3";

/* Σ f^n(p) over the batches of run number r, and its subgradient. */
static double sum_of_duals(int64_t r, const double *p, double *gradient)
{
  alf_source *source;
  alf_affinity batch = {0};
  alf_error err = {0};
  const alf_family_call *behind;
  double sum = 0, load[E];
  memset(gradient, 0, E * sizeof *gradient);
  assert_ok(alf_source_open(&source, input, 0, &err), &err);
  const alf_family *family = alf_source_family(source, &behind);
  alf_family_call call = *behind;
  assert_ok(alf_affinity_alloc(&batch, ALF_FLOAT64, T, E, &err), &err);
  for (call.batch = r * STEPS; call.batch < (r + 1) * STEPS; call.batch++) {
    assert_ok(family->fill(&call, batch.storage, &err), &err);
    sum += alf_plain_dual(&batch, K, p, load);
    for (int k = 0; k < E; k++)
      gradient[k] += load[k] - (double)K * T / E;
  }
  alf_affinity_free(&batch);
  alf_source_close(source);
  return sum;
}

/* What a resting shift loses against hindsight is what its sum of duals is above the smallest of all sums. */
static void the_pooled_optimum_is_the_least_sum(void **state)
{
  (void)state;
  static const double star[E] = {0.05, -0.1, 0.02, 0.04, -0.01}; /* any shift is no better than the pooled one */
  const alf_regret_cell cell = {.rule = alf_rule_find("none"), .schedule = alf_schedule_find("constant"), .u = 1};
  alf_regret_settings settings = {.input = input,
                                  .topk = K,
                                  .steps = STEPS,
                                  .repetitions = 6,
                                  .cells = 1,
                                  .cell = &cell,
                                  .optimum = star,
                                  .hindsight = true,
                                  .dynamic = true,
                                  .checkpoints = 10};
  alf_hindsight_bound bound;
  alf_regret regret;
  alf_error err = {0};
  assert_ok(alf_regret_run(&regret, &settings, &err), &err);
  for (int64_t r = 0; r < 6; r++) {
    double p[E] = {0}, gradient[E], pooled = sum_of_duals(r, p, gradient) - regret.hindsight[r], nearest = INFINITY;
    for (int step = 0; step < 300 && nearest > 0;
         step++) { /* Polyak's steps: they find the least sum if they know it */
      double above = sum_of_duals(r, p, gradient) - pooled, square = 0;
      for (int k = 0; k < E; k++)
        square += gradient[k] * gradient[k];
      for (int k = 0; k < E && square > 0; k++)
        p[k] -= above / square * gradient[k];
      nearest = fmin(nearest, above);
    }
    assert_true(nearest > -1e-9 && nearest < 1e-3);
    assert_true(regret.residual[r] == 0 && regret.rounding[r] > 0 && regret.rounding[r] < 1e-7);
  }
  alf_hindsight_judge(&regret, &bound);
  assert_int_equal(bound.verdict, ALF_HOLDS);
  assert_true(bound.margin > 1e-6);
  alf_regret_free(&regret);
}

/* Two runs with one checkpoint, told by hand: 5 lost against hindsight, 4 against p*, 9 against each batch's own optimum. */
static void hindsight_lies_between(void **state)
{
  (void)state;
  double plain[] = {4, 4}, dynamic[] = {9, 9}, hindsight[] = {5, 5}, residual[] = {0, 0}, rounding[] = {0.25, 0.25};
  alf_regret regret = {.cells = 1,
                       .repetitions = 2,
                       .checkpoints = 1,
                       .plain = plain,
                       .dynamic = dynamic,
                       .hindsight = hindsight,
                       .residual = residual,
                       .rounding = rounding};
  alf_hindsight_bound bound;
  alf_hindsight_judge(&regret, &bound);
  assert_int_equal(bound.verdict, ALF_HOLDS);
  assert_near(bound.margin, 1.25, 0);
  plain[1] = 5.125; /* within rounding */
  alf_hindsight_judge(&regret, &bound);
  assert_int_equal(bound.verdict, ALF_HOLDS);
  plain[1] = 5.5; /* p* would be better than the best */
  alf_hindsight_judge(&regret, &bound);
  assert_int_equal(bound.verdict, ALF_REFUTED);
  assert_near(bound.margin, -0.25, 0);
  regret.plain = NULL;
  alf_hindsight_judge(&regret, &bound);
  assert_near(bound.margin, 4.25, 0);
  dynamic[0] = 4; /* the batches' own optima would be above it */
  alf_hindsight_judge(&regret, &bound);
  assert_int_equal(bound.verdict, ALF_REFUTED);
  dynamic[0] = 9;
  residual[1] = 0x1p-40;
  alf_hindsight_judge(&regret, &bound);
  assert_int_equal(bound.verdict, ALF_REFUTED);
  assert_near(bound.margin, -0x1p-40, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_pooled_optimum_is_the_least_sum),
      cmocka_unit_test(hindsight_lies_between),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
