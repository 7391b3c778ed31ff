#include <math.h>

#include "exact/glpk_common.h"
#include "exact/glpk_prices.h"

static alf_status can(const alf_problem *problem, alf_error *err)
{
  return alf_glpk_can_hold(problem, "glpk-interior", err);
}

/* Softmax batches, tokens/experts/K: 256/8/1 .03 s, 512/8/2 .25, 512/32/4 1.0, 1024/32/4 3.7, 512/64/6 3.0,
   2048/16/2 5.8; 4096/64/6 about 130. */
static double estimate(const alf_problem *problem)
{
  return 2e-3 + 3.4e-7 * pow((double)problem->batch->tokens, 1.8) * pow(problem->batch->experts, 1.15);
}

/* Also a point short of the optimum is kept: its prices are good, and the dual simplex makes up for the rest. */
static alf_status find_prices(const alf_problem *problem, double *price, alf_error *err)
{
  int tokens = (int)problem->batch->tokens;
  glp_prob *lp = glp_create_prob();
  alf_glpk_scale scale = alf_glpk_build(problem, lp);
  glp_iptcp settings;
  glp_init_iptcp(&settings);
  settings.msg_lev = GLP_MSG_OFF;
  int code = glp_interior(lp, &settings);
  if (code == GLP_EFAIL || glp_ipt_status(lp) == GLP_UNDEF)
    return alf_fail(err, ALF_ESOLVER, "GLPK interior point: returned code %d and no point", code);
  for (int k = 0; k < problem->batch->experts; k++) {
    double dual = glp_ipt_row_dual(lp, tokens + k + 1);
    price[k] = isfinite(dual) ? ldexp(-dual, scale.exponent - problem->batch->grid_bits) : 0;
  }
  return ALF_OK;
}

static alf_status setup(void **workspace, const alf_problem *problem, const alf_solve_settings *settings,
                        alf_error *err)
{
  return alf_glpk_prices_setup(workspace, problem, settings, "glpk-interior", find_prices, err);
}

const alf_solver alf_solver_glpk_interior = {
    .name = "glpk-interior",
    .summary = "GLPK's interior point, then its dual simplex from those prices; for small batches",
    .can = can,
    .estimate = estimate,
    .setup = setup,
    .solve = alf_glpk_prices_solve,
    .free = alf_glpk_prices_free,
};
