/* Hypothesis H(q) against counting: how many tokens lie in a closed window of two steps. */
#include "support.h"

#include <math.h>

#include "alf/instance.h"
#include "problems.h"

static void prepare(alf_instance *instance, const alf_affinity *batch, int32_t topk,
                    const alf_instance_settings *settings)
{
  alf_error err = {0};
  assert_ok(alf_instance_prepare(instance, batch, topk, settings, &err), &err);
}

/* For every pair and every token: how many differences lie in the closed window of length 2u that begins at its own. */
static int64_t crowd(const alf_affinity *batch, double u)
{
  int64_t q = 0, length = (int64_t)fmin(0x1p60, 2 * nearbyint(ldexp(u, batch->grid_bits)));
  for (int32_t a = 0; a < batch->experts; a++)
    for (int32_t b = 0; b < batch->experts; b++)
      for (int64_t i = 0; a != b && i < batch->tokens; i++) {
        int64_t count = 0, low = alf_affinity_row(batch, i)[a] - alf_affinity_row(batch, i)[b];
        for (int64_t j = 0; j < batch->tokens; j++) {
          int64_t difference = alf_affinity_row(batch, j)[a] - alf_affinity_row(batch, j)[b];
          count += difference >= low && difference <= low + length;
        }
        q = count > q ? count : q;
      }
  return q;
}

static int64_t crowd_of_pair(const alf_affinity *batch, const alf_crowding *crowding)
{
  int64_t values[2 * 64];
  alf_affinity pair = alf_test_grid(batch->tokens, 2, 4, values);
  assert_true(batch->tokens <= 64);
  pair.grid_bits = batch->grid_bits;
  for (int64_t i = 0; i < batch->tokens; i++) {
    values[2 * i] = alf_affinity_row(batch, i)[crowding->expert_a];
    values[2 * i + 1] = alf_affinity_row(batch, i)[crowding->expert_b];
  }
  return crowd(&pair, crowding->u);
}

static void crowding_agrees_with_counting(void **state)
{
  (void)state;
  static const char *const inputs[] = {"uniform:T=40,E=5", "grid:T=64,E=4,levels=8",
                                       "softmax:T=31,E=6", "adversarial:T=24,E=4,kind=0",
                                       "uniform:T=1,E=3",  "dirichlet:T=50,E=3"};
  static const double sizes[] = {1e-13, 1e-4, 1. / 16, 0.1, 0.5, 10, 1e12};
  enum { SIZES = sizeof sizes / sizeof *sizes };
  for (size_t n = 0; n < sizeof inputs / sizeof *inputs; n++) {
    alf_affinity batch = {0};
    alf_instance instance = {0};
    alf_instance_settings settings = {.crowding_count = SIZES, .step_size = sizes};
    alf_test_batch(inputs[n], &batch);
    prepare(&instance, &batch, 1, &settings);
    for (int c = 0; c < SIZES; c++) {
      const alf_crowding *crowding = alf_instance_crowding(&instance, sizes[c]);
      assert_non_null(crowding);
      assert_int_equal(crowding->q, crowd(&batch, sizes[c]));
      assert_int_equal(crowding->q, crowd_of_pair(&batch, crowding));
    }
    assert_null(alf_instance_crowding(&instance, 0.25));
    alf_instance_free(&instance);
    alf_affinity_free(&batch);
  }
}

/* Differences 0, 4 and 9 units of 1/16. A window of 4 (u = 2/16) holds 0 and 4, both at its ends; one of 8 no more, as
   9 − 0 and 9 − 4 need 9 and 5; one of 10 holds all. */
static void windows_are_closed(void **state)
{
  (void)state;
  const int64_t values[] = {0, 0, 4, 0, 9, 0};
  const double sizes[] = {1. / 16, 2. / 16, 4. / 16, 5. / 16};
  const int64_t expected[] = {1, 2, 2, 3};
  alf_affinity batch = alf_test_grid(3, 2, 4, values);
  alf_instance instance = {0};
  alf_instance_settings settings = {.crowding_count = 4, .step_size = sizes};
  prepare(&instance, &batch, 1, &settings);
  for (int c = 0; c < 4; c++)
    assert_int_equal(instance.crowding[c].q, expected[c]);
  alf_instance_free(&instance);
}

static bool stop_at_once(void)
{
  return true;
}

static void measuring_can_be_interrupted(void **state)
{
  (void)state;
  const double size = 0.1;
  alf_affinity batch = {0};
  alf_instance instance = {0};
  alf_instance_settings settings = {.crowding_count = 1, .step_size = &size, .stop = stop_at_once};
  alf_error err = {0};
  alf_test_batch("uniform:T=64,E=8", &batch);
  assert_fails(alf_instance_prepare(&instance, &batch, 2, &settings, &err), ALF_EINTERRUPTED, &err, "interrupted");
  alf_instance_free(&instance);
  alf_affinity_free(&batch);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(crowding_agrees_with_counting),
      cmocka_unit_test(windows_are_closed),
      cmocka_unit_test(measuring_can_be_interrupted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
