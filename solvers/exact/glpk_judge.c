#include <limits.h>
#include <math.h>

#include "alf/certificate.h"
#include "alf/judge.h"
#include "exact/glpk_common.h"
#include "exact/judge_columns.h"

enum {
  PIECE = 500,            /* pivots between two looks at the deadline */
  PIVOTS_TO_REFUTE = 1000 /* after so many GLPK need not go on: the basis was not optimal, and that is the verdict */
};

static const int64_t default_columns = INT64_C(1) << 20;
static const int64_t row_limit = INT64_C(1) << 21;
static const int64_t exact_limit = INT64_C(1) << 12;

struct judge {
  const alf_problem *problem;
  alf_deadline deadline;
  bool exact; /* by glp_exact */
  alf_judge_basis basis;
  alf_judge_columns columns;
  alf_glpk_scale scale;
  bool feasible, optimal; /* GLPK's vertex */
  int64_t pivots;
};

alf_status alf_judge_can(const alf_problem *problem, alf_error *err)
{
  int64_t rows = problem->batch->tokens + problem->batch->experts;
  if (rows <= row_limit)
    return ALF_OK;
  return alf_fail(err, ALF_EUNSUPPORTED, "glpk-judge: %lld tokens + %d experts: expected at most %lld rows",
                  (long long)problem->batch->tokens, (int)problem->batch->experts, (long long)row_limit);
}

static void set_expert_row(const struct judge *j, glp_prob *lp, int32_t k)
{
  int64_t constant = j->columns.constant[k];
  alf_load_range load = alf_problem_load_range(j->problem, k);
  int row = (int)j->problem->batch->tokens + k + 1;
  glp_set_row_bnds(lp, row, load.lower < load.upper ? GLP_DB : GLP_FX, (double)(load.lower - constant),
                   (double)(load.upper - constant));
}

/* Rows are fixed less what the constants take. */
static void add_rows(const struct judge *j, glp_prob *lp)
{
  const alf_judge_basis *basis = &j->basis;
  int tokens = (int)basis->solution->tokens, experts = basis->solution->experts;
  int64_t slots = j->problem->topk * basis->solution->denominator;
  glp_add_rows(lp, tokens + experts);
  for (int k = 0; k < experts; k++)
    j->columns.constant[k] = 0;
  for (int i = 0; i < tokens; i++) {
    double left = (double)(slots - alf_judge_constants(&j->columns, i));
    glp_set_row_bnds(lp, i + 1, GLP_FX, left, left);
    for (int k = 0; k < experts; k++)
      j->columns.constant[k] += basis->dense[k];
  }
  for (int k = 0; k < experts; k++)
    set_expert_row(j, lp, k);
  for (int row = 0; row < tokens + experts; row++)
    glp_set_row_stat(lp, row + 1, j->columns.row_state[row]);
}

static int64_t row_maximum(const int64_t *row, int32_t experts)
{
  int64_t most = row[0];
  for (int32_t k = 1; k < experts; k++)
    most = row[k] > most ? row[k] : most;
  return most;
}

/* Costs are γ less the token's largest, scaled: exact in a double. */
static void build(const struct judge *j, glp_prob *lp)
{
  const alf_judge_columns *c = &j->columns;
  int tokens = (int)j->problem->batch->tokens, experts = j->problem->batch->experts;
  glp_set_obj_dir(lp, GLP_MAX);
  add_rows(j, lp);
  glp_add_cols(lp, (int)c->count);
  for (int i = 0; i < tokens; i++) {
    const int64_t *affinity = alf_affinity_row(j->problem->batch, i);
    int64_t most = row_maximum(affinity, experts);
    for (int column = (int)c->first[i]; column < c->first[i + 1]; column++) {
      int k = c->expert[column];
      glp_set_col_bnds(lp, column + 1, GLP_DB, 0, (double)j->basis.solution->denominator);
      glp_set_obj_coef(lp, column + 1, alf_glpk_cost(j->scale, affinity[k] - most));
      glp_set_mat_col(lp, column + 1, 2, (int[]){0, i + 1, tokens + k + 1}, (double[]){0, 1, 1});
      glp_set_col_stat(lp, column + 1, c->state[column]);
    }
  }
}

/* glp_simplex or glp_exact, in pieces. */
static int run_piece(const struct judge *j, glp_prob *lp)
{
  glp_smcp settings;
  glp_init_smcp(&settings);
  settings.msg_lev = GLP_MSG_OFF;
  settings.meth = GLP_PRIMAL;
  settings.tol_dj = alf_glpk_tolerance(j->scale);
  settings.it_lim = PIECE;
  settings.tm_lim = alf_deadline_left_ms(j->deadline);
  if (settings.tm_lim == 0)
    return GLP_ETMLIM;
  return j->exact ? glp_exact(lp, &settings) : glp_simplex(lp, &settings);
}

/* A dual value, put on the grid; it lies on it, for GLPK only adds and subtracts costs along the tree. */
static alf_status to_grid(const struct judge *j, double dual, int64_t *units, alf_error *err)
{
  double real = ldexp(dual, j->scale.exponent);
  if (!(fabs(real) < 0x1p53) || fabs(real - rint(real)) > 0.25)
    return alf_fail(err, ALF_ESOLVER, "judge: GLPK's dual value %.17g is %.17g grid units, expected a whole number",
                    dual, real);
  *units = llrint(real);
  return ALF_OK;
}

static alf_status read_prices(struct judge *j, glp_prob *lp, alf_error *err)
{
  alf_judge_columns *c = &j->columns;
  int tokens = (int)j->problem->batch->tokens, experts = j->problem->batch->experts;
  alf_status status = ALF_OK;
  int64_t units = 0;
  for (int i = 0; i < tokens && !status; i++) {
    status = to_grid(j, glp_get_row_dual(lp, i + 1), &units, err);
    c->threshold[i] = row_maximum(alf_affinity_row(j->problem->batch, i), experts) + units;
  }
  for (int k = 0; k < experts && !status; k++) {
    status = to_grid(j, glp_get_row_dual(lp, tokens + k + 1), &units, err);
    c->price[k] = -units;
  }
  return status;
}

static alf_status read_vertex(struct judge *j, glp_prob *lp, alf_error *err)
{
  alf_judge_columns *c = &j->columns;
  int rows = glp_get_num_rows(lp);
  for (int row = 0; row < rows; row++)
    c->row_state[row] = (char)glp_get_row_stat(lp, row + 1);
  for (int64_t column = 0; column < c->count; column++) {
    double amount = glp_get_col_prim(lp, (int)column + 1);
    if (j->feasible && fabs(amount - rint(amount)) > 1e-6)
      return alf_fail(err, ALF_ESOLVER, "judge: GLPK's amount %.17g of a cell is not a whole number", amount);
    c->amount[column] = (int32_t)llrint(amount);
    c->state[column] = (char)glp_get_col_stat(lp, (int)column + 1);
  }
  return read_prices(j, lp, err);
}

/* One LP: built, solved from its basis, read. */
static alf_status solve_columns(void *context, alf_error *err)
{
  struct judge *j = context;
  glp_prob *lp = glp_create_prob();
  build(j, lp);
  int code = GLP_EITLIM;
  while (code == GLP_EITLIM && j->pivots + glp_get_it_cnt(lp) < PIVOTS_TO_REFUTE)
    code = run_piece(j, lp);
  j->pivots += glp_get_it_cnt(lp);
  if (code == GLP_ETMLIM)
    return alf_fail(err, ALF_ETIMEOUT, "judge: time limit reached after %lld pivots", (long long)j->pivots);
  if (code != 0 && code != GLP_EITLIM)
    return alf_fail(err, ALF_ESOLVER, "judge: GLPK returned code %d after %lld pivots", code, (long long)j->pivots);
  int status = glp_get_status(lp);
  j->optimal = code == 0 && status == GLP_OPT;
  j->feasible = status == GLP_OPT || status == GLP_FEAS;
  return read_vertex(j, lp, err);
}

/* Until GLPK is content and no cell that it was not shown would change its mind. */
static alf_status run_rounds(struct judge *j, alf_judgement *out, alf_error *err)
{
  alf_status status = ALF_OK;
  do {
    if (out->rounds > 0)
      status = alf_judge_columns_add(&j->columns, err);
    if (!status && j->columns.count > INT_MAX)
      status =
          alf_fail(err, ALF_ESOLVER, "judge: %lld columns are more than GLPK can number", (long long)j->columns.count);
    if (!status)
      status = alf_glpk_guard(solve_columns, j, err);
    if (!status)
      status = alf_judge_price(&j->columns, j->deadline, err);
    out->rounds++;
  } while (!status && j->optimal && j->columns.left_out > 0 && j->pivots < PIVOTS_TO_REFUTE);
  return status;
}

static void conclude(const struct judge *j, const alf_certificate *certificate, alf_judgement *out)
{
  const alf_affinity *batch = j->problem->batch;
  double denominator = (double)alf_problem_denominator(j->problem);
  alf_int128 gain = j->columns.value - certificate->primal;
  out->optimal = j->optimal && j->columns.mispriced == 0;
  out->pivots = j->pivots;
  out->columns = j->columns.count;
  out->mispriced = j->columns.mispriced;
  if (j->feasible) {
    out->objective = alf_int128_to_double(j->columns.value, batch->grid_bits, denominator);
    out->gain = alf_int128_to_double(gain, batch->grid_bits, denominator);
  }
  out->confirmed = out->optimal && out->pivots == 0 && gain == 0 && certificate->slackness_violations == 0;
}

static alf_status judge_feasible(struct judge *j, const alf_solution *solution, int64_t limit, alf_judgement *out,
                                 alf_error *err)
{
  /* glp_exact rounds to simple fractions what is not integral: its costs are grid units. */
  j->scale = j->exact ? (alf_glpk_scale){0} : alf_glpk_scale_of_problem(j->problem);
  alf_status status = alf_judge_basis_find(&j->basis, j->problem, solution, j->deadline, err);
  if (!status)
    status = alf_judge_columns_choose(&j->columns, &j->basis, limit, j->deadline, err);
  return status ? status : run_rounds(j, out, err);
}

static alf_status judge(const alf_problem *problem, const alf_solution *solution, const alf_judge_settings *settings,
                        bool exact, alf_judgement *out, alf_error *err)
{
  alf_judge_settings defaults = {0};
  double start = alf_now();
  alf_certificate certificate;
  *out = (alf_judgement){.objective = (double)NAN, .gain = (double)NAN};
  settings = settings ? settings : &defaults;
  struct judge j = {.problem = problem, .exact = exact};
  j.deadline = alf_deadline_after(settings->timeout, settings->stop);
  int64_t limit = exact ? exact_limit : settings->columns > 0 ? settings->columns : default_columns;
  alf_status status = alf_certify(problem, solution, &certificate, err);
  if (!status)
    out->feasible = !certificate.row_violations && !certificate.entry_violations && !certificate.load_violations;
  if (!status && out->feasible)
    status = judge_feasible(&j, solution, limit, out, err);
  if (!status && out->feasible)
    conclude(&j, &certificate, out);
  if (status == ALF_ETIMEOUT && settings->stop && settings->stop())
    status = alf_fail(err, ALF_EINTERRUPTED, "judge: interrupted");
  alf_judge_columns_free(&j.columns);
  alf_judge_basis_free(&j.basis);
  out->seconds = alf_now() - start;
  return status;
}

alf_status alf_judge(const alf_problem *problem, const alf_solution *solution, const alf_judge_settings *settings,
                     alf_judgement *judgement, alf_error *err)
{
  alf_status status = alf_problem_check(problem, err);
  if (!status)
    status = alf_judge_can(problem, err);
  return status ? status : judge(problem, solution, settings, false, judgement, err);
}

alf_status alf_judge_exact(const alf_problem *problem, const alf_solution *solution, const alf_judge_settings *settings,
                           alf_judgement *judgement, alf_error *err)
{
  alf_status status = alf_problem_check(problem, err);
  if (status)
    return status;
  int64_t cells = problem->batch->tokens * problem->batch->experts;
  if (cells > exact_limit)
    return alf_fail(err, ALF_EUNSUPPORTED,
                    "judge in rational arithmetic: %lld tokens x %d experts: expected at most %lld",
                    (long long)problem->batch->tokens, (int)problem->batch->experts, (long long)exact_limit);
  return judge(problem, solution, settings, true, judgement, err);
}
