#include <math.h>
#include <stdlib.h>
#include <time.h>

#include <Clp_C_Interface.h>

#include "referees/solvers.h"

/* The LP in CLP's layout, in slots: rows 0..T-1 are the tokens, rows T..T+E-1 the experts, column i·E + k is x_ik. */
typedef struct model {
  CoinBigIndex *start;   /* columns + 1 */
  int *index;            /* 2 a column */
  double *one;           /* 2 a column, all 1: the matrix, and the upper bounds of the columns */
  double *cost;          /* columns */
  double *lower, *upper; /* rows */
} model;

static void free_model(model *m)
{
  free(m->start);
  free(m->index);
  free(m->one);
  free(m->cost);
  free(m->lower);
  free(m->upper);
}

static alf_status alloc_model(model *m, size_t columns, size_t rows, alf_error *err)
{
  *m = (model){.start = malloc((columns + 1) * sizeof *m->start),
               .index = malloc(2 * columns * sizeof *m->index),
               .one = malloc(2 * columns * sizeof *m->one),
               .cost = malloc(columns * sizeof *m->cost),
               .lower = malloc(rows * sizeof *m->lower),
               .upper = malloc(rows * sizeof *m->upper)};
  if (m->start && m->index && m->one && m->cost && m->lower && m->upper)
    return ALF_OK;
  free_model(m);
  return alf_fail_memory(err, columns * (sizeof *m->start + 2 * sizeof *m->index + 3 * sizeof *m->one));
}

static void fill_rows(model *m, const alf_problem *problem)
{
  double denominator = (double)alf_problem_denominator(problem);
  int64_t tokens = problem->batch->tokens;
  for (int64_t i = 0; i < tokens; i++)
    m->lower[i] = m->upper[i] = problem->topk;
  for (int32_t k = 0; k < problem->batch->experts; k++) {
    alf_load_range load = alf_problem_load_range(problem, k);
    m->lower[tokens + k] = (double)load.lower / denominator;
    m->upper[tokens + k] = (double)load.upper / denominator;
  }
}

static void fill_columns(model *m, const alf_problem *problem)
{
  int32_t experts = problem->batch->experts;
  size_t column = 0;
  for (int64_t i = 0; i < problem->batch->tokens; i++)
    for (int32_t k = 0; k < experts; k++, column++) {
      m->start[column] = (CoinBigIndex)(2 * column);
      m->index[2 * column] = (int)i;
      m->index[2 * column + 1] = (int)(problem->batch->tokens + k);
      m->one[2 * column] = m->one[2 * column + 1] = 1;
      m->cost[column] = alf_affinity_get(problem->batch, i, k);
    }
  m->start[column] = (CoinBigIndex)(2 * column);
}

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static alf_status run(const model *m, int columns, int rows, alf_referee_result *result, alf_error *err)
{
  Clp_Simplex *clp = Clp_newModel();
  if (!clp)
    return alf_fail_memory(err, 0);
  Clp_setLogLevel(clp, 0);
  Clp_setOptimizationDirection(clp, -1);
  Clp_setPrimalTolerance(clp, 1e-9);
  Clp_setDualTolerance(clp, 1e-9);
  Clp_loadProblem(clp, columns, rows, m->start, m->index, m->one, NULL, m->one, m->cost, m->lower, m->upper);
  double start = now();
  Clp_dual(clp, 0);
  result->seconds = now() - start;
  result->objective = Clp_objectiveValue(clp);
  int code = Clp_status(clp);
  Clp_deleteModel(clp);
  return code == 0 ? ALF_OK : alf_fail(err, ALF_ESOLVER, "CLP: status %d, expected an optimum (0)", code);
}

alf_status alf_referee_clp_solve(const alf_problem *problem, int64_t *price, alf_referee_result *result, alf_error *err)
{
  (void)price;
  int64_t tokens = problem->batch->tokens, columns = tokens * problem->batch->experts;
  if (columns > INT32_MAX / 2)
    return alf_fail(err, ALF_EUNSUPPORTED, "CLP: %lld tokens x %d experts: expected at most %d cells",
                    (long long)tokens, problem->batch->experts, INT32_MAX / 2);
  size_t rows = (size_t)tokens + (size_t)problem->batch->experts;
  model m;
  alf_status status = alloc_model(&m, (size_t)columns, rows, err);
  if (status)
    return status;
  fill_rows(&m, problem);
  fill_columns(&m, problem);
  status = run(&m, (int)columns, (int)rows, result, err);
  free_model(&m);
  return status;
}
