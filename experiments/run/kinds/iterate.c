/* A balancing rule at work: what alflab iterate says in the end. */
#include <math.h>

#include "measure/iteration.h"
#include "run/kinds/keys.h"

static const char *const arithmetics[] = {"exact", "float64", "float32", NULL}, *const yes_no[] = {"yes", "no", NULL},
                         *const ends[] = {"steps", "cycle", NULL};

static const alf_key keys[] = {
    KEY_SOURCE,
    KEY_RULE,
    KEY_SCHEDULE,
    KEY_U,
    KEY_FORMAT,
    KEY_TOPK,
    {"steps", ALF_KEY_WHOLE, "0", 0, 1e9, .help = "updates; 0: 1000 on one batch, once through a stream"},
    {"until", ALF_KEY_CHOICE, "steps", 0, 0, ends,
     .help = "cycle: ends once the limit cycle is known, and all other metrics are of that iterate"},
    {"arithmetic", ALF_KEY_CHOICE, "exact", 0, 0, arithmetics, .help = "the numbers of the run"},
    {"every", ALF_KEY_CHOICE, "no", 0, 0, yes_no, .help = "look at every iterate: regret, mean_swaps"},
    {"series", ALF_KEY_WHOLE, "0", 0, 1e9, .help = "record every Nth iterate in the series iterates; 0: none"},
    {0}};

/* The columns of the series "iterates": looks at iterates in order. */
#define COLUMNS                                                                                                        \
  "step_size,objective,dual_value,gap,regret,max_load,min_load,max_violation,load_variation,shift_range,swaps"

/* A cell at work. */
typedef struct cell_run {
  const alf_experiment_cell *cell;
  alf_outcome *outcome;
  int64_t every; /* iterates between rows; 0: no series */
  alf_source *source;
  alf_parts parts;
  alf_iteration iteration;
} cell_run;

static void observe(void *opaque, const alf_iteration *it)
{
  cell_run *run = opaque;
  const alf_step *step = alf_iterate_current(it->iterate);
  const alf_look *look = &it->look;
  if (!run->every || (step->n % run->every && !alf_iteration_is_done(it)))
    return;
  double row[] = {step->n ? step->step_size : (double)NAN,
                  look->objective,
                  look->dual_value,
                  look->gap,
                  look->regret,
                  (double)look->max_load,
                  (double)look->min_load,
                  look->max_violation,
                  look->load_variation,
                  look->shift_range,
                  (double)look->swaps};
  alf_outcome_row(run->outcome, step->n, row, sizeof row / sizeof *row);
}

static void report(const alf_iteration *it, alf_outcome *outcome)
{
  const alf_step *step = alf_iterate_current(it->iterate);
  const alf_cycle_info *cycle = it->cycle ? alf_cycle_found(it->cycle) : NULL;
  int64_t settled_at = alf_iteration_settled_at(it);
  alf_outcome_whole(outcome, "tokens", step->batch_after->tokens);
  alf_outcome_whole(outcome, "experts", step->batch_after->experts);
  alf_outcome_whole(outcome, "updates", step->n);
  alf_outcome_real(outcome, "step_size", it->settings.cell.u);
  for (const alf_look_measure *m = alf_look_measures; m->name; m++)
    if (m->whole)
      alf_outcome_whole(outcome, m->name, alf_look_whole(&it->look, m));
    else
      alf_outcome_real(outcome, m->name, alf_look_real(&it->look, m));
  alf_outcome_real(outcome, "cycle_length", cycle ? (double)cycle->length : (double)NAN);
  alf_outcome_real(outcome, "cycle_start", cycle ? (double)cycle->start : (double)NAN);
  alf_outcome_real(outcome, "cycle_max_load", cycle ? (double)cycle->max_load : (double)NAN);
  alf_outcome_real(outcome, "cycle_min_load", cycle ? (double)cycle->min_load : (double)NAN);
  alf_outcome_real(outcome, "cycle_drift", alf_iteration_drift(it));
  alf_outcome_real(outcome, "settled_at", settled_at >= 0 ? (double)settled_at : (double)NAN);
  alf_outcome_real(outcome, "balanced_at", it->balanced_at >= 0 ? (double)it->balanced_at : (double)NAN);
  alf_outcome_real(outcome, "late_max_violation", alf_iteration_late_violation(it));
  alf_outcome_real(outcome, "late_gap", alf_iteration_late_gap(it));
  alf_outcome_whole(outcome, "routed_tokens", it->routed_tokens);
  alf_outcome_real(outcome, "iterate_seconds", it->seconds);
  alf_outcome_real(outcome, "optimum_seconds", it->optima.seconds);
}

static alf_status set_up(cell_run *run, alf_error *err)
{
  const alf_experiment_cell *cell = run->cell;
  alf_iteration_settings settings = {.topk = (int32_t)alf_setting_whole(cell, "topk"),
                                     .dtype = alf_setting_is(cell, "arithmetic", "exact")     ? ALF_DYADIC
                                              : alf_setting_is(cell, "arithmetic", "float64") ? ALF_FLOAT64
                                                                                              : ALF_FLOAT32,
                                     .steps = alf_setting_whole(cell, "steps"),
                                     .every = run->every || alf_setting_is(cell, "every", "yes"),
                                     .until_cycle = alf_setting_is(cell, "until", "cycle"),
                                     .threads = cell->threads,
                                     .observe = observe,
                                     .context = run};
  alf_status status = alf_parts_read(&run->parts, cell, err);
  if (status != ALF_OK)
    return status;
  settings.cell = (alf_cell){.rule = run->parts.rule,
                             .schedule = run->parts.schedule,
                             .u = usual_or_given_u(cell, run->parts.rule),
                             .rule_values = run->parts.rule_value,
                             .schedule_values = run->parts.schedule_value,
                             .format = &run->parts.format};
  status = alf_cell_source(&run->source, cell, err);
  return status == ALF_OK ? alf_iteration_start(&run->iteration, run->source, &settings, err) : status;
}

static alf_status run_cell(const alf_experiment_cell *cell, alf_outcome *outcome, alf_error *err)
{
  cell_run run = {.cell = cell, .outcome = outcome, .every = alf_setting_whole(cell, "series")};
  alf_status status = set_up(&run, err);
  if (status == ALF_OK && run.every)
    alf_outcome_series(outcome, "iterates", COLUMNS);
  if (status == ALF_OK)
    status = alf_iteration_run(&run.iteration, err);
  if (status == ALF_OK && run.iteration.optima.given_up) {
    *err = run.iteration.optima.why;
    status = err->code;
  }
  if (status == ALF_OK)
    report(&run.iteration, outcome);
  alf_iteration_free(&run.iteration);
  alf_source_close(run.source);
  return status;
}

const alf_experiment alf_experiment_iterate = {
    .name = "iterate",
    .summary = "a balancing rule at work: loads, gap, regret, limit cycle, as alflab iterate reports them",
    .code = "solvers theory experiments/measure experiments/run/kinds/iterate.c",
    .keys = keys,
    .check = alf_cell_check_topk,
    .run = run_cell};
