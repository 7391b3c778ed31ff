/* The kind tune: its metrics are those of the runs that it names, the best one is the best, a rule that fails counts as the
   worst routing, and the class follows from the source. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/iterate.h"
#include "alf/source.h"
#include "run/plan.h"
#include "trial/scores.h"
#include "trial/sweep.h"

#define DATA ALF_SOURCE_DIR "/experiments/data/"

static alf_outcome outcome;

static int tear_down(void **state)
{
  (void)state;
  alf_outcome_free(&outcome);
  return 0;
}

/* One cell of such settings, in this process. */
static void run(const char *settings)
{
  alf_config config;
  alf_plan plan;
  alf_named setting[20];
  alf_error err = {0};
  alf_outcome_free(&outcome);
  assert_ok(alf_config_parse(&config, "x.ini", "[experiment]\nkind = tune\n", settings, &err), &err);
  assert_ok(alf_plan_make(&plan, &config, &err), &err);
  assert_int_equal(plan.cells, 1);
  alf_experiment_cell cell = alf_plan_cell_at(&plan, 0, setting);
  assert_ok(config.experiment->run(&cell, &outcome, &err), &err);
  alf_plan_free(&plan);
  alf_config_free(&config);
}

static alf_value metric(const char *name)
{
  alf_item item;
  for (int64_t at = 0; alf_outcome_next(&outcome, &at, &item);)
    if (item.type == ALF_ITEM_METRIC && !strcmp(item.metric.name, name))
      return item.metric.value;
  fail_msg("no metric %s", name);
  return alf_value_text("");
}

static double number(const char *name)
{
  return metric(name).real;
}

/* The instance of a source that yields so many batches. */
static void read_instance(alf_trial_instance *instance, const char *name, int64_t batches)
{
  alf_source *source = NULL;
  alf_error err = {0};
  *instance = (alf_trial_instance){.topk = 2, .updates = 40, .batches = batches, .threshold = number("threshold")};
  assert_ok(alf_source_open(&source, name, 0, &err), &err);
  assert_ok(alf_trial_instance_read(instance, source, &(alf_trial_settings){.threads = 1}, &err), &err);
  alf_source_close(source);
}

static alf_trial trial_of(const alf_trial_instance *instance, const char *rule, const char *schedule, double u)
{
  static double values[2][ALF_MAX_PARAMETERS];
  alf_trial trial = {.u = u, .rule_values = values[0], .schedule_values = values[1]};
  alf_error err = {0};
  assert_ok(alf_rule_read(rule, &trial.rule, values[0], &err), &err);
  assert_ok(alf_schedule_read(schedule, &trial.schedule, values[1], &err), &err);
  alf_trial_run(instance, NULL, &trial);
  assert_true(alf_trial_succeeded(&trial));
  return trial;
}

static void assert_measures(const char *which, const alf_trial *trial)
{
  char name[4][40];
  static const char *const names[] = {"violation", "gap", "lost", "reached"};
  for (int i = 0; i < 4; i++)
    snprintf(name[i], sizeof name[i], "%s_%s", which, names[i]);
  assert_true(number(name[0]) == trial->measures.mean);
  assert_true(number(name[1]) == trial->measures.gap);
  assert_true(number(name[2]) == trial->measures.lost);
  if (trial->measures.reached < 0)
    assert_true(isnan(number(name[3])));
  else
    assert_true(number(name[3]) == (double)trial->measures.reached);
}

/* MaxVio over updates 21..40 of the sign rule by default, from the loads that the iteration publishes. */
static double violation_of_sign(const alf_trial_instance *instance)
{
  alf_iterate *it = NULL;
  alf_error err = {0};
  alf_iterate_settings settings = {.rule = alf_rule_find("sign"),
                                   .schedule = alf_schedule_find("constant"),
                                   .u = alf_rule_usual_u(alf_rule_find("sign")),
                                   .topk = 2,
                                   .threads = 1};
  const alf_affinity *batch = instance->batch;
  const alf_step *step;
  double sum = 0;
  assert_ok(alf_iterate_alloc(&it, batch, &settings, &err), &err);
  assert_ok(alf_iterate_start(it, batch, &err), &err);
  for (int64_t n = 1; n <= 40; n++) {
    int64_t most = 0;
    assert_ok(alf_iterate_step(it, &batch[n % instance->batches], &step, &err), &err);
    for (int k = 0; k < 8; k++)
      most = step->load_after[k] > most ? step->load_after[k] : most;
    sum += n > 20 ? (double)most * 8 / (2 * 64) - 1 : 0;
  }
  alf_iterate_free(it);
  return sum / 20;
}

static void metrics_are_those_of_the_runs_they_name(void **state)
{
  (void)state;
  static const struct {
    const char *source;
    int64_t batches;
  } source[] = {{"softmax:T=64,E=8,skew=1,seed=5", 1},
                {"softmax:T=64,E=8,skew=1,seed=5,batches=41", 41},
                {"softmax:T=64,E=8,skew=1,seed=5,batches=7", 7}};
  for (int i = 0; i < 3; i++) {
    char settings[200];
    alf_trial_instance instance;
    snprintf(settings, sizeof settings, "rule=sign;topk=2;updates=40;source=%s", source[i].source);
    run(settings);
    read_instance(&instance, source[i].source, source[i].batches);
    assert_int_equal(metric("tokens").whole, 64);
    assert_int_equal(metric("experts").whole, 8);
    assert_int_equal(metric("batches").whole, source[i].batches);
    assert_true(number("threshold") >= 0.1);
    assert_true(number("default_u") == alf_rule_usual_u(alf_rule_find("sign")));
    assert_near(number("default_violation"), violation_of_sign(&instance), 1e-12);
    alf_trial trial = trial_of(&instance, "sign", "constant", number("default_u"));
    assert_measures("default", &trial);
    trial = trial_of(&instance, metric("best_rule").text, metric("best_schedule").text, number("best_u"));
    assert_measures("best", &trial);
    assert_true(number("least_u") <= number("best_u") && number("best_u") <= number("most_u"));
    assert_string_equal(metric("default_failure").text, "");
    alf_trial_instance_free(&instance);
  }
}

/* Of a coarse search: none of its runs has less; a full one tries parameters, too, unless they are given. */
static void the_best_is_the_best(void **state)
{
  (void)state;
  static const char *const schedule[] = {"constant", "1/sqrt(n)"};
  alf_trial_instance instance;
  run("rule=ema;topk=2;updates=40;search=coarse;source=softmax:T=64,E=8,skew=1,seed=5");
  double coarse = number("best_violation");
  assert_string_equal(metric("best_rule").text, "ema");
  read_instance(&instance, "softmax:T=64,E=8,skew=1,seed=5", 1);
  for (int place = ALF_TRIAL_USUAL - 4; place <= ALF_TRIAL_USUAL + 4; place += 2)
    for (int s = 0; s < 2; s++) {
      alf_trial trial = trial_of(&instance, "ema", schedule[s], alf_trial_size(alf_rule_find("ema"), place));
      assert_true(trial.measures.mean >= coarse);
    }
  alf_trial_instance_free(&instance);
  assert_true(coarse < number("default_violation"));
  run("rule=ema[decay=0.5];topk=2;updates=40;source=softmax:T=64,E=8,skew=1,seed=5");
  double kept = number("best_violation");
  assert_string_equal(metric("best_rule").text, "ema[decay=0.5]");
  run("rule=ema[decay=0.99];topk=2;updates=40;source=softmax:T=64,E=8,skew=1,seed=5");
  assert_string_equal(metric("best_rule").text, "ema[decay=0.99]");
  kept = fmin(kept, number("best_violation"));
  run("rule=ema;topk=2;updates=40;source=softmax:T=64,E=8,skew=1,seed=5");
  assert_true(number("best_violation") <= fmin(kept, coarse));
}

static void a_rule_that_fails_counts_as_the_worst_routing(void **state)
{
  (void)state;
  run("rule=" ALF_RULES_DIR "/fails.so;topk=2;updates=40;search=coarse;source=softmax:T=64,E=8,skew=1,seed=5");
  assert_true(number("default_violation") == 3 && number("best_violation") == 3); /* 8 / 2 - 1 */
  assert_true(isnan(number("default_gap")) && isnan(number("best_gap")));
  assert_true(isnan(number("default_lost")) && isnan(number("default_reached")) && isnan(number("best_reached")));
  assert_non_null(strstr(metric("default_failure").text, "update 1: rule odd: "));
  assert_non_null(strstr(metric("best_failure").text, "update 1: rule odd: "));
  assert_true(number("threshold") >= 0.1);
}

static void the_class_follows_from_the_source(void **state)
{
  (void)state;
  static const struct {
    const char *source, *class;
    int64_t batches;
  } source[] = {{"uniform:T=64,E=8", "batch", 1},
                {"drift:T=64,E=8", "batch", 1},
                {"uniform:T=64,E=8,batches=3", "fresh", 3},
                {"drift:T=64,E=8,batches=3", "drift", 3},
                {"drift:T=64,E=8,batches=30", "drift", 13}, /* no run gets to the others */
                {DATA "router_sign_stream_layer1.npy", "stream", 13},
                {DATA "router_sign_stream_layer1.npy@3", "batch", 1}};
  for (size_t i = 0; i < sizeof source / sizeof *source; i++) {
    char settings[300];
    snprintf(settings, sizeof settings, "rule=none;topk=2;updates=12;search=coarse;source=%s", source[i].source);
    run(settings);
    assert_string_equal(metric("class").text, source[i].class);
    assert_int_equal(metric("batches").whole, source[i].batches);
  }
}

/* By hand: two instances of one class, one of another. */
static void scores_are_geometric_means(void **state)
{
  (void)state;
  alf_trial_score score = {0};
  alf_trial_score_add(&score, ALF_TRIAL_BATCH, 0.1, 1e-2, 0);
  alf_trial_score_add(&score, ALF_TRIAL_BATCH, 0, 0, 7); /* counts as 1e-3, 1e-6 */
  alf_trial_score_add(&score, ALF_TRIAL_DRIFT, 10, 1e-4, 26);
  assert_near(alf_trial_score_violation(&score, ALF_TRIAL_BATCH), 1e-2, 1e-15);
  assert_near(alf_trial_score_violation(&score, ALF_TRIAL_DRIFT), 10, 1e-12);
  assert_near(alf_trial_score_violation(&score, ALF_TRIAL_CLASSES), 0.1, 1e-14);
  assert_true(isnan(alf_trial_score_violation(&score, ALF_TRIAL_STREAM)));
  assert_near(alf_trial_score_gap(&score), 1e-4, 1e-17);
  assert_near(alf_trial_score_steps(&score), 5, 1e-12); /* (1 * 8 * 27)^(1/3) - 1 */
  alf_trial_score_add(&score, ALF_TRIAL_DRIFT, 10, NAN, 26);
  assert_true(isnan(alf_trial_score_gap(&score)));
  const double mean[] = {2, 1, 2, 3};
  const int place[] = {2, 1, 3, 4};
  for (int i = 0; i < 4; i++)
    assert_int_equal(alf_trial_place(mean, 4, i), place[i]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(metrics_are_those_of_the_runs_they_name, tear_down),
      cmocka_unit_test_teardown(the_best_is_the_best, tear_down),
      cmocka_unit_test_teardown(a_rule_that_fails_counts_as_the_worst_routing, tear_down),
      cmocka_unit_test_teardown(the_class_follows_from_the_source, tear_down),
      cmocka_unit_test(scores_are_geometric_means),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
