#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/deadline.h"
#include "exact/glpk_finish.h"
#include "exact/quantile.h"

enum {
  LEVEL_FACTOR = 4,       /* between the sizes of two levels */
  TOKENS_PER_EXPERT = 16, /* at least, at the coarsest level */
  ROUNDS_FIRST = 16,      /* of quantile balancing at the coarsest level, */
  ROUNDS = 5,             /* and at the others */
};

struct workspace {
  const alf_problem *problem; /* the perturbed one */
  alf_deadline deadline;
  alf_glpk_finish *finish;
  alf_affinity level; /* a strided sample of its batch */
  int64_t *price;     /* E, grid units of the perturbed batch */
  double *start;      /* E, affinity units */
};

static alf_status can(const alf_problem *problem, alf_error *err)
{
  (void)problem;
  (void)err;
  return ALF_OK;
}

/* Softmax batches, tokens/experts/K: 512/8/2 .001 s, 1024/32/4 .01, 4096/64/6 .04, 16384/64/8 .16, 16384/256/8 .6,
   65536/64/8 .8, 65536/256/8 2.1, 1024/512/8 .2. Most affinities at 0 or 1, or a strong skew: up to 20 times as long,
   rarely 500 (softmax at temperature 0.02, 700/32/1: 2.7 s). */
static double estimate(const alf_problem *problem)
{
  double experts = problem->batch->experts;
  return 5e-4 + 1.4e-7 * (double)problem->batch->tokens * experts + 7e-7 * experts * experts;
}

static void free_workspace(void *workspace)
{
  struct workspace *w = workspace;
  if (!w)
    return;
  alf_glpk_finish_free(w->finish);
  alf_affinity_free(&w->level);
  free(w->price);
  free(w->start);
  free(w);
}

static alf_status setup(void **workspace, const alf_problem *problem, const alf_solve_settings *settings,
                        alf_error *err)
{
  size_t experts = (size_t)problem->batch->experts;
  struct workspace *w = calloc(1, sizeof *w);
  if (!w)
    return alf_fail_memory(err, sizeof *w);
  w->deadline = alf_deadline_after(settings->timeout, settings->stop);
  w->price = calloc(experts, sizeof *w->price);
  w->start = calloc(experts, sizeof *w->start);
  alf_status status = w->price && w->start ? ALF_OK : alf_fail_memory(err, 2 * experts * sizeof *w->price);
  if (!status)
    status = alf_glpk_finish_alloc(&w->finish, problem, w->deadline, err);
  if (status) {
    free_workspace(w);
    return status;
  }
  w->problem = alf_glpk_finish_problem(w->finish);
  *workspace = w;
  return ALF_OK;
}

/* How many tokens apart the coarsest level takes its sample. */
static int64_t coarsest_stride(const alf_affinity *batch)
{
  int64_t stride = 1;
  while (batch->tokens / (stride * LEVEL_FACTOR) >= (int64_t)TOKENS_PER_EXPERT * batch->experts)
    stride *= LEVEL_FACTOR;
  return stride;
}

static alf_status sample(struct workspace *w, int64_t stride, alf_error *err)
{
  const alf_affinity *batch = w->problem->batch;
  alf_affinity_free(&w->level);
  alf_status status = alf_affinity_alloc(&w->level, ALF_DYADIC, batch->tokens / stride, batch->experts, err);
  if (status)
    return status;
  w->level.grid_bits = batch->grid_bits;
  int64_t *row = w->level.storage;
  for (int64_t i = 0; i < w->level.tokens; i++, row += batch->experts)
    memcpy(row, alf_affinity_row(batch, i * stride), (size_t)batch->experts * sizeof *row);
  return ALF_OK;
}

/* Levels: every fourth token of every fourth token … first. The prices of one level are good for the next, up to the
   noise of sampling, and cost a quarter. */
static alf_status find_prices(struct workspace *w, alf_error *err)
{
  const alf_affinity *batch = w->problem->batch;
  int rounds = ROUNDS_FIRST;
  alf_status status = ALF_OK;
  for (int64_t stride = coarsest_stride(batch); stride > 0 && !status; stride /= LEVEL_FACTOR) {
    status = stride > 1 ? sample(w, stride, err) : ALF_OK;
    if (!status)
      status = alf_quantile_prices(w->problem, stride > 1 ? &w->level : batch, rounds, w->deadline, w->price, err);
    rounds = ROUNDS;
  }
  return status;
}

static alf_status solve(void *workspace, alf_solution *solution, alf_error *err)
{
  struct workspace *w = workspace;
  alf_status status = find_prices(w, err);
  for (int32_t k = 0; k < solution->experts; k++)
    w->start[k] = ldexp((double)(w->price[k] - w->price[0]), -w->problem->batch->grid_bits);
  return status ? status : alf_glpk_finish_run(w->finish, w->start, solution, err);
}

const alf_solver alf_solver_glpk_warm = {
    .name = "glpk-warm",
    .summary = "GLPK's dual simplex from the basis of quantile-balanced prices, on a window that widens; any size",
    .can = can,
    .estimate = estimate,
    .setup = setup,
    .solve = solve,
    .free = free_workspace,
};
