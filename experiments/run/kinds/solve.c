/* A solver at work on the first batch of a source: what alflab solve says. */
#include <math.h>

#include "alf/certificate.h"
#include "alf/solver.h"
#include "measure/input.h"
#include "run/kinds/keys.h"

static const char *const problems[] = {"fractional", "rounded", NULL};

static const alf_key keys[] = {
    KEY_SOURCE,
    {"solver", ALF_KEY_SOLVER, "auto", .help = "a name of alflab list solvers"},
    KEY_TOPK,
    {"problem", ALF_KEY_CHOICE, "fractional", 0, 0, problems, .help = "equal loads, or whole slots rounded up or down"},
    {"tolerance", ALF_KEY_REAL, "0", 0, 1, .help = "where an approximate solver ends; 0: 1e-4"},
    {"iterations", ALF_KEY_WHOLE, "0", 0, 1e12, .help = "when it ends at the latest; 0: its own limit"},
    {0}};

typedef struct cell_run {
  alf_source *source;
  alf_affinity batch;
  alf_problem problem;
  const alf_solver *solver;
  alf_solution solution;
  alf_certificate certificate;
  double optimum; /* certified; NAN: not known */
  alf_outcome *outcome;
} cell_run;

/* (value − optimum)/|optimum|. */
static double relative_gap(double value, double optimum)
{
  return (value - optimum) / (optimum == 0 ? 1 : fabs(optimum));
}

static void observe(void *opaque, const alf_progress *p)
{
  cell_run *run = opaque;
  double row[] = {p->objective,
                  p->dual_bound,
                  p->violation,
                  0 - relative_gap(p->objective, run->optimum),
                  relative_gap(p->dual_bound, run->optimum),
                  p->seconds};
  alf_outcome_row(run->outcome, p->iterations, row, sizeof row / sizeof *row);
}

static alf_status solve(cell_run *run, const alf_solver *solver, const alf_solve_settings *settings, alf_error *err)
{
  alf_status status = alf_solve(solver, &run->problem, settings, &run->solution, err);
  return status == ALF_OK ? alf_certify(&run->problem, &run->solution, &run->certificate, err) : status;
}

/* What an approximate solver is measured against. */
static alf_status find_optimum(cell_run *run, int threads, alf_error *err)
{
  alf_solve_settings exact = {.threads = threads};
  alf_status status = solve(run, alf_solver_find("auto"), &exact, err);
  if (status == ALF_OK && !run->certificate.certified)
    status = alf_fail(err, ALF_ESOLVER, "the optimum is not certified: gap %g", run->certificate.gap);
  run->optimum = run->certificate.objective;
  return status;
}

/* An approximate solver is held to the constraints only. */
static const char *status_of(const cell_run *run)
{
  const alf_certificate *c = &run->certificate;
  bool feasible = !c->row_violations && !c->entry_violations && !c->load_violations;
  return c->certified ? "optimal" : run->solver->approximate && feasible ? "approximate" : "uncertified";
}

static void report(const cell_run *run, alf_outcome *outcome)
{
  const alf_certificate *c = &run->certificate;
  const alf_solution *s = &run->solution;
  alf_outcome_whole(outcome, "tokens", run->batch.tokens);
  alf_outcome_whole(outcome, "experts", run->batch.experts);
  alf_outcome_text(outcome, "status", status_of(run));
  alf_outcome_real(outcome, "objective", c->objective);
  alf_outcome_real(outcome, "dual_bound", c->dual_bound);
  alf_outcome_real(outcome, "gap", c->gap);
  alf_outcome_real(outcome, "optimum", run->optimum);
  alf_outcome_real(outcome, "gap_primal", 0 - relative_gap(c->objective, run->optimum));
  alf_outcome_real(outcome, "gap_dual", relative_gap(c->dual_bound, run->optimum));
  alf_outcome_real(outcome, "rounding_bound", c->rounding_bound);
  alf_outcome_real(outcome, "max_load", c->max_load);
  alf_outcome_real(outcome, "min_load", c->min_load);
  alf_outcome_whole(outcome, "pivots", s->pivots);
  alf_outcome_whole(outcome, "iterations_made", s->iterations);
  alf_outcome_whole(outcome, "repairs", s->repairs);
  alf_outcome_whole(outcome, "tied_tokens", c->tied_tokens);
  alf_outcome_real(outcome, "solve_seconds", s->seconds);
}

static alf_status set_up(cell_run *run, const alf_experiment_cell *cell, alf_error *err)
{
  run->solver = alf_solver_find(alf_setting_text(cell, "solver"));
  run->problem = (alf_problem){.batch = &run->batch,
                               .topk = (int32_t)alf_setting_whole(cell, "topk"),
                               .kind = alf_setting_is(cell, "problem", "rounded") ? ALF_ROUNDED : ALF_FRACTIONAL};
  alf_status status = alf_cell_source(&run->source, cell, err);
  if (status == ALF_OK)
    status = alf_input_next(run->source, NULL, ALF_DYADIC, &run->batch, err);
  return status == ALF_OK && run->solver->approximate ? find_optimum(run, cell->threads, err) : status;
}

static alf_status run_cell(const alf_experiment_cell *cell, alf_outcome *outcome, alf_error *err)
{
  cell_run run = {.outcome = outcome, .optimum = NAN};
  alf_solve_settings settings = {.threads = cell->threads,
                                 .tolerance = alf_setting_real(cell, "tolerance"),
                                 .iterations = alf_setting_whole(cell, "iterations"),
                                 .observe = observe,
                                 .context = &run};
  alf_status status = set_up(&run, cell, err);
  if (status == ALF_OK && run.solver->approximate)
    alf_outcome_series(outcome, "progress", "objective,dual_bound,violation,gap_primal,gap_dual,solve_seconds");
  if (status == ALF_OK)
    status = solve(&run, run.solver, &settings, err);
  if (status == ALF_OK && run.certificate.certified)
    run.optimum = run.certificate.objective;
  if (status == ALF_OK)
    report(&run, outcome);
  alf_solution_free(&run.solution);
  alf_affinity_free(&run.batch);
  alf_source_close(run.source);
  return status;
}

const alf_experiment alf_experiment_solve = {.name = "solve",
                                             .summary = "a solver on the first batch: objective, certified gap, work, "
                                                        "seconds, as alflab solve reports them",
                                             .code = "solvers experiments/run/kinds/solve.c",
                                             .keys = keys,
                                             .check = alf_cell_check_topk,
                                             .run = run_cell};
