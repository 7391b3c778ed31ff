/* The trials of property tests: planted failures end at a minimal run, and a line says all there is to a run. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "reference.h"
#include "trial.h"

static bool has_some_shape(const alf_trial *t, void *context)
{
  (void)context;
  return t->rows >= 3 && t->columns >= 4 && t->topk >= 2 && t->steps >= 5;
}

/* The iteration differs from one that moves further than it says. */
static bool differs_from_a_larger_step(const alf_trial *t, void *context)
{
  (void)context;
  alf_affinity real = {0}, batch = {0};
  double start[ALF_TRIAL_EXPERTS];
  bool differs = false;
  alf_trial_batch(t, &real, &batch);
  alf_trial_start(t, start);
  alf_iterate_settings settings = {t->rule, t->schedule, t->u, t->topk, start, t->rule_value, t->schedule_value};
  alf_reference *honest = alf_reference_new(&batch, &settings, ALF_HONEST);
  alf_reference *broken = alf_reference_new(&batch, &settings, ALF_LARGER_STEP);
  for (int n = 0; n < t->steps && !differs; n++) {
    const int64_t *a = alf_reference_step(honest)->shift_after.grid, *b = alf_reference_step(broken)->shift_after.grid;
    differs = memcmp(a, b, (size_t)t->columns * sizeof *a) != 0;
  }
  alf_reference_free(honest);
  alf_reference_free(broken);
  alf_affinity_free(&real);
  alf_affinity_free(&batch);
  return differs;
}

/* At least two of all affinities are larger than that of the same token for its last expert. */
static bool has_two_winners(const alf_trial *t, void *context)
{
  (void)context;
  alf_affinity real = {0}, batch = {0};
  int winners = 0;
  alf_trial_batch(t, &real, &batch);
  for (int64_t i = 0; i < t->rows; i++)
    for (int32_t k = 0; k < t->columns - 1; k++)
      winners += alf_affinity_get(&real, i, k) > alf_affinity_get(&real, i, t->columns - 1);
  alf_affinity_free(&real);
  alf_affinity_free(&batch);
  return winners >= 2;
}

/* The first trial from `number` on that fails, shrunk. */
static alf_trial shrunk(bool (*fails)(const alf_trial *trial, void *context), uint64_t number)
{
  alf_trial trial;
  do
    alf_trial_draw(&trial, number++);
  while (!fails(&trial, NULL));
  alf_trial_shrink(&trial, fails, NULL);
  assert_true(fails(&trial, NULL));
  return trial;
}

static void assert_plain(const alf_trial *t)
{
  assert_string_equal(t->rule->name, "sign");
  assert_string_equal(t->schedule->name, "constant");
  assert_near(t->u, 1, 0);
  assert_true(t->scale == 0 && t->start == 0);
}

static void shrinking_ends_at_a_minimal_run(void **state)
{
  (void)state;
  for (uint64_t number = 0; number < 100; number += 10) {
    alf_trial t = shrunk(has_some_shape, number);
    assert_plain(&t);
    assert_true(t.rows == 3 && t.columns == 4 && t.topk == 2 && t.steps == 5);
    t = shrunk(differs_from_a_larger_step, number);
    assert_plain(&t);
    assert_true(t.rows == 1 && t.columns == 2 && t.topk == 1 && t.steps == 1);
    t = shrunk(has_two_winners, number);
    assert_plain(&t);
    assert_true(t.rows * (t.columns - 1) == 2 && t.topk == 1 && t.steps == 1);
  }
}

static void lines_replay_what_they_print(void **state)
{
  (void)state;
  alf_trial trial, again;
  char text[ALF_TRIAL_TEXT], second[ALF_TRIAL_TEXT];
  for (uint64_t number = 0; number < 200; number++) {
    alf_trial_draw(&trial, number);
    for (int i = 0; i + 1 < trial.rows; i += 3)
      memmove(trial.row + i, trial.row + i + 1, (size_t)(--trial.rows - i) * sizeof *trial.row);
    alf_trial_print(&trial, text);
    assert_null(strchr(text, '\n'));
    assert_true(alf_trial_parse(&again, text));
    alf_trial_print(&again, second);
    assert_string_equal(text, second);
    assert_true(again.u == trial.u && again.rows == trial.rows && !strcmp(again.input, trial.input));
  }
  const char *broken[] = {"", "input=uniform",
                          "input=grid:T=2,E=2 rows=1-0 experts=0-1 topk=1 rule=sign "
                          "schedule=constant u=1 steps=1 scale=0 start=0"};
  for (int b = 0; b < 3; b++)
    assert_false(alf_trial_parse(&again, broken[b]));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shrinking_ends_at_a_minimal_run),
      cmocka_unit_test(lines_replay_what_they_print),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
