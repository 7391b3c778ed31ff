/* Online runs against their definitions, and the verdicts on them. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/regret_verdict.h"
#include "plain_dual.h"
#include "routing/project.h"

enum { T = 12, E = 5, K = 2, STEPS = 40 };

static const char input[] = "beta:T=12,E=5,a=2,b=3,skew=0.3";

/* Projected subgradient steps u/n by the book on the batches of run number r. */
static void by_the_book(int64_t r, const double *star, double u, double width, double *expected, double *plain)
{
  alf_source *source;
  alf_affinity batch = {0};
  alf_error err = {0};
  const alf_family_call *behind;
  double p[E] = {0}, load[E], best[E];
  *expected = *plain = 0;
  assert_ok(alf_source_open(&source, input, 0, &err), &err);
  const alf_family *family = alf_source_family(source, &behind);
  alf_family_call call = *behind;
  assert_ok(alf_affinity_alloc(&batch, ALF_FLOAT64, T, E, &err), &err);
  for (int64_t n = 1; n <= STEPS; n++) {
    call.batch = r * STEPS + n - 1;
    assert_ok(family->fill(&call, batch.storage, &err), &err);
    double here = alf_plain_dual(&batch, K, p, load), there = alf_plain_dual(&batch, K, star, best), along = 0;
    for (int k = 0; k < E; k++)
      along += (best[k] - (double)K * T / E) * (p[k] - star[k]);
    *plain += here - there;
    *expected += here - there - along;
    for (int k = 0; k < E; k++)
      p[k] += u / (double)n * ((double)K * T / E - load[k]);
    if (width > 0)
      alf_project_shift(p, E, width);
  }
  alf_affinity_free(&batch);
  alf_source_close(source);
}

static alf_regret_cell cell_of(const char *rule, const char *schedule, double u, double width)
{
  return (alf_regret_cell){alf_rule_find(rule), alf_schedule_find(schedule), NULL, NULL, u, width};
}

static alf_regret_settings settings_of(const alf_regret_cell *cell, int cells, const double *star)
{
  return (alf_regret_settings){.input = input,
                               .topk = K,
                               .steps = STEPS,
                               .repetitions = 6,
                               .cells = cells,
                               .cell = cell,
                               .optimum = star,
                               .checkpoints = 10,
                               .threads = 1};
}

static const double star[E] = {0.05, -0.1, 0.02, 0.04, -0.01};

static void runs_follow_the_definitions(void **state)
{
  (void)state;
  const alf_regret_cell cell[] = {cell_of("proportional", "1/n", 0.05, 0), cell_of("proportional", "1/n", 0.2, 0.1)};
  alf_regret_settings settings = settings_of(cell, 2, star);
  alf_regret regret;
  alf_error err = {0};
  assert_ok(alf_regret_run(&regret, &settings, &err), &err);
  assert_int_equal(regret.batches[regret.checkpoints - 1], STEPS);
  for (int c = 0; c < 2; c++)
    for (int64_t r = 0; r < 6; r++) {
      double expected, plain;
      int64_t at = (c * 6 + r + 1) * regret.checkpoints - 1;
      by_the_book(r, star, cell[c].u, cell[c].width, &expected, &plain);
      assert_near(regret.expected[at], expected, 1e-11);
      assert_near(regret.plain[at], plain, 1e-11);
      assert_true(fabs(expected - plain) > 1e-6);
    }
  alf_regret_free(&regret);
}

static void threads_change_nothing(void **state)
{
  (void)state;
  const alf_regret_cell cell[] = {cell_of("proportional", "1/n", 0.05, 0), cell_of("sign", "constant", 0.01, 0)};
  alf_regret_settings settings = settings_of(cell, 2, star);
  alf_regret one, two;
  alf_error err = {0};
  settings.hindsight = settings.dynamic = true;
  assert_ok(alf_regret_run(&one, &settings, &err), &err);
  settings.threads = 3;
  assert_ok(alf_regret_run(&two, &settings, &err), &err);
  size_t singles = 2 * 6, numbers = singles * (size_t)one.checkpoints;
  assert_memory_equal(one.expected, two.expected, numbers * sizeof(double));
  assert_memory_equal(one.dynamic, two.dynamic, numbers * sizeof(double));
  assert_memory_equal(one.hindsight, two.hindsight, singles * sizeof(double));
  assert_memory_equal(one.noise, two.noise, E * E * sizeof(double));
  alf_regret_free(&one);
  alf_regret_free(&two);
}

/* The best fixed shift is no better than the best for each batch; and a shift that rests loses against both. */
static void regrets_are_ordered(void **state)
{
  (void)state;
  const alf_regret_cell cell[] = {cell_of("none", "constant", 1, 0)};
  alf_regret_settings settings = settings_of(cell, 1, star);
  alf_regret regret;
  alf_error err = {0};
  settings.hindsight = settings.dynamic = true;
  assert_ok(alf_regret_run(&regret, &settings, &err), &err);
  for (int64_t r = 0; r < 6; r++) {
    double dynamic = regret.dynamic[(r + 1) * regret.checkpoints - 1];
    assert_true(regret.hindsight[r] > 0 && dynamic > regret.hindsight[r]);
    assert_near(regret.farthest[r], sqrt(0.05 * 0.05 + 0.1 * 0.1 + 0.02 * 0.02 + 0.04 * 0.04 + 0.01 * 0.01), 1e-12);
  }
  alf_regret_free(&regret);
}

static int64_t patience;

static bool loses_patience(void)
{
  return --patience < 0;
}

static void complete_runs_are_kept(void **state)
{
  (void)state;
  const alf_regret_cell cell[] = {cell_of("proportional", "1/n", 0.05, 0)};
  alf_regret_settings settings = settings_of(cell, 1, star);
  alf_regret whole, part;
  alf_error err = {0};
  assert_ok(alf_regret_run(&whole, &settings, &err), &err);
  settings.stop = loses_patience;
  patience = 3 * STEPS + 7;
  assert_ok(alf_regret_run(&part, &settings, &err), &err);
  assert_int_equal(part.repetitions, 3);
  assert_memory_equal(part.expected, whole.expected, 3 * (size_t)part.checkpoints * sizeof(double));
  alf_regret_free(&part);
  patience = STEPS - 1;
  assert_int_equal(alf_regret_run(&part, &settings, &err), ALF_EINTERRUPTED);
  alf_regret_free(&whole);
  alf_regret_free(NULL);
}

static void targets_by_quadrature_and_by_pool(void **state)
{
  (void)state;
  alf_regret_target exact = {0}, pooled = {0}, moving = {0};
  alf_error err = {0};
  assert_ok(alf_regret_target_find(&exact, "uniform:T=16,E=8", 0, 2, NULL, &err), &err);
  assert_true(exact.stationary && exact.by_quadrature && exact.gradient < 1e-12);
  assert_near(exact.modulus, 16 * 8. / 7, 1e-9);
  assert_ok(alf_regret_target_find(&pooled, "softmax:T=16,E=8", 0, 2, NULL, &err), &err);
  assert_true(pooled.stationary && !pooled.by_quadrature && pooled.pooled == 1 << 17 && !pooled.tie);
  assert_true(pooled.gradient < 5 * sqrt(0.25 * 0.75 / (1 << 17)) * sqrt(2) && pooled.modulus > 0);
  assert_ok(alf_regret_target_find(&moving, "drift:T=100,E=8,batches=3", 0, 2, NULL, &err), &err);
  assert_true(!moving.stationary && moving.pooled == 300 && isnan(moving.gradient));
  alf_regret_target_free(&exact);
  alf_regret_target_free(&pooled);
  alf_regret_target_free(&moving);
  alf_regret_target_free(NULL);
  assert_int_equal(alf_regret_target_find(&exact, "nothing.npy", 0, 2, NULL, &err), ALF_EIO);
}

/* A finished run, told by hand: five runs, three checkpoints. */
typedef struct told {
  alf_regret_cell cell;
  alf_regret_settings settings;
  alf_regret regret;
  alf_regret_target target;
  alf_growth growth;
  int64_t batches[3];
  double expected[15], farthest[5], shift[E];
} told;

static void tell(told *t, const char *rule, const char *schedule, double u, double width)
{
  *t = (told){.cell = cell_of(rule, schedule, u, width), .batches = {1, 10, 100}};
  for (int j = 0; j < 15; j++)
    t->expected[j] = 1 + j % 3;
  for (int r = 0; r < 5; r++)
    t->farthest[r] = 0.5;
  t->settings = settings_of(&t->cell, 1, star);
  t->regret = (alf_regret){1, E, T, 5, 3, t->batches, t->expected, t->expected, NULL, NULL, t->farthest, NULL, 1};
  t->target = (alf_regret_target){.experts = E, .tokens = T, .stationary = true, .modulus = 20, .shift = t->shift};
}

static alf_regret_bound judge(told *t)
{
  alf_regret_bound bound;
  alf_error err = {0};
  assert_ok(alf_regret_judge(&t->regret, &t->settings, 0, &t->target, &t->growth, &bound, &err), &err);
  return bound;
}

static void bounds_are_those_of_c9(void **state)
{
  (void)state;
  told t;
  double squares = K * (double)T * T * (1 - (double)K / E);
  tell(&t, "proportional", "1/n", 0.05, 0);
  alf_regret_bound bound = judge(&t);
  assert_near(bound.a, 1, 1e-12);
  assert_near(alf_regret_bound_at(&bound, &t.cell, 100), 0.05 * squares / 2 * (1 + log(100)), 1e-9);
  assert_int_equal(bound.verdict, ALF_HOLDS);
  tell(&t, "proportional", "1/n", 0.049, 0);
  bound = judge(&t);
  assert_int_equal(bound.verdict, ALF_HYPOTHESIS_NOT_MET);
  tell(&t, "proportional", "1/sqrt(n)", 0.05, 0);
  bound = judge(&t);
  assert_near(alf_regret_bound_at(&bound, &t.cell, 100), (1 / 0.1 + 0.05 * squares) * 10, 1e-9); /* Δ = 2·0.5 */
  tell(&t, "proportional", "constant", 0.05, 0.4);
  bound = judge(&t);
  assert_near(alf_regret_bound_at(&bound, &t.cell, 100), 0.16 * 4 / 0.1 + 0.05 * squares * 50, 1e-9); /* Δ² = w²·4 */
  assert_int_equal(bound.verdict, ALF_HOLDS);
  tell(&t, "proportional-fraction", "1/n", 0.05 * K * T, 0);
  assert_near(judge(&t).a, 1, 1e-12);
  tell(&t, "sign", "1/n", 0.05, 0);
  bound = judge(&t);
  assert_int_equal(bound.verdict, ALF_HYPOTHESIS_NOT_MET);
  assert_true(isnan(bound.a) && isnan(alf_regret_bound_at(&bound, &t.cell, 100)));
}

static void a_regret_above_the_bound_refutes(void **state)
{
  (void)state;
  told t;
  tell(&t, "proportional", "1/n", 0.05, 0);
  for (int r = 0; r < 5; r++)
    t.expected[3 * r + 1] = 15 + r * 0.01; /* the bound there is 14.3 */
  alf_regret_bound bound = judge(&t);
  assert_int_equal(bound.verdict, ALF_REFUTED);
  assert_true(bound.margin < 0 && bound.margin > -1);
  t.expected[1] = -100; /* one run far below: the interval reaches under the bound */
  assert_int_equal(judge(&t).verdict, ALF_HOLDS);
}

/* Uniform, isotropic: [a²/(2a − 1)] K (1 − K/E)/(2 E h) ln 10, from the noise that runs measure. */
static void the_constant_of_the_logarithm(void **state)
{
  (void)state;
  alf_regret_target target = {0};
  alf_regret regret;
  alf_regret_bound bound;
  alf_growth growth = {0};
  alf_error err = {0};
  assert_ok(alf_regret_target_find(&target, "uniform:T=16,E=8", 0, 2, NULL, &err), &err);
  const alf_regret_cell cell[] = {cell_of("proportional", "1/n", 2 / target.modulus, 0)};
  alf_regret_settings settings = settings_of(cell, 1, target.shift);
  settings.input = "uniform:T=16,E=8";
  settings.steps = 400;
  settings.repetitions = 20;
  assert_ok(alf_regret_run(&regret, &settings, &err), &err);
  assert_ok(alf_regret_judge(&regret, &settings, 0, &target, &growth, &bound, &err), &err);
  assert_near(bound.per_decade, 4. / 3 * 2 * 0.75 / (2 * 8 / 7.) * log(10), 0.04);
  alf_regret_free(&regret);
  alf_regret_target_free(&target);
}

/* The nearest point: within the set, and no nearer one among others. */
static void projection_is_the_nearest_point(void **state)
{
  (void)state;
  double p[6] = {0.9, -0.3, 0.2, 0.25, -0.8, 0.1}, q[6], mean = 0.35 / 6;
  memcpy(q, p, sizeof q);
  alf_project_shift(q, 6, 10);
  for (int k = 0; k < 6; k++)
    assert_near(q[k], p[k] - mean, 1e-15); /* only the mean goes */
  memcpy(q, p, sizeof q);
  alf_project_shift(q, 6, 0.6);
  double sum = 0, low = q[4], high = q[0], distance = 0;
  for (int k = 0; k < 6; k++) {
    sum += q[k];
    distance += (q[k] - p[k]) * (q[k] - p[k]);
    assert_true(q[k] >= low - 1e-12 && q[k] <= high + 1e-12);
  }
  assert_near(sum, 0, 1e-12);
  assert_near(high - low, 0.6, 1e-12);
  for (int trial = -50; trial <= 50; trial++) { /* other places of the interval, sum mended on the rest */
    double other[6], place = trial * 0.004 + low, total = 0, off = 0;
    for (int k = 0; k < 6; k++) {
      other[k] = fmin(fmax(p[k] - mean, place), place + 0.6);
      total += other[k];
    }
    for (int k = 0; k < 6; k++)
      off += pow(other[k] - total / 6 - p[k], 2);
    assert_true(off >= distance - 1e-12);
  }
  memcpy(q, p, sizeof q);
  alf_project_shift(q, 6, 1e-9);
  for (int k = 0; k < 6; k++)
    assert_near(q[k], 0, 1e-9);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(runs_follow_the_definitions),
      cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(regrets_are_ordered),
      cmocka_unit_test(complete_runs_are_kept),
      cmocka_unit_test(targets_by_quadrature_and_by_pool),
      cmocka_unit_test(bounds_are_those_of_c9),
      cmocka_unit_test(a_regret_above_the_bound_refutes),
      cmocka_unit_test(the_constant_of_the_logarithm),
      cmocka_unit_test(projection_is_the_nearest_point),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
