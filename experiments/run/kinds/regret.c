/* Online runs over fresh batches: what alflab regret says of one cell. */
#include <math.h>

#include "measure/regret_row.h"
#include "run/kinds/keys.h"

static const char *const yes_no[] = {"yes", "no", NULL};

static const alf_key keys[] = {
    KEY_SOURCE,
    {"rule", ALF_KEY_RULE, "proportional", .help = "how loads move the shift, NAME[KEY=VALUE,...]"},
    {"schedule", ALF_KEY_SCHEDULE, "1/n", .help = "how the step size falls, NAME[KEY=VALUE,...]"},
    {"u", ALF_KEY_REAL, "1/mu", 1e-15, 1e15, .unit = "mu", .help = "step size, a number or a multiple of 1/mu"},
    {"width", ALF_KEY_REAL, "0", 0, 1e6, .help = "project p to max p - min p <= width after every update; 0: leave it"},
    KEY_TOPK,
    {"steps", ALF_KEY_WHOLE, "10000", 10, 1e9, .help = "batches of a run"},
    {"runs", ALF_KEY_WHOLE, "32", 1, 1e6, .help = "independent runs of a cell, for its intervals; a file has one"},
    {"hindsight", ALF_KEY_CHOICE, "no", 0, 0, yes_no, .help = "solve the pooled problem of every run exactly"},
    {0}};

typedef struct cell_run {
  const alf_experiment_cell *cell;
  char input[ALF_PATH];
  alf_parts parts;
  alf_regret_cell rule;
  alf_regret_target target;
  alf_regret_settings settings;
  alf_regret regret;
  alf_regret_row row;
  alf_hindsight_bound hindsight;
} cell_run;

static alf_status set_up(cell_run *run, alf_error *err)
{
  const alf_experiment_cell *cell = run->cell;
  alf_source *source = NULL;
  alf_regret_extent extent = {0};
  alf_status status = alf_parts_read(&run->parts, cell, err);
  if (status == ALF_OK)
    status = alf_cell_source(&source, cell, err);
  if (status == ALF_OK)
    extent = alf_regret_find_extent(source, alf_setting_whole(cell, "steps"), alf_setting_whole(cell, "runs"));
  alf_source_close(source);
  if (status == ALF_OK)
    status = alf_base_input(cell->base, alf_setting_text(cell, "source"), run->input, err);
  run->settings = (alf_regret_settings){.input = run->input,
                                        .seed = cell->seed,
                                        .topk = (int32_t)alf_setting_whole(cell, "topk"),
                                        .steps = extent.steps,
                                        .repetitions = extent.repetitions,
                                        .hindsight = alf_setting_is(cell, "hindsight", "yes"),
                                        .checkpoints = ALF_REGRET_CHECKPOINTS,
                                        .threads = cell->threads,
                                        .cells = 1,
                                        .cell = &run->rule};
  return status;
}

/* Finds p*, and what u is in the unit of the rule. */
static alf_status find_target(cell_run *run, alf_error *err)
{
  const alf_regret_settings *s = &run->settings;
  char u[ALF_VALUE_TEXT];
  alf_status status = alf_regret_target_find(&run->target, s->input, s->seed, s->topk, NULL, err);
  if (status != ALF_OK)
    return status;
  alf_value value = alf_setting(run->cell, "u");
  alf_value_print(&value, u);
  run->rule = (alf_regret_cell){.rule = run->parts.rule,
                                .schedule = run->parts.schedule,
                                .rule_values = run->parts.rule_value,
                                .schedule_values = run->parts.schedule_value,
                                .width = alf_setting_real(run->cell, "width")};
  alf_error cause = {0};
  status = alf_regret_step_size(u, run->rule.rule, &run->target, s->topk, &run->rule.u, &cause);
  if (status != ALF_OK)
    return alf_fail(err, status, "u = %.400s", cause.text);
  run->settings.optimum = run->target.stationary ? run->target.shift : NULL;
  run->settings.dynamic = !run->target.stationary;
  return ALF_OK;
}

static alf_status run_and_judge(cell_run *run, alf_error *err)
{
  alf_status status = alf_regret_run(&run->regret, &run->settings, err);
  if (status == ALF_OK && run->regret.hindsight)
    alf_hindsight_judge(&run->regret, &run->hindsight);
  return status == ALF_OK ? alf_regret_row_measure(&run->regret, &run->settings, &run->target, 0, &run->row, err)
                          : status;
}

static void put_interval(alf_outcome *outcome, const char *const name[3], alf_interval i)
{
  alf_outcome_real(outcome, name[0], i.value);
  alf_outcome_real(outcome, name[1], i.low);
  alf_outcome_real(outcome, name[2], i.high);
}

#define INTERVAL(outcome, name, i) put_interval(outcome, (const char *const[]){name, name "_low", name "_high"}, i)

static void report_expected(const cell_run *run, alf_outcome *outcome)
{
  const alf_regret_bound *b = &run->row.bound;
  alf_outcome_real(outcome, "u_mu", b->a);
  alf_outcome_real(outcome, "predicted_per_decade", b->per_decade);
  alf_outcome_real(outcome, "bound", alf_regret_bound_at(b, &run->rule, (double)run->settings.steps));
  alf_outcome_whole(outcome, "bound_met", b->met);
  alf_outcome_text(outcome, "C9_verdict", alf_verdict_name(b->verdict));
  alf_outcome_real(outcome, "C9_margin", b->margin);
}

static void report(const cell_run *run, alf_outcome *outcome)
{
  const alf_growth *g = &run->row.growth;
  bool expected = run->regret.expected != NULL;
  alf_outcome_whole(outcome, "tokens", run->target.tokens);
  alf_outcome_whole(outcome, "experts", run->target.experts);
  alf_outcome_whole(outcome, "batches", run->settings.steps);
  alf_outcome_whole(outcome, "runs_made", run->regret.repetitions);
  alf_outcome_text(outcome, "measured", expected ? "expected" : "dynamic");
  alf_outcome_real(outcome, "mu", run->target.modulus);
  alf_outcome_real(outcome, "step_size", run->rule.u);
  INTERVAL(outcome, "regret", g->last);
  INTERVAL(outcome, "per_decade", g->per_decade);
  INTERVAL(outcome, "exponent", g->exponent);
  alf_outcome_text(outcome, "law", alf_growth_law_name(g->law));
  alf_outcome_real(outcome, "misfit_ln", g->misfit[ALF_GROWS_LN]);
  alf_outcome_real(outcome, "misfit_root", g->misfit[ALF_GROWS_ROOT]);
  alf_outcome_real(outcome, "misfit_linear", g->misfit[ALF_GROWS_LINEARLY]);
  if (expected)
    report_expected(run, outcome);
  if (run->regret.dynamic) {
    INTERVAL(outcome, "early", run->row.early);
    INTERVAL(outcome, "late", run->row.late);
  }
  if (run->regret.hindsight) {
    INTERVAL(outcome, "against_hindsight", run->row.hindsight);
    alf_outcome_text(outcome, "C10_verdict", alf_verdict_name(run->hindsight.verdict));
    alf_outcome_real(outcome, "C10_margin", run->hindsight.margin);
  }
}

/* The series "growth": N as step. */
static alf_status put_curve(const cell_run *run, alf_outcome *outcome, alf_error *err)
{
  alf_outcome_series(outcome, "growth", "regret,low,high,bound");
  for (int64_t j = 0; j < run->regret.checkpoints; j++) {
    alf_interval mean;
    double n = (double)run->regret.batches[j];
    alf_status status = alf_regret_curve(&run->regret, 0, j, &mean, err);
    if (status != ALF_OK)
      return status;
    double bound = run->regret.expected ? alf_regret_bound_at(&run->row.bound, &run->rule, n) : (double)NAN;
    alf_outcome_row(outcome, run->regret.batches[j], (double[]){mean.value, mean.low, mean.high, bound}, 4);
  }
  return ALF_OK;
}

static alf_status run_cell(const alf_experiment_cell *cell, alf_outcome *outcome, alf_error *err)
{
  cell_run run = {.cell = cell};
  alf_status status = set_up(&run, err);
  if (status == ALF_OK)
    status = find_target(&run, err);
  if (status == ALF_OK)
    status = run_and_judge(&run, err);
  if (status == ALF_OK) {
    report(&run, outcome);
    status = put_curve(&run, outcome, err);
  }
  alf_regret_target_free(&run.target);
  alf_regret_free(&run.regret);
  return status;
}

const alf_experiment alf_experiment_regret = {
    .name = "regret",
    .summary = "online runs over fresh batches: regret, its growth and the bounds on it, as alflab regret reports them",
    .code = "solvers theory experiments/measure experiments/run/kinds/regret.c",
    .keys = keys,
    .check = alf_cell_check_topk,
    .run = run_cell};
