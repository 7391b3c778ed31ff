#include "trial/sweep.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/parallel.h"
#include "trial/measures.h"

#define THRESHOLD 0.1

/* The first ones are those of a coarse sweep. */
static const char *const schedules[ALF_TRIAL_SCHEDULES] = {"constant", "1/sqrt(n)", "1/n", "cosine[horizon="};

static void run_one(void *context, int64_t i)
{
  const alf_trial_sweep *sweep = context;
  alf_trial_run(sweep->instance, sweep->settings.stop, sweep->next[i]);
}

/* A rule that fails is a result; these failures are none. */
static alf_status run_waiting(alf_trial_sweep *sweep, alf_error *err)
{
  alf_parallel_for(sweep->waiting, sweep->settings.threads, run_one, sweep);
  for (int64_t i = 0; i < sweep->waiting; i++) {
    const alf_trial *trial = sweep->next[i];
    if (trial->status == ALF_ENOMEM || trial->status == ALF_EINTERRUPTED)
      return alf_fail(err, trial->status, "%s", trial->err.text);
  }
  sweep->waiting = 0;
  return ALF_OK;
}

static void plan(alf_trial_sweep *sweep, alf_trial_row *row, int place)
{
  const alf_trial_rule *r = &sweep->rules->rule[row->rule];
  row->trial[place] = (alf_trial){.rule = r->rule,
                                  .rule_values = r->value[row->variant],
                                  .schedule = sweep->schedule[row->schedule],
                                  .schedule_values = sweep->schedule_value[row->schedule],
                                  .u = alf_trial_size(r->rule, place)};
  sweep->next[sweep->waiting++] = &row->trial[place];
}

static double cost_of(const alf_trial *trial)
{
  return alf_trial_succeeded(trial) ? trial->measures.mean : (double)INFINITY;
}

/* Goes beyond the smallest or the largest step size of a row, in the direction of `step`, where that is the best. */
static void plan_beyond(alf_trial_sweep *sweep, alf_trial_row *row, int step)
{
  int end = -1;
  double least = INFINITY;
  for (int place = 0; place < ALF_TRIAL_PLACES; place++) {
    least = fmin(least, cost_of(&row->trial[place]));
    if (row->trial[place].done && (end < 0 || step > 0))
      end = place;
  }
  int inner = end - step, outer = end + step;
  if (outer < 0 || outer > alf_trial_top_place(sweep->rules->rule[row->rule].rule) || !row->trial[inner].done)
    return;
  double cost = cost_of(&row->trial[end]);
  if (cost == least && cost < 0.99 * cost_of(&row->trial[inner]))
    plan(sweep, row, outer);
}

static alf_status sweep_sizes(alf_trial_sweep *sweep, alf_error *err)
{
  for (int i = 0; i < sweep->rows; i++) {
    const alf_rule *rule = sweep->rules->rule[sweep->row[i].rule].rule;
    for (int place = alf_trial_first_place(rule); place <= alf_trial_last_place(rule); place += sweep->step)
      plan(sweep, &sweep->row[i], place);
  }
  alf_status status = ALF_OK;
  while (sweep->waiting > 0 && status == ALF_OK) {
    status = run_waiting(sweep, err);
    for (int i = 0; i < sweep->rows && status == ALF_OK; i++) {
      plan_beyond(sweep, &sweep->row[i], -sweep->step);
      plan_beyond(sweep, &sweep->row[i], sweep->step);
    }
  }
  return status;
}

static void find_range(const alf_trial_row *row, alf_trial_outcome *outcome)
{
  double cost[ALF_TRIAL_PLACES], u[ALF_TRIAL_PLACES];
  int count = 0, best = 0, first;
  outcome->least_u = outcome->most_u = outcome->best->u;
  if (!alf_trial_succeeded(outcome->best))
    return;
  for (int place = 0; place < ALF_TRIAL_PLACES; place++)
    if (row->trial[place].done) {
      best = &row->trial[place] == outcome->best ? count : best;
      cost[count] = cost_of(&row->trial[place]);
      u[count++] = row->trial[place].u;
    }
  int length = alf_trial_range(cost, count, best, 1.5 * cost[best] + 0.01, &first);
  outcome->least_u = u[first];
  outcome->most_u = u[first + length - 1];
}

static bool is_better(const alf_trial *a, const alf_trial *b)
{
  return alf_trial_succeeded(a) && (!alf_trial_succeeded(b) || a->measures.sum < b->measures.sum);
}

static void find_outcomes(alf_trial_sweep *sweep)
{
  const alf_trial_row *row = sweep->row, *end = row + sweep->rows;
  for (int r = 0; r < sweep->rules->count; r++) {
    alf_trial_outcome *outcome = &sweep->outcome[r];
    const alf_trial_row *own = row;
    outcome->usual = outcome->best = &row->trial[ALF_TRIAL_USUAL];
    for (; row < end && row->rule == r; row++)
      for (int place = 0; place < ALF_TRIAL_PLACES; place++)
        if (is_better(&row->trial[place], outcome->best)) {
          outcome->best = &row->trial[place];
          own = row;
        }
    find_range(own, outcome);
  }
}

/* The oracle as it is follows what drifts; averaged it is the better one where nothing does. Where ties keep it from
   balance, or one batch says little about the next, half of the imbalance without any rule is a goal all the same. */
static alf_status find_threshold(alf_trial_sweep *sweep, alf_trial_instance *instance, alf_error *err)
{
  static const struct {
    const char *rule, *schedule;
  } references[] = {{"oracle", "constant"}, {"oracle", "1/sqrt(n)"}, {"none", "constant"}};
  alf_trial trial[3];
  for (int i = 0; i < 3; i++) {
    trial[i] = (alf_trial){
        .rule = alf_rule_find(references[i].rule), .schedule = alf_schedule_find(references[i].schedule), .u = 1};
    sweep->next[sweep->waiting++] = &trial[i];
  }
  alf_status status = run_waiting(sweep, err);
  double oracle = fmin(cost_of(&trial[0]), cost_of(&trial[1]));
  instance->threshold = fmax(THRESHOLD, fmin(1.25 * oracle, cost_of(&trial[2]) / 2));
  return status;
}

static alf_status read_schedules(alf_trial_sweep *sweep, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int s = 0; s < sweep->schedules && status == ALF_OK; s++) {
    char text[ALF_CHOICE_TEXT];
    snprintf(text, sizeof text, "%s", schedules[s]);
    if (text[strlen(text) - 1] == '=')
      snprintf(text + strlen(text), 24, "%" PRId64 "]", sweep->instance->updates);
    status = alf_schedule_read(text, &sweep->schedule[s], sweep->schedule_value[s], err);
  }
  return status;
}

static alf_status take_memory(alf_trial_sweep *sweep, alf_error *err)
{
  int rules = sweep->rules->count, rows = 0;
  for (int r = 0; r < rules; r++)
    rows += sweep->rules->rule[r].variants * sweep->schedules;
  size_t formatted = sweep->instance->formats ? 2 * ALF_TRIAL_FORMATS * (size_t)rules : 0;
  size_t most = (size_t)rows * ALF_TRIAL_PLACES + formatted;
  sweep->row = calloc((size_t)rows, sizeof *sweep->row);
  sweep->outcome = calloc((size_t)rules, sizeof *sweep->outcome);
  sweep->formatted = calloc(formatted + 1, sizeof *sweep->formatted);
  sweep->next = calloc(most, sizeof(alf_trial *));
  if (!sweep->row || !sweep->outcome || !sweep->formatted || !sweep->next)
    return alf_fail_memory(err, most * sizeof(alf_trial));
  for (int r = 0; r < rules; r++)
    for (int v = 0; v < sweep->rules->rule[r].variants; v++)
      for (int s = 0; s < sweep->schedules; s++)
        sweep->row[sweep->rows++] = (alf_trial_row){.rule = r, .variant = v, .schedule = s};
  return ALF_OK;
}

static alf_status try_formats(alf_trial_sweep *sweep, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int f = 0; f < ALF_TRIAL_FORMATS && status == ALF_OK; f++) {
    char text[ALF_CHOICE_TEXT];
    alf_trial_format_text(f, sweep->instance->batch[0].tokens, text);
    status = alf_format_read(text, &sweep->format[f], err);
  }
  for (int i = 0; i < 2 * ALF_TRIAL_FORMATS * sweep->rules->count && status == ALF_OK; i++) {
    alf_trial_outcome *outcome = &sweep->outcome[i / (2 * ALF_TRIAL_FORMATS)];
    int best = i / ALF_TRIAL_FORMATS % 2, f = i % ALF_TRIAL_FORMATS;
    alf_trial *trial = &sweep->formatted[i];
    if (f == 0)
      outcome->formatted[best] = trial;
    *trial = best ? *outcome->best : *outcome->usual;
    trial->format = &sweep->format[f];
    sweep->next[sweep->waiting++] = trial;
  }
  return status == ALF_OK ? run_waiting(sweep, err) : status;
}

alf_status alf_trial_sweep_run(alf_trial_sweep *sweep, alf_trial_instance *instance, const alf_trial_rules *rules,
                               const alf_trial_settings *settings, alf_error *err)
{
  *sweep = (alf_trial_sweep){.instance = instance,
                             .rules = rules,
                             .settings = *settings,
                             .step = settings->coarse ? 2 : 1,
                             .schedules = settings->coarse ? 2 : ALF_TRIAL_SCHEDULES};
  alf_status status = read_schedules(sweep, err);
  if (status == ALF_OK)
    status = take_memory(sweep, err);
  if (status == ALF_OK)
    status = find_threshold(sweep, instance, err);
  if (status == ALF_OK)
    status = sweep_sizes(sweep, err);
  if (status != ALF_OK)
    return status;
  find_outcomes(sweep);
  return instance->formats ? try_formats(sweep, err) : ALF_OK;
}

void alf_trial_sweep_free(alf_trial_sweep *sweep)
{
  free(sweep->row);
  free(sweep->outcome);
  free(sweep->formatted);
  free(sweep->next);
  *sweep = (alf_trial_sweep){0};
}
