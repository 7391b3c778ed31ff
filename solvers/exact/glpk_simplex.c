#include <math.h>
#include <stdlib.h>

#include "core/deadline.h"
#include "exact/glpk_common.h"
#include "exact/solution.h"

struct workspace {
  const alf_problem *problem;
  alf_deadline deadline;
  int64_t *amount; /* E */
  alf_solution *solution;
};

static alf_status can(const alf_problem *problem, alf_error *err)
{
  return alf_glpk_can_hold(problem, "glpk-simplex", err);
}

/* Softmax batches, tokens/experts/K: 64/8/2 .003 s, 512/8/2 .18, 512/32/4 1.4, 1024/16/2 1.0, 1024/32/4 6.4,
   512/64/6 8.1, 2048/16/2 10; 4096/64/6 about 300. */
static double estimate(const alf_problem *problem)
{
  return 1.6e-8 * pow((double)problem->batch->tokens, 2.1) * pow(problem->batch->experts, 1.5);
}

static void free_workspace(void *workspace)
{
  struct workspace *w = workspace;
  if (w)
    free(w->amount);
  free(w);
}

static alf_status setup(void **workspace, const alf_problem *problem, const alf_solve_settings *settings,
                        alf_error *err)
{
  struct workspace *w = calloc(1, sizeof *w);
  if (w)
    *w = (struct workspace){.problem = problem,
                            .deadline = alf_deadline_after(settings->timeout, settings->stop),
                            .amount = calloc((size_t)problem->batch->experts, sizeof *w->amount)};
  if (w && w->amount) {
    *workspace = w;
    return ALF_OK;
  }
  free_workspace(w);
  return alf_fail_memory(err, sizeof *w + (size_t)problem->batch->experts * sizeof *w->amount);
}

static alf_status read_primal(struct workspace *w, glp_prob *lp, alf_error *err)
{
  alf_status status = ALF_OK;
  int column = 1;
  for (int64_t i = 0; i < w->solution->tokens && !status; i++) {
    for (int32_t k = 0; k < w->solution->experts; k++)
      w->amount[k] = llrint(glp_get_col_prim(lp, column++));
    status = alf_solution_append(w->solution, w->problem->topk, i, w->amount, err);
  }
  return status ? status : alf_solution_check_loads(w->solution, w->problem, w->amount, err);
}

static alf_status run(void *context, alf_error *err)
{
  struct workspace *w = context;
  glp_prob *lp = glp_create_prob();
  glp_smcp settings;
  glp_init_smcp(&settings);
  alf_glpk_scale scale = alf_glpk_build(w->problem, lp);
  settings.msg_lev = GLP_MSG_OFF;
  settings.tol_dj = alf_glpk_tolerance(scale);
  int code = alf_glpk_simplex_run(lp, &settings, w->deadline);
  w->solution->pivots = glp_get_it_cnt(lp);
  alf_status status = alf_glpk_simplex_status(lp, code, err);
  return status ? status : read_primal(w, lp, err);
}

static alf_status solve(void *workspace, alf_solution *solution, alf_error *err)
{
  struct workspace *w = workspace;
  w->solution = solution;
  alf_status status = alf_glpk_guard(run, w, err);
  return status ? status : alf_exchange_prices(w->problem, solution, err);
}

const alf_solver alf_solver_glpk_simplex = {
    .name = "glpk-simplex",
    .summary = "GLPK's primal simplex on the whole LP, from its standard basis; for small batches",
    .can = can,
    .estimate = estimate,
    .setup = setup,
    .solve = solve,
    .free = free_workspace,
};
