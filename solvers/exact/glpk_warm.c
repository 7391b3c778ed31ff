#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/iterate.h"
#include "core/deadline.h"
#include "exact/glpk_finish.h"

enum {
  UPDATES_PER_STEP_SIZE = 6,
  STEP_SIZES = 62,
  LEVEL_FACTOR = 4,       /* between the sizes of two levels */
  TOKENS_PER_EXPERT = 16, /* at least, at the coarsest level */
};

struct workspace {
  const alf_problem *problem; /* the perturbed one */
  double deadline;
  alf_glpk_finish *finish;
  alf_affinity level; /* a strided sample of its batch */
  double *price;      /* E, affinity units */
  double range;       /* the largest spread of a token's affinities, affinity units */
  int first;          /* step size of the next level: range · 2^-first */
};

/* Sign steps of one size leave loads off by what that size lets them be; halving it every few updates settles every
   scale of prices in turn. 1/sqrt(n) takes a hundred times as many updates to get as far. */
static double halving_factor(int64_t n)
{
  return ldexp(1, -(int)((n - 1) / UPDATES_PER_STEP_SIZE));
}

static const alf_schedule halving = {"halving", "u 2^-floor((n-1)/6)", false, halving_factor};

static alf_status can(const alf_problem *problem, alf_error *err)
{
  (void)problem;
  (void)err;
  return ALF_OK;
}

/* Softmax batches, tokens/experts/K: 512/8/2 .001 s, 1024/32/4 .02, 4096/64/6 .06, 16384/64/8 .17, 16384/256/8 .64,
   65536/64/8 .56, 65536/256/8 1.7, 1024/512/8 .25. Many exact ties or rows that repeat take 3 to 40 times as long. */
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
  free(w);
}

static double widest_row(const alf_affinity *batch)
{
  int64_t widest = 0;
  for (int64_t i = 0; i < batch->tokens; i++) {
    const int64_t *row = alf_affinity_row(batch, i);
    int64_t most = row[0], least = row[0];
    for (int32_t k = 1; k < batch->experts; k++) {
      most = row[k] > most ? row[k] : most;
      least = row[k] < least ? row[k] : least;
    }
    widest = most - least > widest ? most - least : widest;
  }
  return ldexp((double)widest, -batch->grid_bits);
}

/* How many tokens apart the coarsest level takes its sample. */
static int64_t coarsest_stride(const alf_affinity *batch)
{
  int64_t stride = 1;
  while (batch->tokens / (stride * LEVEL_FACTOR) >= (int64_t)TOKENS_PER_EXPERT * batch->experts)
    stride *= LEVEL_FACTOR;
  return stride;
}

static alf_status setup(void **workspace, const alf_problem *problem, const alf_solve_settings *settings,
                        alf_error *err)
{
  size_t experts = (size_t)problem->batch->experts;
  struct workspace *w = calloc(1, sizeof *w);
  if (!w)
    return alf_fail_memory(err, sizeof *w);
  w->deadline = alf_deadline_after(settings->timeout);
  w->price = calloc(experts, sizeof *w->price);
  alf_status status = w->price ? ALF_OK : alf_fail_memory(err, experts * sizeof *w->price);
  if (!status)
    status = alf_glpk_finish_alloc(&w->finish, problem, w->deadline, err);
  if (status) {
    free_workspace(w);
    return status;
  }
  w->problem = alf_glpk_finish_problem(w->finish);
  w->range = widest_row(w->problem->batch);
  *workspace = w;
  return ALF_OK;
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

/* Σ_k |load − L|, in slots. */
static double imbalance(const alf_step *step, int32_t experts)
{
  double target = (double)step->topk * (double)step->batch_after->tokens / experts, sum = 0;
  for (int32_t k = 0; k < experts; k++)
    sum += fabs((double)step->load_after[k] - target);
  return sum;
}

/* Sign steps of halving size until loads are within about a slot. The next level will be off by the sampling noise of
   this one: it goes on from the step size at which this one was as far off. */
static alf_status run_level(struct workspace *w, alf_iterate *it, const alf_affinity *batch, alf_error *err)
{
  int32_t experts = batch->experts;
  double slots = (double)w->problem->topk * (double)batch->tokens;
  double noise = sqrt(slots * experts), off = INFINITY;
  alf_status status = alf_iterate_start(it, batch, err);
  int first = w->first;
  for (int n = 0; n < UPDATES_PER_STEP_SIZE * (STEP_SIZES - first) && off > experts && !status; n++) {
    const alf_step *step;
    status = alf_iterate_step(it, batch, &step, err);
    if (!status && alf_deadline_left_ms(w->deadline) == 0)
      status = alf_fail(err, ALF_ETIMEOUT, "glpk-warm: time limit reached after %lld updates", (long long)step->n);
    off = status ? off : imbalance(step, experts);
    if (off > noise)
      w->first = first + n / UPDATES_PER_STEP_SIZE;
  }
  memcpy(w->price, alf_iterate_current(it)->shift_after.real, (size_t)experts * sizeof *w->price);
  return status;
}

static alf_status warm_up(struct workspace *w, const alf_affinity *batch, alf_error *err)
{
  alf_iterate *it = NULL;
  alf_iterate_settings settings = {.rule = alf_rule_find("sign"),
                                   .schedule = &halving,
                                   .u = ldexp(w->range, -w->first),
                                   .topk = w->problem->topk,
                                   .shift = w->price};
  alf_status status = alf_iterate_alloc(&it, batch, &settings, err);
  if (!status)
    status = run_level(w, it, batch, err);
  alf_iterate_free(it);
  return status;
}

static alf_status solve(void *workspace, alf_solution *solution, alf_error *err)
{
  struct workspace *w = workspace;
  alf_status status = ALF_OK;
  for (int64_t stride = coarsest_stride(w->problem->batch); stride > 1 && !status; stride /= LEVEL_FACTOR) {
    status = sample(w, stride, err);
    if (!status)
      status = warm_up(w, &w->level, err);
  }
  if (!status)
    status = warm_up(w, w->problem->batch, err);
  return status ? status : alf_glpk_finish_run(w->finish, w->price, solution, err);
}

const alf_solver alf_solver_glpk_warm = {
    .name = "glpk-warm",
    .summary = "GLPK's dual simplex from the basis of annealed sign steps, on a window that widens; any size",
    .can = can,
    .estimate = estimate,
    .setup = setup,
    .solve = solve,
    .free = free_workspace,
};
