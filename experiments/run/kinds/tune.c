/* A rule by default, and at its best of all step sizes, schedules and values of a parameter of its own: what alflab bench
   --group rules says of a rule on one instance. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "run/kinds/keys.h"
#include "trial/sweep.h"

static const char *const searches[] = {"full", "coarse", NULL};

static const alf_key keys[] = {
    KEY_SOURCE,
    KEY_RULE,
    KEY_TOPK,
    {"updates", ALF_KEY_WHOLE, "200", 1, 1e6, .help = "of each run; a source of fewer batches is read again"},
    {"search", ALF_KEY_CHOICE, "full", 0, 0, searches,
     .help = "coarse: fewer step sizes and schedules, parameters as they are"},
    {0}};

typedef struct cell_run {
  const alf_experiment_cell *cell;
  alf_source *source;
  alf_trial_settings settings;
  alf_trial_instance instance;
  alf_trial_rules rules;
  alf_trial_sweep sweep;
} cell_run;

/* Where parameters are given, these are what is asked for. */
static alf_status read_rule(cell_run *run, alf_error *err)
{
  const char *text = alf_setting_text(run->cell, "rule");
  const alf_rule *rule;
  double values[ALF_MAX_PARAMETERS] = {0};
  alf_status status = alf_base_rule(text, run->cell->base, &rule, values, err);
  bool variants = !run->settings.coarse && !strchr(text, '[');
  return status == ALF_OK ? alf_trial_rules_add(&run->rules, rule, values, variants, err) : status;
}

static alf_status read_instance(cell_run *run, alf_error *err)
{
  alf_trial_instance *instance = &run->instance;
  alf_status status = alf_cell_source(&run->source, run->cell, err);
  if (status != ALF_OK)
    return status;
  int64_t batches = alf_source_describe(run->source)->batches, updates = alf_setting_whole(run->cell, "updates");
  instance->class = alf_trial_class_of(run->source);
  instance->topk = (int32_t)alf_setting_whole(run->cell, "topk");
  instance->updates = updates;
  instance->batches = batches <= updates ? batches : updates + 1;
  return alf_trial_instance_read(instance, run->source, &run->settings, err);
}

/* "WHICH_NAME" */
static void put_real(alf_outcome *outcome, const char *which, const char *name, double value)
{
  char whole[40];
  snprintf(whole, sizeof whole, "%s_%s", which, name);
  alf_outcome_real(outcome, whole, value);
}

/* A run that failed counts as the worst routing there is; the rest of its metrics is not known. */
static void put_trial(const cell_run *run, const char *which, const alf_trial *trial, alf_outcome *outcome)
{
  const alf_trial_measures *m = &trial->measures;
  bool succeeded = alf_trial_succeeded(trial), reached = succeeded && m->reached >= 0;
  char name[40];
  put_real(outcome, which, "u", trial->u);
  put_real(outcome, which, "violation", alf_trial_max_violation(&run->instance, trial));
  put_real(outcome, which, "gap", succeeded ? m->gap : (double)NAN);
  put_real(outcome, which, "lost", succeeded ? m->lost : (double)NAN);
  put_real(outcome, which, "reached", reached ? (double)m->reached : (double)NAN);
  snprintf(name, sizeof name, "%s_failure", which);
  alf_outcome_text(outcome, name, succeeded ? "" : trial->err.text);
}

static void report(const cell_run *run, alf_outcome *outcome)
{
  const alf_trial_instance *instance = &run->instance;
  const alf_trial_outcome *found = &run->sweep.outcome[0];
  const alf_trial *best = found->best;
  char rule[ALF_CHOICE_TEXT], schedule[ALF_CHOICE_TEXT];
  alf_choice_print(best->rule->name, best->rule->parameters, best->rule_values, rule);
  alf_choice_print(best->schedule->name, best->schedule->parameters, best->schedule_values, schedule);
  alf_outcome_whole(outcome, "tokens", instance->batch[0].tokens);
  alf_outcome_whole(outcome, "experts", instance->batch[0].experts);
  alf_outcome_whole(outcome, "batches", instance->batches);
  alf_outcome_text(outcome, "class", alf_trial_class_names[instance->class]);
  alf_outcome_real(outcome, "threshold", instance->threshold);
  put_trial(run, "default", found->usual, outcome);
  put_trial(run, "best", best, outcome);
  alf_outcome_text(outcome, "best_rule", rule);
  alf_outcome_text(outcome, "best_schedule", schedule);
  alf_outcome_real(outcome, "least_u", found->least_u);
  alf_outcome_real(outcome, "most_u", found->most_u);
}

static alf_status run_cell(const alf_experiment_cell *cell, alf_outcome *outcome, alf_error *err)
{
  cell_run run = {.cell = cell,
                  .settings = {.threads = cell->threads, .coarse = alf_setting_is(cell, "search", "coarse")}};
  alf_status status = read_rule(&run, err);
  if (status == ALF_OK)
    status = read_instance(&run, err);
  if (status == ALF_OK)
    status = alf_trial_sweep_run(&run.sweep, &run.instance, &run.rules, &run.settings, err);
  if (status == ALF_OK)
    report(&run, outcome);
  alf_trial_sweep_free(&run.sweep);
  alf_trial_instance_free(&run.instance);
  alf_source_close(run.source);
  return status;
}

const alf_experiment alf_experiment_tune = {
    .name = "tune",
    .summary =
        "a rule by default, and at its best of all step sizes, schedules and own parameters: balance, gap, speed",
    .code = "solvers theory experiments/measure experiments/trial experiments/run/kinds/tune.c",
    .keys = keys,
    .check = alf_cell_check_topk,
    .run = run_cell};
