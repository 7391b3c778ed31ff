/* Sparsity-constrained optimal transport: the semi-dual φ of firstorder/semidual.h is minimised over the E prices by
   L-BFGS with backtracking. λ starts at a share of the affinities' spread and falls to a quarter whenever loads are
   near their targets, until what it costs, at most λ/2 a slot, is within the tolerance. With λ falls c, the number of
   experts that a token may use, from E by halves to 2K: small λ gives few nonzeros anyway, and then the bound costs
   nothing. Where it binds, φ has kinks, on which L-BFGS gets stuck: then c is doubled again. (The paper's remark that
   smoothness grows with c.) What is shown is the plan; the result is Top-K at the best prices, rounded, so that every
   token ends with K experts. Where the load has a range the target is its mean. One iteration is one evaluation of φ:
   one pass over the batch. */
#include <math.h>
#include <string.h>

#include "firstorder/common.h"
#include "firstorder/lbfgs.h"
#include "firstorder/semidual.h"

enum { ITERATIONS = 1000, PATIENCE = 30 /* evaluations at one λ before c grows */ };

#define FIRST_SHARE 0.3   /* the first λ, of the mean spread of a token's affinities */
#define FALL        0.25  /* of λ */
#define LOADS_MET   0.03  /* Σ|load − L| of K·T from which on λ falls */
#define DESCENT     1e-4  /* Armijo's condition: the share of the slope that a step must gain */
#define STATIONARY  1e-11 /* Σ|load − L| of K·T: the rest of the gradient is rounding */
#define SHORTEST    1e-9  /* step at which a direction is given up */
#define ROUNDING    1e-13 /* of φ */

typedef struct workspace {
  alf_first_order run;
  alf_semidual f;
  alf_lbfgs pairs;
  double *affinity;                     /* T×E, affinity units */
  double *target;                       /* E: slots */
  double *price, *gradient, *direction; /* E */
  double *trial, *trial_gradient;       /* E */
  double *score, *amount;               /* E, scratch */
  int32_t *expert;                      /* E, scratch */
  double *x;                            /* T×E, when looked at */
  double value, slope, length;          /* φ at price, gradient·direction, of the trial */
  double last_lambda;
  int32_t fewest; /* c does not fall below */
  int32_t passes; /* evaluations at this λ and c */
  bool fresh;     /* the trial is the price itself: φ has changed */
} workspace;

/* Measured: 0.15 s at 4096 × 64, K = 6; 0.6 s at 16384 × 64, K = 8, to a tolerance of 1e-4. */
static double estimate(const alf_problem *problem)
{
  return 6e-7 * (double)problem->batch->tokens * problem->batch->experts;
}

static void place_trial(workspace *w)
{
  for (int32_t k = 0; k < w->f.experts; k++)
    w->trial[k] = w->price[k] + w->length * w->direction[k];
}

/* Without a pair the step is what is safe for any φ: no cell's slope is above 1/λ. */
static void aim(workspace *w)
{
  double safe = w->f.lambda / (double)w->f.tokens;
  alf_lbfgs_direction(&w->pairs, w->gradient, safe, w->direction);
  w->slope = 0;
  for (int32_t k = 0; k < w->f.experts; k++)
    w->slope += w->gradient[k] * w->direction[k];
  w->length = 1;
  place_trial(w);
}

/* φ is another one from now on: the price is evaluated again. */
static void refresh(workspace *w)
{
  memcpy(w->trial, w->price, (size_t)w->f.experts * sizeof *w->trial);
  w->fresh = true;
  w->passes = 0;
}

static double load_error(const workspace *w)
{
  double sum = 0;
  for (int32_t k = 0; k < w->f.experts; k++)
    sum += fabs(w->gradient[k]);
  return sum / ((double)w->f.topk * (double)w->f.tokens);
}

static void anneal(workspace *w)
{
  int32_t half = w->f.nonzeros / 2;
  w->f.lambda = fmax(FALL * w->f.lambda, w->last_lambda);
  w->f.nonzeros = half > w->fewest ? half : w->fewest;
  refresh(w);
}

/* Kinks are not met again: c stays that large. */
static void widen(workspace *w)
{
  int32_t twice = 2 * w->f.nonzeros;
  w->f.nonzeros = w->fewest = twice < w->f.experts ? twice : w->f.experts;
  alf_lbfgs_forget(&w->pairs);
  refresh(w);
}

static void swap(double **a, double **b)
{
  double *old = *a;
  *a = *b;
  *b = old;
}

static void accept(workspace *w, double value)
{
  if (!w->fresh)
    alf_lbfgs_learn(&w->pairs, w->price, w->trial, w->gradient, w->trial_gradient);
  swap(&w->price, &w->trial);
  swap(&w->gradient, &w->trial_gradient);
  w->value = value;
  w->fresh = false;
}

/* No direction descends any more: what is left is rounding, or a kink. */
static void give_up(workspace *w, bool *last)
{
  if (w->pairs.held > 0) {
    alf_lbfgs_forget(&w->pairs);
    aim(w);
  } else if (w->f.nonzeros < w->f.experts)
    widen(w);
  else if (w->f.lambda > w->last_lambda)
    anneal(w);
  else
    *last = true;
}

static bool descends(const workspace *w, double value)
{
  return value <= w->value + DESCENT * w->length * w->slope + ROUNDING * fabs(w->value);
}

static alf_status step(void *opaque, int64_t n, alf_deadline deadline, bool *last, alf_error *err)
{
  workspace *w = opaque;
  (void)n;
  (void)deadline;
  (void)err;
  double value = alf_semidual_value(&w->f, w->trial, w->trial_gradient, w->score, w->amount, w->expert);
  w->passes++;
  if (!w->fresh && !descends(w, value)) {
    w->length /= 2;
    place_trial(w);
    if (w->length < SHORTEST)
      give_up(w, last);
    return ALF_OK;
  }
  accept(w, value);
  double off = load_error(w);
  if (off <= LOADS_MET && w->f.lambda > w->last_lambda)
    anneal(w);
  else if (off <= STATIONARY)
    *last = true;
  else if (w->passes > PATIENCE && w->f.nonzeros < w->f.experts)
    widen(w);
  else {
    aim(w);
    if (!(w->slope < 0))
      give_up(w, last);
  }
  return ALF_OK;
}

static void view(void *opaque, alf_first_order_iterate *iterate)
{
  workspace *w = opaque;
  alf_semidual_fill(&w->f, w->price, w->x, w->score, w->amount, w->expert);
  iterate->price = w->price;
  iterate->x = w->x;
}

static alf_status take_memory(workspace *w, alf_error *err)
{
  alf_memory *memory = &w->run.memory;
  size_t experts = (size_t)w->f.experts, cells = (size_t)w->f.tokens * experts;
  alf_lbfgs_open(&w->pairs, w->f.experts, memory);
  w->affinity = alf_memory_take(memory, cells, sizeof *w->affinity);
  w->target = alf_memory_take(memory, experts, sizeof *w->target);
  w->price = alf_memory_take(memory, experts, sizeof *w->price);
  w->gradient = alf_memory_take(memory, experts, sizeof *w->gradient);
  w->direction = alf_memory_take(memory, experts, sizeof *w->direction);
  w->trial = alf_memory_take(memory, experts, sizeof *w->trial);
  w->trial_gradient = alf_memory_take(memory, experts, sizeof *w->trial_gradient);
  w->score = alf_memory_take(memory, experts, sizeof *w->score);
  w->amount = alf_memory_take(memory, experts, sizeof *w->amount);
  w->expert = alf_memory_take(memory, experts, sizeof *w->expert);
  w->x = alf_memory_take(memory, cells, sizeof *w->x);
  return alf_memory_check(memory, err);
}

static void start(workspace *w)
{
  const alf_problem *problem = w->run.problem;
  alf_first_order_affinities(problem->batch, w->affinity);
  w->f.affinity = w->affinity;
  w->f.target = w->target;
  alf_first_order_extent extent = alf_first_order_measure(problem->batch);
  double unit = ldexp(1, -problem->batch->grid_bits), tokens = (double)w->f.tokens;
  double first = FIRST_SHARE * (extent.spread > 0 ? unit * extent.spread / tokens : 1);
  for (int32_t k = 0; k < w->f.experts; k++)
    w->target[k] = alf_first_order_target(problem, k);
  w->last_lambda = fmin(fmax(w->run.settings.tolerance * (unit * extent.magnitude / tokens) / 2, unit), first);
  w->fewest = 2 * w->f.topk < w->f.experts ? 2 * w->f.topk : w->f.experts;
  w->f.lambda = first;
  w->f.nonzeros = w->f.experts;
  refresh(w);
}

static alf_status prepare(void *opaque, alf_error *err)
{
  workspace *w = opaque;
  const alf_problem *problem = w->run.problem;
  w->f = (alf_semidual){problem->batch->tokens, problem->batch->experts, problem->topk};
  alf_status status = take_memory(w, err);
  if (!status)
    start(w);
  return status;
}

static alf_status setup(void **opaque, const alf_problem *problem, const alf_solve_settings *settings, alf_error *err)
{
  static const alf_first_order_method method = {"sparse-ot", ITERATIONS, sizeof(struct workspace), prepare, step, view};
  return alf_first_order_setup(opaque, &method, problem, settings, err);
}

const alf_solver alf_solver_sparse_ot = {
    .name = "sparse-ot",
    .summary = "sparsity-constrained optimal transport by its semi-dual and L-BFGS, annealed, rounded; approximate",
    .approximate = true,
    .can = alf_first_order_can,
    .estimate = estimate,
    .setup = setup,
    .solve = alf_first_order_solve,
    .free = alf_first_order_free,
};
