#include <stddef.h>

#include "alf/solver.h"

#include "core/deadline.h"

static alf_status check_settings(const alf_solve_settings *settings, alf_error *err)
{
  if (!(settings->timeout >= 0))
    return alf_fail(err, ALF_EINVAL, "timeout is %g s: expected 0 (none) or more", settings->timeout);
  if (settings->threads < 0)
    return alf_fail(err, ALF_EINVAL, "threads is %d: expected 0 (all) or more", settings->threads);
  if (!(settings->tolerance >= 0))
    return alf_fail(err, ALF_EINVAL, "tolerance is %g: expected 0 (the default) or more", settings->tolerance);
  if (settings->iterations < 0)
    return alf_fail(err, ALF_EINVAL, "iterations is %lld: expected 0 (the solver's own limit) or more",
                    (long long)settings->iterations);
  return ALF_OK;
}

static alf_status run(const alf_solver *solver, const alf_problem *problem, const alf_solve_settings *settings,
                      alf_solution *solution, alf_error *err)
{
  void *workspace = NULL;
  alf_status status = solver->setup(&workspace, problem, settings, err);
  double start = alf_now();
  if (!status)
    status = solver->solve(workspace, solution, err);
  solver->free(workspace);
  solution->seconds = alf_now() - start;
  return status;
}

/* The batch is on its grid: ALF_ERANGE means that the solver left it. */
static alf_status run_on_grid(const alf_solver *solver, const alf_problem *problem, const alf_solve_settings *settings,
                              alf_solution *solution, alf_error *err)
{
  alf_status status = run(solver, problem, settings, solution, err);
  if (status != ALF_ERANGE)
    return status;
  return alf_fail(err, ALF_ESOLVER, "%s: prices leave the grid of 2^%d", solver->name, -problem->batch->grid_bits);
}

alf_status alf_solve(const alf_solver *solver, const alf_problem *problem, const alf_solve_settings *settings,
                     alf_solution *solution, alf_error *err)
{
  alf_solve_settings defaults = {0};
  alf_solution_free(solution);
  settings = settings ? settings : &defaults;
  if (!solver)
    return alf_fail(err, ALF_EINVAL, "solver: expected one of alf_solvers, got none");
  alf_status status = check_settings(settings, err);
  if (!status)
    status = alf_problem_check_on(problem, settings->threads, err);
  if (!status)
    status = solver->can(problem, err);
  if (!status)
    status = alf_solution_alloc(solution, problem, err);
  if (!status)
    status = run_on_grid(solver, problem, settings, solution, err);
  if (status == ALF_ETIMEOUT && settings->stop && settings->stop())
    status = alf_fail(err, ALF_EINTERRUPTED, "%s: interrupted", solver->name);
  if (status)
    alf_solution_free(solution);
  return status;
}
