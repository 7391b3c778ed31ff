#include "exact/glpk_common.h"

#include <math.h>
#include <stdlib.h>

/* GLPK takes about 400 bytes a column. */
static const int64_t cell_limit = INT64_C(1) << 23;

alf_status alf_glpk_can_hold(const alf_problem *problem, const char *solver, alf_error *err)
{
  int64_t cells = problem->batch->tokens * problem->batch->experts;
  if (cells <= cell_limit)
    return ALF_OK;
  return alf_fail(err, ALF_EUNSUPPORTED, "%s: %lld tokens x %d experts: expected at most %lld cells (3 GB in GLPK)",
                  solver, (long long)problem->batch->tokens, (int)problem->batch->experts, (long long)cell_limit);
}

alf_glpk_scale alf_glpk_scale_for(int64_t largest)
{
  int exponent = 0;
  while (largest >> exponent > 1)
    exponent++;
  return (alf_glpk_scale){exponent + 1};
}

double alf_glpk_cost(alf_glpk_scale scale, int64_t units)
{
  return ldexp((double)units, -scale.exponent);
}

/* Reduced costs are of order 1 or less and sums of some: below 2^-46 they are noise, on which the dual simplex was seen
   to go round for ever (all rows equal, K = E − 1). */
double alf_glpk_tolerance(alf_glpk_scale scale)
{
  return fmax(0x1p-46, fmin(1e-7, ldexp(0.25, -scale.exponent)));
}

static int64_t row_maximum(const alf_problem *problem, int64_t i)
{
  const int64_t *row = alf_affinity_row(problem->batch, i);
  int64_t most = row[0];
  for (int32_t k = 1; k < problem->batch->experts; k++)
    most = row[k] > most ? row[k] : most;
  return most;
}

alf_glpk_scale alf_glpk_scale_of_problem(const alf_problem *problem)
{
  int64_t largest = 0;
  for (int64_t i = 0; i < problem->batch->tokens; i++) {
    const int64_t *row = alf_affinity_row(problem->batch, i);
    int64_t most = row_maximum(problem, i);
    for (int32_t k = 0; k < problem->batch->experts; k++)
      largest = most - row[k] > largest ? most - row[k] : largest;
  }
  return alf_glpk_scale_for(largest);
}

static void add_rows(const alf_problem *problem, glp_prob *lp)
{
  int tokens = (int)problem->batch->tokens, experts = problem->batch->experts;
  double slots = (double)(problem->topk * alf_problem_denominator(problem));
  glp_add_rows(lp, tokens + experts);
  for (int i = 1; i <= tokens; i++)
    glp_set_row_bnds(lp, i, GLP_FX, slots, slots);
  for (int k = 0; k < experts; k++) {
    alf_load_range load = alf_problem_load_range(problem, k);
    int type = load.lower < load.upper ? GLP_DB : GLP_FX;
    glp_set_row_bnds(lp, tokens + k + 1, type, (double)load.lower, (double)load.upper);
  }
}

alf_glpk_scale alf_glpk_build(const alf_problem *problem, glp_prob *lp)
{
  alf_glpk_scale scale = alf_glpk_scale_of_problem(problem);
  int tokens = (int)problem->batch->tokens, experts = problem->batch->experts;
  double denominator = (double)alf_problem_denominator(problem);
  glp_set_obj_dir(lp, GLP_MAX);
  add_rows(problem, lp);
  glp_add_cols(lp, tokens * experts);
  for (int i = 0; i < tokens; i++) {
    const int64_t *row = alf_affinity_row(problem->batch, i);
    int64_t most = row_maximum(problem, i);
    for (int k = 0; k < experts; k++) {
      int column = i * experts + k + 1;
      glp_set_col_bnds(lp, column, GLP_DB, 0, denominator);
      glp_set_obj_coef(lp, column, alf_glpk_cost(scale, row[k] - most));
      glp_set_mat_col(lp, column, 2, (int[]){0, i + 1, tokens + k + 1}, (double[]){0, 1, 1});
    }
  }
  return scale;
}

int alf_glpk_simplex_run(glp_prob *lp, glp_smcp *settings, alf_deadline deadline)
{
  int code = GLP_EITLIM;
  settings->it_lim = 500;
  while (code == GLP_EITLIM) {
    settings->tm_lim = alf_deadline_left_ms(deadline);
    code = settings->tm_lim > 0 ? glp_simplex(lp, settings) : GLP_ETMLIM;
  }
  return code;
}

alf_status alf_glpk_simplex_status(glp_prob *lp, int code, alf_error *err)
{
  if (code == GLP_ETMLIM)
    return alf_fail(err, ALF_ETIMEOUT, "GLPK simplex: time limit reached after %d pivots", glp_get_it_cnt(lp));
  if (code != 0)
    return alf_fail(err, ALF_ESOLVER, "GLPK simplex: returned code %d after %d pivots", code, glp_get_it_cnt(lp));
  if (glp_get_status(lp) != GLP_OPT)
    return alf_fail(err, ALF_ESOLVER, "GLPK simplex: solution status %d, expected an optimum (%d)", glp_get_status(lp),
                    GLP_OPT);
  return ALF_OK;
}
