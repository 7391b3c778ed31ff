/* What the run of a rule is judged by, by hand; sweeps that are stopped, on several threads, and of what cannot be solved. */
#include "support.h"

#include "trial/measures.h"
#include "trial/sweep.h"

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

static alf_status read_instance(alf_trial_instance *instance, int32_t topk, alf_error *err)
{
  alf_source *source = NULL;
  *instance = (alf_trial_instance){.class = ALF_TRIAL_FRESH, .topk = topk, .updates = 20, .batches = 5};
  assert_ok(alf_source_open(&source, "softmax:T=32,E=4,skew=1,batches=5", 1, err), err);
  alf_status status = alf_trial_instance_read(instance, source, &(alf_trial_settings){.threads = 2}, err);
  alf_source_close(source);
  return status;
}

static int looks_left;

static bool runs_out(void)
{
  return looks_left-- <= 0;
}

static alf_status sweep(alf_trial_sweep *s, alf_trial_instance *instance, alf_trial_rules *rules,
                        const alf_trial_settings *settings, alf_error *err)
{
  static const char *const names[] = {"sign", "ema"};
  double values[ALF_MAX_PARAMETERS];
  const alf_rule *rule;
  *rules = (alf_trial_rules){0};
  for (int r = 0; r < 2; r++) {
    assert_ok(alf_rule_read(names[r], &rule, values, err), err);
    assert_ok(alf_trial_rules_add(rules, rule, values, true, err), err);
  }
  return alf_trial_sweep_run(s, instance, rules, settings, err);
}

static void sweeps_depend_on_no_threads(void **state)
{
  (void)state;
  alf_trial_instance instance;
  alf_trial_rules rules;
  alf_trial_sweep one, four;
  alf_error err = {0};
  assert_ok(read_instance(&instance, 2, &err), &err);
  assert_ok(sweep(&one, &instance, &rules, &(alf_trial_settings){.threads = 1}, &err), &err);
  assert_ok(sweep(&four, &instance, &rules, &(alf_trial_settings){.threads = 4}, &err), &err);
  assert_int_equal(one.rows, 5 * ALF_TRIAL_SCHEDULES); /* ema has three values of its decay beside the usual one */
  assert_int_equal(four.rows, one.rows);
  for (int i = 0; i < one.rows; i++)
    for (int place = 0; place < ALF_TRIAL_PLACES; place++) {
      const alf_trial *a = &one.row[i].trial[place], *b = &four.row[i].trial[place];
      assert_int_equal(a->done, b->done);
      assert_memory_equal(&a->measures, &b->measures, sizeof a->measures);
    }
  alf_trial_sweep_free(&one);
  alf_trial_sweep_free(&four);
  alf_trial_instance_free(&instance);
}

/* In whichever run it comes. */
static void sweeps_can_be_stopped(void **state)
{
  (void)state;
  alf_trial_instance instance;
  alf_trial_rules rules;
  alf_trial_sweep s;
  alf_error err = {0};
  assert_ok(read_instance(&instance, 2, &err), &err);
  for (int looks = 0; looks < 1000; looks += 99) {
    looks_left = looks;
    assert_fails(sweep(&s, &instance, &rules, &(alf_trial_settings){.threads = 1, .stop = runs_out}, &err),
                 ALF_EINTERRUPTED, &err, "interrupted");
    alf_trial_sweep_free(&s);
  }
  alf_trial_instance_free(&instance);
}

static void what_cannot_be_solved_is_an_error(void **state)
{
  (void)state;
  alf_trial_instance instance;
  alf_error err = {0};
  assert_fails(read_instance(&instance, 4, &err), ALF_EINVAL, &err, "expected");
  alf_trial_instance_free(&instance);
}

static void rules_are_at_most_so_many(void **state)
{
  (void)state;
  static alf_trial_rules rules;
  const double values[ALF_MAX_PARAMETERS] = {0};
  alf_error err = {0};
  for (int r = 0; r < ALF_TRIAL_RULES; r++)
    assert_ok(alf_trial_rules_add(&rules, alf_rules[0], values, false, &err), &err);
  assert_fails(alf_trial_rules_add(&rules, alf_rules[0], values, false, &err), ALF_EINVAL, &err, "at most 64 rules");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parts_of_a_run),
      cmocka_unit_test(means_by_hand),
      cmocka_unit_test(reached_by_hand),
      cmocka_unit_test(range_by_hand),
      cmocka_unit_test(sweeps_depend_on_no_threads),
      cmocka_unit_test(sweeps_can_be_stopped),
      cmocka_unit_test(what_cannot_be_solved_is_an_error),
      cmocka_unit_test(rules_are_at_most_so_many),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
