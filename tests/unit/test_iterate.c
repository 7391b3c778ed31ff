#include "support.h"

#include <math.h>
#include <string.h>

#include "alf/iterate.h"
#include "alf/routing.h"
#include "reference.h"

static alf_iterate_settings settings_of(const char *rule, const char *schedule, double u, int32_t topk)
{
  return (alf_iterate_settings){alf_rule_find(rule), alf_schedule_find(schedule), u, topk, NULL};
}

/* The fast iteration against the plain one: same shifts, selections and loads at every step. */
static void follow(const char *input, const alf_iterate_settings *settings, int64_t steps)
{
  alf_affinity batch = {0};
  alf_iterate *it = NULL;
  alf_error err = {0};
  alf_test_batch(input, &batch);
  assert_ok(alf_iterate_alloc(&it, &batch, settings, &err), &err);
  assert_ok(alf_iterate_start(it, &batch, &err), &err);
  alf_reference *reference = alf_reference_new(&batch, settings, ALF_HONEST);
  size_t experts = (size_t)batch.experts, words = (size_t)batch.tokens * (size_t)alf_selection_words(batch.experts);
  for (int64_t n = 1; n <= steps; n++) {
    const alf_step *fast, *plain = alf_reference_step(reference);
    assert_ok(alf_iterate_step(it, &batch, &fast, &err), &err);
    assert_int_equal(fast->n, n);
    assert_memory_equal(fast->shift_before.grid, plain->shift_before.grid, experts * sizeof(int64_t));
    assert_memory_equal(fast->shift_after.grid, plain->shift_after.grid, experts * sizeof(int64_t));
    assert_memory_equal(fast->delta.grid, plain->delta.grid, experts * sizeof(int64_t));
    assert_memory_equal(fast->chosen_before, plain->chosen_before, words * sizeof(uint64_t));
    assert_memory_equal(fast->chosen_after, plain->chosen_after, words * sizeof(uint64_t));
    assert_memory_equal(fast->load_after, plain->load_after, experts * sizeof(int64_t));
  }
  alf_reference_free(reference);
  alf_iterate_free(it);
  alf_affinity_free(&batch);
}

static void agrees_with_the_plain_iteration(void **state)
{
  (void)state;
  static const char *const inputs[] = {"uniform:T=60,E=8", "grid:T=60,E=5", "softmax:T=33,E=17",
                                       "adversarial:T=40,E=6"};
  for (size_t i = 0; i < 4; i++)
    for (int r = 0; alf_rules[r]; r++)
      for (int s = 0; alf_schedules[s]; s++) {
        alf_iterate_settings settings = {alf_rules[r], alf_schedules[s], i % 2 ? 0.125 : 0.01, 1 + (int32_t)i, NULL};
        follow(inputs[i], &settings, 60);
      }
}

static void starts_from_a_given_shift(void **state)
{
  (void)state;
  double shift[8] = {0.5, -0.25, 0, 0, 1e-3, 0, 0, -1};
  alf_iterate_settings settings = settings_of("sign", "constant", 0.02, 2);
  settings.shift = shift;
  follow("uniform:T=60,E=8", &settings, 40);
}

/* Three tokens, two experts, K = 1: γ = (9 0; 5 0; 1 0)/16, all on expert 0, L = 1.5. Sign steps of 1/16 move the
   scores' difference by 2/16 a step: after one the last token changes (1 − 2 < 0), and loads 2 and 1 stay
   off target. */
static void sign_rule_by_hand(void **state)
{
  (void)state;
  const double values[] = {9. / 16, 0, 5. / 16, 0, 1. / 16, 0};
  alf_affinity batch = {.dtype = ALF_FLOAT64, .tokens = 3, .experts = 2, .values = values};
  alf_iterate_settings settings = settings_of("sign", "constant", 1. / 16, 1);
  alf_iterate *it = NULL;
  const alf_step *step;
  alf_error err = {0};
  assert_ok(alf_iterate_alloc(&it, &batch, &settings, &err), &err);
  assert_ok(alf_iterate_start(it, &batch, &err), &err);
  assert_int_equal(alf_iterate_current(it)->load_after[0], 3);
  assert_ok(alf_iterate_step(it, &batch, &step, &err), &err);
  assert_int_equal(step->load_before[0], 3);
  assert_int_equal(step->load_after[0], 2);
  assert_near(step->shift_after.real[0], -1. / 16, 0);
  assert_near(step->shift_after.real[1], 1. / 16, 0);
  assert_null(step->shift_after.grid);
  assert_ok(alf_iterate_step(it, &batch, &step, &err), &err);
  assert_int_equal(step->load_after[0], 2);
  alf_iterate_free(it);
}

static void proportional_rule_knows_its_unit(void **state)
{
  (void)state;
  const double values[] = {1, 0, 1, 0, 1, 0};
  alf_affinity batch = {.dtype = ALF_FLOAT64, .tokens = 3, .experts = 2, .values = values};
  static const char *const rules[] = {"proportional", "proportional-fraction"};
  const double expected[] = {-0.25 * 1.5, -0.25 * 0.5};
  for (int r = 0; r < 2; r++) {
    alf_iterate_settings settings = settings_of(rules[r], "1/sqrt(n)", 0.25, 1);
    alf_iterate *it = NULL;
    const alf_step *step;
    alf_error err = {0};
    assert_ok(alf_iterate_alloc(&it, &batch, &settings, &err), &err);
    assert_ok(alf_iterate_start(it, &batch, &err), &err);
    assert_ok(alf_iterate_step(it, &batch, &step, &err), &err);
    assert_near(step->delta.real[0], expected[r], 0);
    assert_ok(alf_iterate_step(it, &batch, &step, &err), &err);
    assert_near(step->step_size, 0.25 / sqrt(2), 1e-16);
    alf_iterate_free(it);
  }
}

/* Far below the grid: a step of 0, and no −0 in anybody's report. */
static void steps_too_small_for_the_grid_are_zero(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_iterate *it = NULL;
  const alf_step *step;
  alf_error err = {0};
  alf_test_batch("adversarial:T=20,E=4,kind=0", &batch);
  alf_iterate_settings settings = settings_of("proportional", "constant", 1e-15, 1);
  assert_ok(alf_iterate_alloc(&it, &batch, &settings, &err), &err);
  assert_ok(alf_iterate_start(it, &batch, &err), &err);
  assert_ok(alf_iterate_step(it, &batch, &step, &err), &err);
  for (int32_t k = 0; k < 4; k++)
    assert_true(step->delta.grid[k] == 0 && step->delta.real[k] == 0 && !signbit(step->delta.real[k]));
  alf_iterate_free(it);
  alf_affinity_free(&batch);
}

static void schedules_fall_as_they_say(void **state)
{
  (void)state;
  const alf_schedule *constant = alf_schedule_find("constant"), *harmonic = alf_schedule_find("1/n"),
                     *root = alf_schedule_find("1/sqrt(n)");
  for (int64_t n = 1; n <= 1024; n++) {
    assert_true(constant->factor(n, NULL) == 1 && harmonic->factor(n, NULL) == 1 / (double)n);
    assert_near(root->factor(n, NULL) * root->factor(n, NULL) * (double)n, 1, 1e-15);
  }
  assert_true(constant->constant && !harmonic->constant && !root->constant);
  assert_null(alf_schedule_find("1/m"));
  assert_null(alf_rule_find("signs"));
}

static double factor_of(const char *text, int64_t n)
{
  const alf_schedule *schedule;
  double value[ALF_MAX_PARAMETERS];
  alf_error err = {0};
  assert_ok(alf_schedule_read(text, &schedule, value, &err), &err);
  assert_false(schedule->constant);
  return schedule->factor(n, value);
}

static void schedules_follow_their_parameters(void **state)
{
  (void)state;
  assert_near(factor_of("cosine[horizon=4]", 1), 1, 0);
  assert_near(factor_of("cosine[horizon=4]", 2), (1 + sqrt(0.5)) / 2, 1e-15);
  assert_near(factor_of("cosine[horizon=4]", 3), 0.5, 1e-15);
  assert_near(factor_of("cosine[horizon=4]", 5), 0, 0);
  assert_near(factor_of("cosine[horizon=4]", 1000000), 0, 0);
  assert_near(factor_of("cosine[horizon=4,floor=0.25]", 3), 0.625, 1e-15);
  assert_near(factor_of("cosine[horizon=4,floor=0.25]", 5), 0.25, 0);
  assert_near(factor_of("warm-up[over=4]", 1), 0.25, 0);
  assert_near(factor_of("warm-up[over=4]", 3), 0.75, 0);
  assert_near(factor_of("warm-up[over=4]", 4), 1, 0);
  assert_near(factor_of("warm-up[over=1]", 1), 1, 0);
  assert_near(factor_of("stop-at[after=3]", 3), 1, 0);
  assert_near(factor_of("stop-at[after=3]", 4), 0, 0);
  assert_near(factor_of("stop-at[after=0]", 1), 0, 0);
  assert_near(factor_of("geometric[ratio=0.5]", 1), 1, 0);
  assert_near(factor_of("geometric[ratio=0.5]", 4), 0.125, 0);
  assert_near(factor_of("geometric[ratio=0]", 2), 0, 0);
  assert_near(factor_of("geometric[ratio=0.5]", 1000000), 0, 0);
}

/* From one end of every parameter to the other, however long the run. */
static void factors_lie_between_0_and_1(void **state)
{
  (void)state;
  for (int s = 0; alf_schedules[s]; s++)
    for (int end = 0; end < 3; end++) {
      double value[ALF_MAX_PARAMETERS];
      for (int i = 0; i < alf_parameter_count(alf_schedules[s]->parameters); i++) {
        const alf_parameter *p = &alf_schedules[s]->parameters[i];
        value[i] = end == 0 ? p->minimum : end == 1 ? p->maximum : p->fallback;
      }
      for (int64_t n = 1; n < (int64_t)1 << 60; n += 1 + n / 7) {
        double factor = alf_schedules[s]->factor(n, value);
        assert_true(factor >= 0 && factor <= 1);
      }
    }
}

/* Only a u that is 0 on the grid is refused: a warm-up may begin with steps of 0, and stop-at end with them. */
static void sign_steps_may_be_small_but_u_may_not(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_error err = {0};
  alf_test_batch("uniform:T=20,E=8", &batch);
  for (int s = 0; alf_schedules[s]; s++) {
    alf_iterate *it = NULL;
    alf_iterate_settings settings = settings_of("sign", alf_schedules[s]->name, 0x1p-41, 2);
    assert_fails(alf_iterate_alloc(&it, &batch, &settings, &err), ALF_ERANGE, &err, "rounds to 0");
    settings.u = 0x1p-40;
    assert_ok(alf_iterate_alloc(&it, &batch, &settings, &err), &err);
    alf_iterate_free(it);
  }
  alf_affinity_free(&batch);
}

static void refuses_bad_settings(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_iterate *it = NULL;
  alf_error err = {0};
  double shift[8] = {NAN};
  alf_test_batch("uniform:T=20,E=8", &batch);
  alf_iterate_settings s = settings_of("sign", "constant", -1, 2);
  assert_int_equal(alf_iterate_alloc(&it, &batch, &s, &err), ALF_EINVAL);
  assert_non_null(strstr(err.text, "step size u = -1"));
  s.u = NAN;
  assert_int_equal(alf_iterate_alloc(&it, &batch, &s, &err), ALF_EINVAL);
  s = settings_of("sign", "constant", 1, 8);
  assert_int_equal(alf_iterate_alloc(&it, &batch, &s, &err), ALF_EINVAL);
  s = settings_of("sign", "constant", 0x1p-41, 2); /* half a grid unit */
  assert_int_equal(alf_iterate_alloc(&it, &batch, &s, &err), ALF_ERANGE);
  s = settings_of("sign", "constant", 1e-14, 2);
  assert_int_equal(alf_iterate_alloc(&it, &batch, &s, &err), ALF_ERANGE);
  assert_non_null(strstr(err.text, "rounds to 0"));
  s = settings_of("sign", "constant", 1, 2);
  s.shift = shift;
  assert_int_equal(alf_iterate_alloc(&it, &batch, &s, &err), ALF_EINVAL);
  shift[0] = 1e9;
  assert_int_equal(alf_iterate_alloc(&it, &batch, &s, &err), ALF_ERANGE);
  assert_null(it);
  alf_affinity_free(&batch);
}

static void stops_at_the_edge_of_the_grid(void **state)
{
  (void)state;
  alf_affinity batch = {0}, other = {0};
  alf_iterate *it = NULL;
  const alf_step *step;
  alf_error err = {0};
  alf_test_batch("adversarial:T=20,E=8,kind=0", &batch);
  alf_test_batch("uniform:T=21,E=8", &other);
  alf_iterate_settings s = settings_of("sign", "constant", 1e6, 2);
  assert_ok(alf_iterate_alloc(&it, &batch, &s, &err), &err);
  assert_int_equal(alf_iterate_start(it, &other, &err), ALF_EINVAL);
  assert_ok(alf_iterate_start(it, &batch, &err), &err);
  assert_int_equal(alf_iterate_step(it, &other, &step, &err), ALF_EINVAL);
  alf_affinity coarser = batch;
  coarser.grid_bits--;
  assert_int_equal(alf_iterate_step(it, &coarser, &step, &err), ALF_EINVAL);
  assert_ok(alf_iterate_step(it, &batch, &step, &err), &err);
  alf_status status = ALF_OK;
  for (int n = 0; n < 10 && status == ALF_OK; n++)
    status = alf_iterate_step(it, &batch, &step, &err);
  assert_int_equal(status, ALF_ERANGE);
  assert_non_null(strstr(err.text, "leaves the grid"));
  alf_iterate_free(it);
  alf_affinity_free(&batch);
  alf_affinity_free(&other);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(agrees_with_the_plain_iteration),
      cmocka_unit_test(starts_from_a_given_shift),
      cmocka_unit_test(sign_rule_by_hand),
      cmocka_unit_test(proportional_rule_knows_its_unit),
      cmocka_unit_test(steps_too_small_for_the_grid_are_zero),
      cmocka_unit_test(schedules_fall_as_they_say),
      cmocka_unit_test(schedules_follow_their_parameters),
      cmocka_unit_test(factors_lie_between_0_and_1),
      cmocka_unit_test(sign_steps_may_be_small_but_u_may_not),
      cmocka_unit_test(refuses_bad_settings),
      cmocka_unit_test(stops_at_the_edge_of_the_grid),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
