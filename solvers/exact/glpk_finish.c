#include "exact/glpk_finish.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/deadline.h"
#include "exact/exchange.h"
#include "exact/glpk_common.h"
#include "exact/perturb.h"
#include "exact/solution.h"
#include "exact/window.h"

struct alf_glpk_finish {
  const alf_problem *original;
  alf_problem problem; /* the perturbed one */
  alf_affinity batch;  /* its batch */
  alf_deadline deadline;
  int64_t denominator;
  bool free_loads; /* experts may have the smaller or the larger load */
  int64_t *price;  /* E: where the window lies */
  int64_t *dense;  /* E: scratch */
  double *sorted;  /* E: scratch */
  alf_window window;
  bool optimal; /* the window's LP has an optimum */
  alf_solution *solution;
};

void alf_glpk_finish_free(alf_glpk_finish *f)
{
  if (!f)
    return;
  alf_affinity_free(&f->batch);
  alf_window_free(&f->window);
  free(f->price);
  free(f->dense);
  free(f->sorted);
  free(f);
}

alf_status alf_glpk_finish_alloc(alf_glpk_finish **finish, const alf_problem *problem, alf_deadline deadline,
                                 alf_error *err)
{
  size_t experts = (size_t)problem->batch->experts;
  *finish = NULL;
  alf_glpk_finish *f = calloc(1, sizeof *f);
  if (!f)
    return alf_fail_memory(err, sizeof *f);
  f->original = problem;
  f->problem = *problem;
  f->problem.batch = &f->batch;
  f->deadline = deadline;
  f->denominator = alf_problem_denominator(problem);
  alf_load_range range = alf_problem_load_range(problem, 0);
  f->free_loads = alf_problem_has_free_load(problem) && range.lower < range.upper;
  f->price = calloc(experts, sizeof *f->price);
  f->dense = calloc(experts, sizeof *f->dense);
  f->sorted = calloc(experts, sizeof *f->sorted);
  alf_status status = f->price && f->dense && f->sorted ? ALF_OK : alf_fail_memory(err, 3 * experts * sizeof *f->price);
  if (!status)
    status = alf_perturb(problem, ALF_PERTURB_BITS, &f->batch, err);
  if (!status)
    status = alf_window_alloc(&f->window, &f->problem, err);
  if (status)
    alf_glpk_finish_free(f);
  else
    *finish = f;
  return status;
}

const alf_problem *alf_glpk_finish_problem(const alf_glpk_finish *f)
{
  return &f->problem;
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The price that becomes 0. With rounded loads a price below 0 asks for the larger load: as many as there are. */
static double origin_of(alf_glpk_finish *f, const double *price)
{
  int32_t experts = f->batch.experts;
  int64_t larger = f->problem.topk * f->batch.tokens % experts;
  double *sorted = f->sorted;
  memcpy(sorted, price, (size_t)experts * sizeof *price);
  qsort(sorted, (size_t)experts, sizeof *sorted, by_value);
  return sorted[f->free_loads ? larger : experts / 2];
}

static alf_status set_prices(alf_glpk_finish *f, const double *price, alf_error *err)
{
  double origin = origin_of(f, price);
  for (int32_t k = 0; k < f->batch.experts; k++) {
    double units = ldexp(price[k] - origin, f->batch.grid_bits);
    if (!(fabs(units) < (double)ALF_PRICE_LIMIT))
      return alf_fail(err, ALF_ERANGE, "price %g of expert %d leaves the grid of 2^%d", price[k], (int)k,
                      -f->batch.grid_bits);
    f->price[k] = llrint(units);
  }
  return ALF_OK;
}

static alf_glpk_scale scale_of(const alf_glpk_finish *f)
{
  int64_t largest = 0;
  for (int64_t c = 0; c < f->window.cells; c++)
    largest = llabs(f->window.cell[c].cost) > largest ? llabs(f->window.cell[c].cost) : largest;
  for (int32_t k = 0; k < f->batch.experts && f->free_loads; k++)
    largest = llabs(f->price[k]) > largest ? llabs(f->price[k]) : largest;
  return alf_glpk_scale_for(largest);
}

static void add_rows(const alf_glpk_finish *f, glp_prob *lp)
{
  int tokens = (int)f->window.tokens, experts = f->batch.experts;
  glp_add_rows(lp, tokens + experts);
  for (int r = 0; r < tokens; r++) {
    double free_slots = (double)(f->denominator * (f->problem.topk - f->window.token[r].fixed));
    glp_set_row_bnds(lp, r + 1, GLP_FX, free_slots, free_slots);
    glp_set_row_stat(lp, r + 1, GLP_NS);
  }
  for (int k = 0; k < experts; k++) {
    int64_t lower = alf_problem_load_range(f->original, k).lower;
    double free_load = (double)(lower - f->denominator * f->window.fixed_load[k]);
    glp_set_row_bnds(lp, tokens + k + 1, GLP_FX, free_load, free_load);
    glp_set_row_stat(lp, tokens + k + 1, GLP_BS);
  }
}

static void add_cells(const alf_glpk_finish *f, glp_prob *lp, alf_glpk_scale scale)
{
  int tokens = (int)f->window.tokens;
  for (int c = 0; c < (int)f->window.cells; c++) {
    const alf_window_cell *cell = &f->window.cell[c];
    const alf_window_token *token = &f->window.token[cell->row];
    bool basic = token->first + token->basic == c;
    glp_set_col_bnds(lp, c + 1, GLP_DB, 0, (double)f->denominator);
    glp_set_obj_coef(lp, c + 1, alf_glpk_cost(scale, cell->cost));
    glp_set_mat_col(lp, c + 1, 2, (int[]){0, cell->row + 1, tokens + cell->expert + 1}, (double[]){0, 1, 1});
    glp_set_col_stat(lp, c + 1, basic ? GLP_BS : cell->chosen ? GLP_NU : GLP_NL);
  }
}

/* Rounded loads: the load above the lower bound is a column of its own, which pays the price. */
static void add_free_loads(const alf_glpk_finish *f, glp_prob *lp, alf_glpk_scale scale)
{
  int tokens = (int)f->window.tokens, cells = (int)f->window.cells;
  for (int k = 0; k < f->batch.experts; k++) {
    int column = cells + k + 1;
    glp_set_col_bnds(lp, column, GLP_DB, 0, 1);
    glp_set_obj_coef(lp, column, alf_glpk_cost(scale, -f->price[k]));
    glp_set_mat_col(lp, column, 1, (int[]){0, tokens + k + 1}, (double[]){0, -1});
    glp_set_col_stat(lp, column, f->price[k] < 0 ? GLP_NU : GLP_NL);
  }
}

static alf_glpk_scale build(const alf_glpk_finish *f, glp_prob *lp)
{
  alf_glpk_scale scale = scale_of(f);
  int free_loads = f->free_loads ? f->batch.experts : 0;
  glp_set_obj_dir(lp, GLP_MAX);
  add_rows(f, lp);
  glp_add_cols(lp, (int)f->window.cells + free_loads);
  add_cells(f, lp, scale);
  if (free_loads)
    add_free_loads(f, lp, scale);
  return scale;
}

/* The window's prices replace those that it was built on. */
static alf_status read_prices(alf_glpk_finish *f, glp_prob *lp, alf_glpk_scale scale, alf_error *err)
{
  for (int32_t k = 0; k < f->batch.experts; k++) {
    double move = ldexp(glp_get_row_dual(lp, (int)f->window.tokens + k + 1), scale.exponent);
    if (!(fabs((double)f->price[k] - move) < (double)ALF_PRICE_LIMIT))
      return alf_fail(err, ALF_ERANGE, "price of expert %d leaves the grid of 2^%d", (int)k, -f->batch.grid_bits);
    f->price[k] -= llrint(move);
  }
  return ALF_OK;
}

static alf_status read_primal(alf_glpk_finish *f, glp_prob *lp, alf_error *err)
{
  const alf_window *window = &f->window;
  int32_t topk = f->problem.topk;
  alf_status status = ALF_OK;
  int64_t next = 0;
  for (int64_t i = 0; i < f->batch.tokens && !status; i++) {
    memset(f->dense, 0, (size_t)f->batch.experts * sizeof *f->dense);
    for (int32_t j = 0; j < topk; j++)
      f->dense[window->chosen[i * topk + j]] = f->denominator;
    if (next < window->tokens && window->token[next].token == i) {
      int64_t end = next + 1 < window->tokens ? window->token[next + 1].first : window->cells;
      for (int64_t c = window->token[next].first; c < end; c++)
        f->dense[window->cell[c].expert] = llrint(glp_get_col_prim(lp, (int)c + 1));
      next++;
    }
    status = alf_solution_append(f->solution, topk, i, f->dense, err);
  }
  return status ? status : alf_solution_check_loads(f->solution, f->original, f->dense, err);
}

static alf_status solve_window(void *context, alf_error *err)
{
  alf_glpk_finish *f = context;
  glp_prob *lp = glp_create_prob();
  alf_glpk_scale scale = build(f, lp);
  glp_smcp settings;
  glp_init_smcp(&settings);
  settings.msg_lev = GLP_MSG_OFF;
  settings.meth = GLP_DUAL;
  settings.r_test = GLP_RT_FLIP;
  settings.tol_dj = alf_glpk_tolerance(scale);
  int code = alf_glpk_simplex_run(lp, &settings, f->deadline);
  f->solution->pivots += glp_get_it_cnt(lp);
  f->optimal = code == 0 && glp_get_status(lp) == GLP_OPT;
  if (code == 0 && glp_get_status(lp) == GLP_NOFEAS)
    return ALF_OK;
  alf_status status = alf_glpk_simplex_status(lp, code, err);
  if (!status)
    status = read_primal(f, lp, err);
  return status ? status : read_prices(f, lp, scale, err);
}

/* Windows ever wider until the exchange graph of all cells has no negative cycle, or the window has them all. What
   GLPK's rounding may then have left to do is repaired. */
static alf_status run_windows(alf_glpk_finish *f, alf_error *err)
{
  alf_status status = ALF_OK;
  bool all = false, done = false;
  for (int64_t scale = 1; !status && !done && !all; scale *= 4) {
    status = alf_window_fill(&f->window, f->price, scale, &all, err);
    if (!status && f->window.cells + f->batch.experts > INT_MAX)
      status = alf_fail(err, ALF_ESOLVER, "GLPK: %lld columns are more than it can number", (long long)f->window.cells);
    if (!status)
      status = alf_glpk_guard(solve_window, f, err);
    if (!status && f->optimal)
      status = alf_exchange_try(f->original, f->solution, all ? INT64_MAX : 0, &done, err);
    f->solution->iterations++;
  }
  if (!status && !done)
    status = alf_fail(err, ALF_ESOLVER, "GLPK: found no feasible point of the whole LP, which has one");
  return status;
}

alf_status alf_glpk_finish_run(alf_glpk_finish *f, const double *price, alf_solution *solution, alf_error *err)
{
  f->solution = solution;
  alf_status status = set_prices(f, price, err);
  if (!status)
    status = run_windows(f, err);
  if (status == ALF_ERANGE) { /* prices many times the affinities' range: do without noise, which leaves more room */
    status = alf_perturb(f->original, 0, &f->batch, err);
    if (!status)
      status = set_prices(f, price, err);
    if (!status)
      status = run_windows(f, err);
  }
  return status;
}
