/* What the exact optimum of a batch costs, and what an update of a rule on it: seconds, and work that does not depend on the
   machine. */
#include <math.h>

#include "alf/certificate.h"
#include "alf/iterate.h"
#include "alf/solver.h"
#include "measure/input.h"
#include "run/kinds/keys.h"

static const alf_key keys[] = {
    KEY_SOURCE,
    {"solver", ALF_KEY_SOLVER, "auto", .help = "a name of alflab list solvers"},
    KEY_RULE,
    KEY_SCHEDULE,
    KEY_U,
    KEY_TOPK,
    {"updates", ALF_KEY_WHOLE, "100", 1, 1e6, .help = "of the run that updates are timed in, from p = 0"},
    {"tries", ALF_KEY_WHOLE, "3", 1, 1000, .help = "of which the fastest counts"},
    {0}};

typedef struct cell_run {
  const alf_experiment_cell *cell;
  alf_outcome *outcome;
  alf_source *source;
  alf_affinity batch;
  alf_parts parts;
  alf_iterate *iterate;
  int64_t tries;
  int64_t routed; /* tokens looked at, over all updates */
} cell_run;

static double least(double a, double b)
{
  return isnan(a) || b < a ? b : a;
}

static alf_status time_solver(cell_run *run, alf_error *err)
{
  alf_problem problem = {.batch = &run->batch, .topk = (int32_t)alf_setting_whole(run->cell, "topk")};
  alf_solve_settings settings = {.threads = run->cell->threads};
  const alf_solver *solver = alf_solver_find(alf_setting_text(run->cell, "solver"));
  alf_solution solution = {0};
  alf_certificate certificate = {0};
  double seconds = NAN;
  alf_status status = ALF_OK;
  for (int64_t i = 0; status == ALF_OK && i < run->tries; i++) {
    status = alf_solve(solver, &problem, &settings, &solution, err);
    seconds = least(seconds, solution.seconds);
  }
  if (status == ALF_OK)
    status = alf_certify(&problem, &solution, &certificate, err);
  if (status == ALF_OK && !certificate.certified && !solver->approximate)
    status = alf_fail(err, ALF_ESOLVER, "the optimum is not certified: gap %g", certificate.gap);
  alf_outcome_whole(run->outcome, "iterations_made", solution.iterations);
  alf_outcome_whole(run->outcome, "pivots", solution.pivots);
  alf_outcome_real(run->outcome, "solve_seconds", seconds);
  alf_solution_free(&solution);
  return status;
}

/* One run from p = 0; the first routing, of all tokens, is not part of any update. */
static alf_status run_updates(cell_run *run, const alf_iterate_settings *settings, double *seconds, alf_error *err)
{
  const alf_step *step = NULL;
  int64_t updates = alf_setting_whole(run->cell, "updates");
  alf_status status = alf_iterate_alloc(&run->iterate, &run->batch, settings, err);
  if (status == ALF_OK)
    status = alf_iterate_start(run->iterate, &run->batch, err);
  run->routed = 0;
  double start = alf_seconds();
  for (int64_t n = 0; status == ALF_OK && n < updates; n++) {
    status = alf_iterate_step(run->iterate, &run->batch, &step, err);
    run->routed += status == ALF_OK ? step->routed : 0;
  }
  *seconds = least(*seconds, (alf_seconds() - start) / (double)updates);
  alf_iterate_free(run->iterate);
  run->iterate = NULL;
  return status;
}

/* As the iteration does it, looking only at tokens that can have changed, and with a look at each. */
static alf_status time_updates(cell_run *run, alf_error *err)
{
  alf_iterate_settings settings = {.rule = run->parts.rule,
                                   .schedule = run->parts.schedule,
                                   .u = usual_or_given_u(run->cell, run->parts.rule),
                                   .topk = (int32_t)alf_setting_whole(run->cell, "topk"),
                                   .rule_values = run->parts.rule_value,
                                   .schedule_values = run->parts.schedule_value,
                                   .threads = run->cell->threads};
  double lazy = NAN, eager = NAN, routed = 0, updates = (double)alf_setting_whole(run->cell, "updates");
  alf_status status = ALF_OK;
  for (int64_t i = 0; status == ALF_OK && i < run->tries; i++) {
    settings.eager = false;
    status = run_updates(run, &settings, &lazy, err);
    routed = (double)run->routed / updates;
    settings.eager = true;
    if (status == ALF_OK)
      status = run_updates(run, &settings, &eager, err);
  }
  alf_outcome_real(run->outcome, "routed", routed);
  alf_outcome_real(run->outcome, "update_seconds", lazy);
  alf_outcome_real(run->outcome, "eager_update_seconds", eager);
  return status;
}

static alf_status run_cell(const alf_experiment_cell *cell, alf_outcome *outcome, alf_error *err)
{
  cell_run run = {.cell = cell, .outcome = outcome, .tries = alf_setting_whole(cell, "tries")};
  alf_status status = alf_parts_read(&run.parts, cell, err);
  if (status == ALF_OK)
    status = alf_cell_source(&run.source, cell, err);
  if (status == ALF_OK)
    status = alf_input_next(run.source, NULL, ALF_DYADIC, &run.batch, err);
  if (status == ALF_OK) {
    alf_outcome_whole(outcome, "tokens", run.batch.tokens);
    alf_outcome_whole(outcome, "experts", run.batch.experts);
    status = time_solver(&run, err);
  }
  if (status == ALF_OK)
    status = time_updates(&run, err);
  alf_affinity_free(&run.batch);
  alf_source_close(run.source);
  return status;
}

const alf_experiment alf_experiment_cost = {
    .name = "cost",
    .summary = "what the exact optimum of the first batch costs, and an update of a rule on it: seconds and work",
    .code = "solvers experiments/measure experiments/run/kinds/cost.c",
    .keys = keys,
    .check = alf_cell_check_topk,
    .run = run_cell};
