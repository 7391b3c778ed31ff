#include <math.h>
#include <stdlib.h>

#include "alf/judge.h"
#include "alf/solver.h"
#include "core/deadline.h"

struct workspace {
  const alf_problem *problem;
  alf_deadline deadline;
  void *exchange; /* workspace of that solver */
};

static const alf_solver *exchange(void)
{
  return alf_solver_find("exchange");
}

static alf_status can(const alf_problem *problem, alf_error *err)
{
  alf_status status = exchange()->can(problem, err);
  return status ? status : alf_judge_can(problem, err);
}

/* The judge alone, on softmax batches, tokens/experts/K: 4096/64/6 .10 s, 16384/64/8 .40, 65536/256/8 .61,
   1048576/64/8 5.1. */
static double estimate(const alf_problem *problem)
{
  double tokens = (double)problem->batch->tokens, cells = tokens * problem->batch->experts;
  return exchange()->estimate(problem) + 3.5e-7 * fmin(cells, 0x1p20) + 1e-8 * cells + 4e-6 * tokens;
}

static void free_workspace(void *workspace)
{
  struct workspace *w = workspace;
  if (w)
    exchange()->free(w->exchange);
  free(w);
}

static alf_status setup(void **workspace, const alf_problem *problem, const alf_solve_settings *settings,
                        alf_error *err)
{
  struct workspace *w = calloc(1, sizeof *w);
  if (!w)
    return alf_fail_memory(err, sizeof *w);
  w->problem = problem;
  w->deadline = alf_deadline_after(settings->timeout, settings->stop);
  alf_status status = exchange()->setup(&w->exchange, problem, settings, err);
  if (status)
    free_workspace(w);
  else
    *workspace = w;
  return status;
}

static alf_status judge(const struct workspace *w, alf_solution *solution, alf_error *err)
{
  alf_judge_settings settings = {.stop = w->deadline.stop};
  alf_judgement judgement;
  if (isfinite(w->deadline.at))
    settings.timeout = fmax(w->deadline.at - alf_now(), 1e-9);
  alf_status status = alf_judge(w->problem, solution, &settings, &judgement, err);
  if (status)
    return status;
  solution->pivots = judgement.pivots;
  solution->iterations = judgement.rounds;
  if (judgement.confirmed)
    return ALF_OK;
  return alf_fail(err, ALF_ESOLVER, "glpk-judge: GLPK does not confirm the optimum of exchange: %lld pivots, gain %g",
                  (long long)judgement.pivots, judgement.gain);
}

static alf_status solve(void *workspace, alf_solution *solution, alf_error *err)
{
  struct workspace *w = workspace;
  alf_status status = exchange()->solve(w->exchange, solution, err);
  return status ? status : judge(w, solution, err);
}

const alf_solver alf_solver_glpk_judge = {
    .name = "glpk-judge",
    .summary = "exchange, whose optimum GLPK's simplex then confirms from its basis in 0 pivots",
    .can = can,
    .estimate = estimate,
    .setup = setup,
    .solve = solve,
    .free = free_workspace,
};
