#include <math.h>
#include <stdlib.h>

#include "bench/trial_rules.h"
#include "bench/trial_suite.h"
#include "bench/trial_summary.h"
#include "bench/trial_table.h"
#include "cli/progress.h"
#include "figures/producers.h"

/* What is drawn while the suite runs, and after it. */
typedef struct drawing {
  FILE *csv;
  const alf_cli_options *options;
  alf_trial_rules rules;
  alf_trial_summary summary;
  alf_cli_progress progress;
  int64_t done;
} drawing;

static void put(const drawing *d, const char *panel, const char *which, int r, double x, double y)
{
  if (isfinite(x))
    fprintf(d->csv, "%s%s,%s,%.6g,%g\n", panel, which, d->rules.rule[r].rule->name, x, y);
}

static alf_status take(void *context, alf_trial_instance *instance, alf_error *err)
{
  drawing *d = context;
  alf_trial_settings settings = alf_trial_settings_of(d->options);
  alf_trial_sweep sweep;
  alf_status status = alf_trial_sweep_run(&sweep, instance, &d->rules, &settings, err);
  alf_cli_progress_tick(&d->progress, ++d->done);
  if (status == ALF_OK)
    alf_trial_summary_add(&d->summary, &sweep);
  for (int r = 0; status == ALF_OK && r < d->rules.count; r++) {
    double violation = alf_trial_max_violation(instance, sweep.outcome[r].best);
    put(d, alf_trial_class_names[instance->class], " each", r, fmax(violation, ALF_TRIAL_LEAST), 0);
  }
  alf_trial_sweep_free(&sweep);
  return status;
}

static void put_means(const drawing *d, int r)
{
  static const char *const which[] = {" default", " best"};
  double place = alf_trial_summary_place(&d->summary, d->rules.count, r);
  for (int best = 0; best < 2; best++) {
    const alf_trial_score *score = &d->summary.line[r].score[best];
    for (int c = 0; c < ALF_TRIAL_CLASSES; c++)
      put(d, alf_trial_class_names[c], which[best], r, alf_trial_score_violation(score, c), place);
    put(d, "gap", which[best], r, alf_trial_score_gap(score), place);
    put(d, "reached", which[best], r, alf_trial_score_steps(score), place);
  }
}

static alf_status run_suite(drawing *d, alf_error *err)
{
  alf_cli_options usual = *d->options;
  usual.arguments = 0; /* those of alflab figures name the figure */
  d->options = &usual;
  alf_status status = alf_trial_rules_read(&d->rules, &usual, err);
  if (status != ALF_OK)
    return status;
  fprintf(d->csv, "panel,series,x,y\n");
  d->progress = alf_cli_progress_start("instances", alf_trial_suite_size(&usual), usual.quiet);
  status = alf_trial_each_instance(&usual, take, d, err);
  alf_cli_progress_end(&d->progress);
  for (int r = 0; status == ALF_OK && r < d->rules.count; r++)
    put_means(d, r);
  return status;
}

alf_status alf_figure_write_rules(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  drawing *d = calloc(1, sizeof *d);
  if (!d)
    return alf_fail_memory(err, sizeof *d);
  d->csv = csv;
  d->options = data->options;
  alf_status status = run_suite(d, err);
  free(d);
  return status;
}
