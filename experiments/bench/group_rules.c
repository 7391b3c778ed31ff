/* Every rule at every schedule and step size on a fixed suite: how near balance and optimum it comes, and how fast. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/group.h"
#include "bench/instances.h"
#include "bench/trial_rules.h"
#include "bench/trial_suite.h"
#include "bench/trial_summary.h"
#include "bench/trial_table.h"
#include "cli/progress.h"
#include "trial/sweep.h"

/* One run. */
typedef struct trial_record {
  const char *instance, *class, *rule, *schedule, *format, *status;
  int64_t tokens, updates;
  int32_t experts, topk;
  double u;
  int usual, best;
  double mean_max_violation, end_max_violation, worst_max_violation, threshold;
  int64_t reached;
  double lost, gap, swaps;
} trial_record;

#define FIELD(name) offsetof(trial_record, name)
static const alf_bench_column columns[] = {{"instance", ALF_BENCH_QUOTED, FIELD(instance)},
                                           {"tokens", ALF_BENCH_COUNT, FIELD(tokens)},
                                           {"experts", ALF_BENCH_INT, FIELD(experts)},
                                           {"topk", ALF_BENCH_INT, FIELD(topk)},
                                           {"class", ALF_BENCH_TEXT, FIELD(class)},
                                           {"updates", ALF_BENCH_COUNT, FIELD(updates)},
                                           {"rule", ALF_BENCH_TEXT, FIELD(rule)},
                                           {"schedule", ALF_BENCH_TEXT, FIELD(schedule)},
                                           {"u", ALF_BENCH_REAL, FIELD(u)},
                                           {"format", ALF_BENCH_TEXT, FIELD(format)},
                                           {"usual", ALF_BENCH_INT, FIELD(usual)},
                                           {"best", ALF_BENCH_INT, FIELD(best)},
                                           {"status", ALF_BENCH_TEXT, FIELD(status)},
                                           {"mean_max_violation", ALF_BENCH_REAL, FIELD(mean_max_violation)},
                                           {"end_max_violation", ALF_BENCH_REAL, FIELD(end_max_violation)},
                                           {"worst_max_violation", ALF_BENCH_REAL, FIELD(worst_max_violation)},
                                           {"threshold", ALF_BENCH_REAL, FIELD(threshold)},
                                           {"reached", ALF_BENCH_COUNT, FIELD(reached)},
                                           {"lost", ALF_BENCH_REAL, FIELD(lost)},
                                           {"gap", ALF_BENCH_REAL, FIELD(gap)},
                                           {"swaps", ALF_BENCH_REAL, FIELD(swaps)},
                                           {0}};

typedef struct rules_group {
  const alf_cli_options *options;
  alf_bench_report *report;
  alf_trial_rules *rules;
  alf_trial_summary *summary;
  alf_cli_progress progress;
  int64_t done;
} rules_group;

static void put(const rules_group *g, const alf_trial_sweep *sweep, int r, const alf_trial *trial)
{
  const alf_trial_instance *instance = sweep->instance;
  const alf_trial_outcome *outcome = &sweep->outcome[r];
  bool succeeded = alf_trial_succeeded(trial);
  alf_trial_measures none = {0, NAN, NAN, NAN, -1, NAN, NAN, NAN};
  alf_trial_measures m = succeeded ? trial->measures : none;
  char rule[ALF_CHOICE_TEXT], schedule[ALF_CHOICE_TEXT], format[ALF_CHOICE_TEXT];
  alf_trial_rule_text(trial->rule, trial->rule_values, rule);
  alf_choice_print(trial->schedule->name, trial->schedule->parameters, trial->schedule_values, schedule);
  alf_format_print(trial->format, format);
  trial_record record = {.instance = instance->name,
                         .class = alf_trial_class_names[instance->class],
                         .rule = rule,
                         .schedule = schedule,
                         .format = format,
                         .status = succeeded ? "finished" : "failed",
                         .tokens = instance->batch[0].tokens,
                         .updates = instance->updates,
                         .experts = instance->batch[0].experts,
                         .topk = instance->topk,
                         .u = trial->u,
                         .usual = trial == outcome->usual,
                         .best = trial == outcome->best,
                         .mean_max_violation = m.mean,
                         .end_max_violation = m.end,
                         .worst_max_violation = m.worst,
                         .threshold = instance->threshold,
                         .reached = m.reached,
                         .lost = m.lost,
                         .gap = m.gap,
                         .swaps = m.swaps};
  alf_bench_put(g->report, &record);
}

static void put_all(const rules_group *g, const alf_trial_sweep *sweep)
{
  for (int i = 0; i < sweep->rows; i++)
    for (int place = 0; place < ALF_TRIAL_PLACES; place++)
      if (sweep->row[i].trial[place].done)
        put(g, sweep, sweep->row[i].rule, &sweep->row[i].trial[place]);
  for (int r = 0; sweep->instance->formats && r < sweep->rules->count; r++)
    for (int f = 0; f < 2 * ALF_TRIAL_FORMATS; f++)
      put(g, sweep, r, &sweep->formatted[2 * ALF_TRIAL_FORMATS * r + f]);
}

static alf_status compare(void *context, alf_trial_instance *instance, alf_error *err)
{
  rules_group *g = context;
  alf_trial_settings settings = alf_trial_settings_of(g->options);
  alf_trial_sweep sweep;
  alf_status status = alf_trial_sweep_run(&sweep, instance, g->rules, &settings, err);
  alf_cli_progress_tick(&g->progress, ++g->done);
  if (status == ALF_OK) {
    if (alf_bench_prints(g->report))
      alf_trial_print_instance(&sweep);
    put_all(g, &sweep);
    alf_trial_summary_add(g->summary, &sweep);
  }
  alf_trial_sweep_free(&sweep);
  return status;
}

static alf_status run_suite(rules_group *g, alf_error *err)
{
  alf_status status = alf_trial_rules_read(g->rules, g->options, err);
  if (status == ALF_OK)
    status = alf_bench_check_inputs(g->options, err);
  if (status != ALF_OK)
    return status;
  if (alf_bench_prints(g->report))
    alf_trial_print_legend();
  g->progress = alf_cli_progress_start("instances", alf_trial_suite_size(g->options), g->options->quiet);
  status = alf_trial_each_instance(g->options, compare, g, err);
  alf_cli_progress_end(&g->progress);
  if (status == ALF_OK && alf_bench_prints(g->report))
    alf_trial_summary_print(g->summary, g->rules);
  return status;
}

static alf_status run(const alf_cli_options *options, alf_bench_report *report, alf_error *err)
{
  rules_group g = {.options = options,
                   .report = report,
                   .rules = calloc(1, sizeof *g.rules),
                   .summary = calloc(1, sizeof *g.summary)};
  alf_status status = g.rules && g.summary ? run_suite(&g, err) : alf_fail_memory(err, sizeof *g.summary);
  free(g.rules);
  free(g.summary);
  return status;
}

const alf_bench_group alf_bench_group_rules = {
    .name = "rules",
    .summary = "balancing rules at all schedules and step sizes: balance, speed, objective lost, stability",
    .columns = columns,
    .run = run,
};
