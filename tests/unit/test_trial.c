/* What the run of a rule is judged by: by hand. */
#include "support.h"

#include "trial/measures.h"

/* Two experts, 8 slots: L = 4, and a largest load of 4 + m is a MaxVio of m/4. */
static alf_trial_loads loads_of(int64_t *most, int64_t updates)
{
  return (alf_trial_loads){.updates = updates, .experts = 2, .slots = 8, .most = most};
}

static void parts_of_a_run(void **state)
{
  (void)state;
  assert_int_equal(alf_trial_second_half(200), 101); /* 101..200 */
  assert_int_equal(alf_trial_second_half(7), 4);     /* 4..7: the middle one counts */
  assert_int_equal(alf_trial_second_half(1), 1);
  assert_int_equal(alf_trial_last_tenth(200), 181);
  assert_int_equal(alf_trial_last_tenth(29), 28);
  assert_int_equal(alf_trial_last_tenth(10), 10);
  assert_int_equal(alf_trial_last_tenth(3), 3); /* one iterate at least */
}

static void means_by_hand(void **state)
{
  (void)state;
  int64_t most[] = {8, 7, 6, 4, 5};
  alf_trial_loads loads = loads_of(most, 4);
  assert_int_equal(alf_trial_sum(&loads, 3), 9);
  assert_true(alf_trial_mean(&loads, 3) == 0.125); /* 0, 1/4 */
  assert_true(alf_trial_mean(&loads, 0) == 0.5);   /* 1, 3/4, 1/2, 0, 1/4 */
  assert_true(alf_trial_worst(&loads, 2) == 0.5);
  assert_true(alf_trial_worst(&loads, 4) == 0.25);
  loads.slots = 7; /* L = 3.5: 4 / 3.5 − 1 = 1/7, 5 / 3.5 − 1 = 3/7 */
  assert_near(alf_trial_mean(&loads, 3), 2. / 7, 1e-15);
}

static void reached_by_hand(void **state)
{
  (void)state;
  int64_t most[] = {8, 4, 7, 5, 4, 4, 8};
  alf_trial_loads loads = loads_of(most, 6);
  assert_int_equal(alf_trial_reached(&loads, 1, 0), 1);    /* alone */
  assert_int_equal(alf_trial_reached(&loads, 2, 0.25), 3); /* 1/4 and 0; before: 1/2, 3/8, 1/2 */
  assert_int_equal(alf_trial_reached(&loads, 3, 0.34), 1); /* (0 + 3/4 + 1/4) / 3 = 1/3 */
  assert_int_equal(alf_trial_reached(&loads, 3, 0.33),
                   3); /* the next one, 3/4 + 1/4 + 0, is no less; then 1/4 + 0 + 0 */
  assert_int_equal(alf_trial_reached(&loads, 3, 0.08), -1);
  assert_int_equal(alf_trial_reached(&loads, 2, 0), 4);    /* both on target; the limit itself counts */
  assert_int_equal(alf_trial_reached(&loads, 7, 0.43), 0); /* all of them: 3 / 7 */
  assert_int_equal(alf_trial_reached(&loads, 7, 0.42), -1);
  assert_int_equal(alf_trial_reached(&loads, 8, 10), -1); /* no window so long */
}

static void range_by_hand(void **state)
{
  (void)state;
  const double value[] = {9, 2, 1, 3, 2, 9, 1};
  int first = -1;
  assert_int_equal(alf_trial_range(value, 7, 2, 2, &first), 2);
  assert_int_equal(first, 1);
  assert_int_equal(alf_trial_range(value, 7, 2, 3, &first), 4);
  assert_int_equal(first, 1);
  assert_int_equal(alf_trial_range(value, 7, 6, 8, &first), 1);
  assert_int_equal(first, 6);
  assert_int_equal(alf_trial_range(value, 7, 2, 9, &first), 7);
  assert_int_equal(first, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parts_of_a_run),
      cmocka_unit_test(means_by_hand),
      cmocka_unit_test(reached_by_hand),
      cmocka_unit_test(range_by_hand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
