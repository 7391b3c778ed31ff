/* Each rule by hand: steps from given loads, and what is known of its runs. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "alf/iterate.h"
#include "alf/verify.h"

enum { T = 8, E = 4, K = 1 }; /* L = 2 */

/* v = (L − A)/L: −1.5, 0, 0.5, 1; signs −1, 0, 1, 1. */
static const int64_t loads[E] = {5, 2, 1, 0};

/* A rule with its parameters and state, and the shift it moves. */
typedef struct bench {
  const alf_rule *rule;
  double value[ALF_MAX_PARAMETERS], shift[E], delta[E], state[64];
  int64_t n;
} bench;

static bench bench_of(const char *rule)
{
  bench b = {0};
  alf_error err = {0};
  assert_ok(alf_rule_read(rule, &b.rule, b.value, &err), &err);
  assert_true(!b.rule->state_size || b.rule->state_size(&(alf_rule_shape){T, E, K}) <= sizeof b.state);
  return b;
}

/* One update; the shift follows. */
static const double *update(bench *b, const int64_t load[E], double u)
{
  alf_rule_input in = {.n = ++b->n,
                       .tokens = T,
                       .experts = E,
                       .topk = K,
                       .slots = K * T,
                       .load = load,
                       .shift = b->shift,
                       .step_size = u,
                       .value = b->value};
  alf_error err = {0};
  assert_ok(b->rule->update(&in, b->state, b->delta, &err), &err);
  for (int k = 0; k < E; k++)
    b->shift[k] += b->delta[k];
  return b->delta;
}

static void assert_step(const double *delta, const double expected[E], double tolerance)
{
  for (int k = 0; k < E; k++)
    assert_near(delta[k], expected[k], tolerance);
}

static void sign_and_proportional_by_hand(void **state)
{
  (void)state;
  bench b = bench_of("sign");
  assert_step(update(&b, loads, 0.5), (double[]){-0.5, 0, 0.5, 0.5}, 0);
  b = bench_of("proportional");
  assert_step(update(&b, loads, 0.5), (double[]){-1.5, 0, 0.5, 1}, 0);
  b = bench_of("proportional-fraction");
  assert_step(update(&b, loads, 0.5), (double[]){-1.5 / 8, 0, 0.5 / 8, 1. / 8}, 0);
}

static void sign_centred_by_hand(void **state)
{
  (void)state;
  bench b = bench_of("sign-centred");
  assert_step(update(&b, loads, 0.5), (double[]){-0.625, -0.125, 0.375, 0.375}, 0);
  assert_step(update(&b, (int64_t[]){2, 2, 2, 2}, 0.5), (double[]){0, 0, 0, 0}, 0);
}

static void none_by_hand(void **state)
{
  (void)state;
  bench b = bench_of("none");
  b.delta[0] = 7;
  assert_step(update(&b, loads, 0.5), (double[]){0, 0, 0, 0}, 0);
}

/* 1/E − f = v/E: −0.375, 0, 0.125, 0.25. */
static void ema_by_hand(void **state)
{
  (void)state;
  bench b = bench_of("ema[decay=0.5,limit=0.25]");
  assert_step(update(&b, loads, 1), (double[]){-0.1875, 0, 0.0625, 0.125}, 0);
  assert_step(update(&b, loads, 1), (double[]){-0.0625, 0, 0.09375, 0.125}, 0); /* clamped at both ends */
  assert_step(b.shift, (double[]){-0.25, 0, 0.15625, 0.25}, 0);
  b = bench_of("ema[decay=0.5,limit=0]"); /* no clamp */
  update(&b, loads, 1);
  assert_step(update(&b, loads, 1), (double[]){-0.28125, 0, 0.09375, 0.1875}, 0);
}

/* As axolotl writes it: average of the fractions, rate times 1/E less that, less the mean, clamp. */
static void ema_is_that_of_axolotl(void **state)
{
  (void)state;
  static const int64_t history[3][E] = {{5, 2, 1, 0}, {0, 3, 4, 1}, {8, 0, 0, 0}};
  bench b = bench_of("ema");
  double average[E] = {0}, shift[E] = {0}, u = 12;
  for (int n = 0; n < 30; n++) {
    double step[E], mean = 0;
    for (int k = 0; k < E; k++) {
      average[k] = 0.9 * average[k] + (1 - 0.9) * ((double)history[n % 3][k] / (K * T));
      step[k] = u * (1. / E - average[k]);
      mean += step[k] / E;
    }
    for (int k = 0; k < E; k++)
      shift[k] = fmin(fmax(shift[k] + (step[k] - mean), -2), 2);
    update(&b, history[n % 3], u);
    assert_step(b.shift, shift, 1e-13);
  }
  assert_near(b.shift[0], -2, 0); /* the clamp was reached */
}

static void smebu_by_hand(void **state)
{
  (void)state;
  double centred[E] = {tanh(-3), 0, tanh(1), tanh(2)}, mean = (tanh(-3) + tanh(1) + tanh(2)) / E;
  bench b = bench_of("smebu");
  for (int k = 0; k < E; k++)
    centred[k] -= mean;
  const double first[E] = {centred[0] / 4, centred[1] / 4, centred[2] / 4, centred[3] / 4};
  assert_step(update(&b, loads, 0.5), first, 1e-15);
  /* Balanced: δ is 0, and half of the momentum is left. */
  assert_step(update(&b, (int64_t[]){2, 2, 2, 2}, 0.5),
              (double[]){first[0] / 2, first[1] / 2, first[2] / 2, first[3] / 2}, 1e-15);
}

/* The soft clamp is below u, but centring takes it up to 2u (1 − 1/E): all on one expert, κ large. */
static void smebu_steps_are_bounded(void **state)
{
  (void)state;
  bench b = bench_of("smebu[kappa=1e6,beta=0]");
  assert_step(update(&b, (int64_t[]){8, 0, 0, 0}, 0.5), (double[]){-0.75, 0.25, 0.25, 0.25}, 0);
}

static void dual_averaging_by_hand(void **state)
{
  (void)state;
  bench b = bench_of("dual-averaging[gamma=2]");
  b.shift[0] = 1;
  assert_step(update(&b, loads, 0.5), (double[]){-0.375, 0, 0.125, 0.25}, 0);
  update(&b, loads, 0.5); /* the sum is twice that, over γ√2 */
  double root = sqrt(2);
  assert_step(b.shift, (double[]){1 - 0.75 / root, 0, 0.25 / root, 0.5 / root}, 1e-15);
  b.n = 15; /* balanced from then on: the sum stays, its weight falls */
  update(&b, (int64_t[]){2, 2, 2, 2}, 0.5);
  assert_step(b.shift, (double[]){1 - 0.1875, 0, 0.0625, 0.125}, 1e-15);
}

static void adagrad_by_hand(void **state)
{
  (void)state;
  bench b = bench_of("adagrad");
  assert_step(update(&b, loads, 0.5), (double[]){-0.5, 0, 0.5, 0.5}, 0); /* the first step is that of the sign rule */
  assert_step(update(&b, (int64_t[]){2, 2, 2, 2}, 0.5), (double[]){0, 0, 0, 0}, 0);
  assert_step(update(&b, (int64_t[]){0, 2, 2, 4}, 0.5), (double[]){0.5 / sqrt(1.5 * 1.5 + 1), 0, 0, -0.5 / sqrt(2)},
              1e-16);
  b = bench_of("adagrad[delta=0.5]");
  assert_step(update(&b, loads, 0.5), (double[]){-0.375, 0, 0.25, 0.5 / 1.5}, 1e-16);
}

/* A run in exact arithmetic, and what is compared after each of its steps. */
typedef void (*check)(const alf_step *step, int32_t experts);

static void run(const char *rule, const char *schedule, double u, int64_t steps, check each)
{
  alf_affinity batch = {0};
  alf_iterate *it = NULL;
  const alf_step *step;
  alf_error err = {0};
  double rule_value[ALF_MAX_PARAMETERS], schedule_value[ALF_MAX_PARAMETERS];
  alf_iterate_settings settings = {.u = u, .topk = 2, .rule_values = rule_value, .schedule_values = schedule_value};
  assert_ok(alf_rule_read(rule, &settings.rule, rule_value, &err), &err);
  assert_ok(alf_schedule_read(schedule, &settings.schedule, schedule_value, &err), &err);
  alf_test_batch("softmax:T=101,E=10,skew=2", &batch);
  assert_ok(alf_iterate_alloc(&it, &batch, &settings, &err), &err);
  memset(rule_value, 0xff, sizeof rule_value); /* the values were copied */
  memset(schedule_value, 0xff, sizeof schedule_value);
  assert_ok(alf_iterate_start(it, &batch, &err), &err);
  for (int64_t n = 0; n < steps; n++) {
    assert_ok(alf_iterate_step(it, &batch, &step, &err), &err);
    each(step, batch.experts);
  }
  alf_iterate_free(it);
  alf_affinity_free(&batch);
}

static int64_t moved(const alf_step *step, int32_t experts)
{
  int64_t sum = 0;
  for (int32_t k = 0; k < experts; k++)
    sum += step->shift_after.grid[k] - step->shift_before.grid[k];
  return sum;
}

static void moves_by_under_minus_over(const alf_step *step, int32_t experts)
{
  int64_t sum = 0, slots = 2 * step->batch_before->tokens;
  for (int32_t k = 0; k < experts; k++)
    sum += (experts * step->load_before[k] < slots) - (experts * step->load_before[k] > slots);
  assert_int_equal(moved(step, experts), sum * ((int64_t)1 << 30)); /* u = 2^-10 on a grid of 2^-40 */
}

static void keeps_the_sum(const alf_step *step, int32_t experts)
{
  assert_in_range(moved(step, experts) + experts, experts / 2, experts + experts / 2);
}

static void stays_within_the_clamp(const alf_step *step, int32_t experts)
{
  for (int32_t k = 0; k < experts; k++)
    assert_true(fabs(step->shift_after.real[k]) <= 0.0625);
}

static void steps_within_twice_u(const alf_step *step, int32_t experts)
{
  for (int32_t k = 0; k < experts; k++)
    assert_true(fabs(step->delta.real[k]) <= 2 * step->step_size * (1 - 1. / experts) + 0x1p-40);
}

static void rests(const alf_step *step, int32_t experts)
{
  for (int32_t k = 0; k < experts; k++)
    assert_true(step->shift_after.grid[k] == 0 && step->delta.grid[k] == 0);
}

static void runs_show_the_known_facts(void **state)
{
  (void)state;
  run("sign", "constant", 0x1p-10, 300, moves_by_under_minus_over);
  run("sign-centred", "constant", 1e-3, 300, keeps_the_sum);
  run("smebu", "constant", 1e-2, 300, keeps_the_sum);
  run("dual-averaging", "constant", 1e-2, 300, keeps_the_sum);
  run("ema[limit=0.0625]", "constant", 0.5, 300, stays_within_the_clamp);
  run("smebu", "constant", 0.1, 300, steps_within_twice_u);
  run("smebu[kappa=50,beta=0.9]", "1/sqrt(n)", 0.1, 300, steps_within_twice_u);
  run("none", "constant", 1, 50, rests);
}

static void is_frozen_after_5(const alf_step *step, int32_t experts)
{
  size_t bytes = (size_t)experts * sizeof(int64_t);
  assert_true(step->step_size == (step->n <= 5 ? 0.01 : 0));
  if (step->n <= 5)
    return;
  assert_memory_equal(step->shift_after.grid, step->shift_before.grid, bytes);
  assert_memory_equal(step->load_after, step->load_before, bytes);
  for (int32_t k = 0; k < experts; k++)
    assert_true(step->delta.grid[k] == 0 && step->delta.real[k] == 0);
}

/* Momentum and dual averages too. */
static void stop_at_freezes_every_rule(void **state)
{
  (void)state;
  for (int r = 0; alf_rules[r]; r++) {
    run(alf_rules[r]->name, "stop-at[after=5]", 0.01, 20, is_frozen_after_5);
    run(alf_rules[r]->name, "stop-at[after=0]", 0.01, 20, rests);
  }
}

static void parameters_out_of_range_are_refused(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_iterate *it = NULL;
  alf_error err = {0};
  const double beta[] = {2, 1.5}, after[] = {-1};
  alf_test_batch("uniform:T=20,E=8", &batch);
  alf_iterate_settings s = {.rule = alf_rule_find("smebu"),
                            .schedule = alf_schedule_find("stop-at"),
                            .u = 0.1,
                            .topk = 2,
                            .rule_values = beta};
  assert_fails(alf_iterate_alloc(&it, &batch, &s, &err), ALF_EINVAL, &err,
               "smebu: beta '1.5': expected a number in 0..1");
  s.rule_values = NULL;
  s.schedule_values = after;
  assert_fails(alf_iterate_alloc(&it, &batch, &s, &err), ALF_EINVAL, &err, "stop-at: after '-1': expected a whole");
  assert_null(it);
  alf_affinity_free(&batch);
}

/* What verify says of a rule: a verdict of every claim, none refuted. */
static void check_verdicts(const alf_instance *instance, const alf_cell *cell, alf_claim_result *result)
{
  alf_verify_settings settings = {.steps = 60, .exact = true, .claims = alf_claims};
  alf_error err = {0};
  assert_ok(alf_verify_cell(instance, NULL, cell, &settings, result, &err), &err);
  for (int c = 0; alf_claims[c]; c++) {
    if (result[c].verdict == ALF_REFUTED || !result[c].reason[0])
      fail_msg("%s, %s, %s: %s", alf_claims[c]->id, cell->rule->name, cell->schedule->name, result[c].reason);
    bool formed =
        !strcmp(alf_claims[c]->id, "C1") || !strcmp(alf_claims[c]->id, "C2") || !strcmp(alf_claims[c]->id, "C3");
    if (formed && cell->schedule->constant)
      assert_int_equal(result[c].verdict, cell->rule->form == ALF_FORM_FREE ? ALF_HYPOTHESIS_NOT_MET : ALF_HOLDS);
    if (!strcmp(alf_claims[c]->id, "C6"))
      assert_int_equal(result[c].verdict, cell->rule->combine == ALF_ADD ? ALF_HOLDS : ALF_HYPOTHESIS_NOT_MET);
  }
}

static void every_rule_has_its_verdicts(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_instance instance = {0};
  alf_instance_settings settings = {.solve = true, .crowding_count = 1, .step_size = (double[]){0.01}};
  alf_claim_result result[16];
  alf_error err = {0};
  static const double horizon[] = {20, 0}, few[] = {7}, half[] = {0.5};
  alf_test_batch("uniform:T=128,E=8", &batch);
  assert_ok(alf_instance_prepare(&instance, &batch, 2, &settings, &err), &err);
  for (int r = 0; alf_rules[r]; r++) {
    const alf_cell cells[] = {{alf_rules[r], alf_schedule_find("constant"), 0.01, NULL, NULL},
                              {alf_rules[r], alf_schedule_find("cosine"), 0.01, NULL, horizon},
                              {alf_rules[r], alf_schedule_find("warm-up"), 0.01, NULL, few},
                              {alf_rules[r], alf_schedule_find("stop-at"), 0.01, NULL, few},
                              {alf_rules[r], alf_schedule_find("geometric"), 0.01, NULL, half}};
    for (size_t c = 0; c < sizeof cells / sizeof *cells; c++)
      check_verdicts(&instance, &cells[c], result);
  }
  alf_instance_free(&instance);
  alf_affinity_free(&batch);
}

/* The shift after three updates. */
static void run_with(const alf_rule *rule, double u, const alf_affinity *batch, double *shift)
{
  alf_iterate *it = NULL;
  alf_error err = {0};
  const alf_step *step = NULL;
  alf_iterate_settings settings = {rule, alf_schedule_find("constant"), u, 2};
  assert_ok(alf_iterate_alloc(&it, batch, &settings, &err), &err);
  assert_ok(alf_iterate_start(it, batch, &err), &err);
  for (int n = 0; n < 3; n++)
    assert_ok(alf_iterate_step(it, batch, &step, &err), &err);
  memcpy(shift, step->shift_after.real, 8 * sizeof *shift);
  alf_iterate_free(it);
}

/* Exactly those where more than 1 counts as 1 say so; u does nothing at all in "none". */
static void weights_are_declared(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_test_batch("uniform:T=128,E=8", &batch);
  for (int r = 0; alf_rules[r]; r++) {
    double full[8], more[8];
    run_with(alf_rules[r], 1, &batch, full);
    run_with(alf_rules[r], 3, &batch, more);
    assert_int_equal(!memcmp(full, more, sizeof full), alf_rules[r]->weight || !strcmp(alf_rules[r]->name, "none"));
    assert_true(!alf_rules[r]->weight || alf_rule_usual_u(alf_rules[r]) <= 1);
  }
  alf_affinity_free(&batch);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sign_and_proportional_by_hand),
      cmocka_unit_test(sign_centred_by_hand),
      cmocka_unit_test(none_by_hand),
      cmocka_unit_test(ema_by_hand),
      cmocka_unit_test(ema_is_that_of_axolotl),
      cmocka_unit_test(smebu_by_hand),
      cmocka_unit_test(smebu_steps_are_bounded),
      cmocka_unit_test(dual_averaging_by_hand),
      cmocka_unit_test(adagrad_by_hand),
      cmocka_unit_test(runs_show_the_known_facts),
      cmocka_unit_test(stop_at_freezes_every_rule),
      cmocka_unit_test(parameters_out_of_range_are_refused),
      cmocka_unit_test(every_rule_has_its_verdicts),
      cmocka_unit_test(weights_are_declared),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
