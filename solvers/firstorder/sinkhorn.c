/* Entropic regularisation with x <= 1: max Σ γ_ik x_ik − ε Σ x_ik (ln x_ik − 1) over the constraints of the problem. Its
   optimum is x_ik = min(1, exp((γ_ik + p_k − θ_i)/ε)), so alternating projections (Sinkhorn; Bregman projections on rows
   and on columns, each with the bound) are scalings: θ_i such that row i adds up to K, then p_k such that column k adds
   up to L_k, each the root of a concave, piecewise linear function of one factor. ε is halved whenever the rows are met
   well enough. Of experts with L_k = 0 or T the price stays beyond all affinities. Where the load has a range L_k is its
   mean. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/hot.h"
#include "firstorder/common.h"

enum { ITERATIONS = 1000, NEWTON = 12 };

#define FIRST_SHARE   0.1    /* the first ε, of the affinities' range */
#define ROWS_MET      0.01   /* Σ|row − K| of T·min(K, E − K) from which on ε may fall */
#define LOADS_MET     1e-6   /* largest relative error of a load at which its factor is good enough */
#define LARGEST_POWER 300.0  /* exp of it is far above 1 and below the largest double over any T */
#define LEAST_POWER   -700.0 /* exp of it is still a normal number */

typedef struct workspace {
  alf_first_order run;
  double *x;                    /* T×E */
  double *price;                /* E */
  double *target;               /* E: L_k; negative for experts that are left alone */
  double *factor;               /* E: of the columns */
  double *open, *capped;        /* E: Σ x of the cells below 1, and the number of those at 1, at the factors */
  double *largest;              /* K */
  double epsilon, last_epsilon; /* affinity units */
} workspace;

/* Measured: 2.6 s at 4096 × 64, K = 6; 7.6 s at 16384 × 64, K = 8, to a tolerance of 1e-4. */
static double estimate(const alf_problem *problem)
{
  return 1e-5 * (double)problem->batch->tokens * problem->batch->experts;
}

/* x becomes exp(x) for LEAST_POWER <= x <= LARGEST_POWER, to about 1e-13; by plain operations, so that it has the same
   bits everywhere, which the C library's need not. */
ALF_HOT static void exponentiate(double *x, int32_t count)
{
  static const double series[] = {
      1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
      1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1,           1}; /* 1/n!, n = 12..0 */
  static const double shift = 0x1.8p52; /* adding it rounds to an integer, in the lowest bits */
  for (int32_t k = 0; k < count; k++) {
    double power = x[k] < LEAST_POWER ? LEAST_POWER : x[k] > LARGEST_POWER ? LARGEST_POWER : x[k];
    double shifted = power * 0x1.71547652b82fep0 + shift, whole = shifted - shift;
    double r = (power - whole * 0x1.62e42fefap-1) - whole * 0x1.cf79abc9e3b39p-40; /* ln 2 in two parts */
    double sum = series[0];
    for (size_t n = 1; n < sizeof series / sizeof *series; n++)
      sum = sum * r + series[n];
    int64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (int64_t)((uint64_t)(bits + 1023) << 52);
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    x[k] = sum * scale;
  }
}

/* The K-th largest of E values. */
static double kth_largest(const double *value, int32_t experts, int32_t topk, double *largest)
{
  int32_t held = 0;
  for (int32_t k = 0; k < experts; k++) {
    if (held == topk && value[k] <= largest[topk - 1])
      continue;
    int32_t at = held < topk ? held++ : topk - 1;
    for (; at > 0 && largest[at - 1] < value[k]; at--)
      largest[at] = largest[at - 1];
    largest[at] = value[k];
  }
  return largest[topk - 1];
}

/* The factor with Σ min(1, factor·x_k) = K, by Newton from below. The K-th largest x is 1, so that it is at least
   1/(E − K + 1). */
static double row_factor(const double *x, int32_t experts, int32_t topk)
{
  double factor = 1.0 / (experts - topk + 1);
  for (int n = 0; n < NEWTON; n++) {
    double open = 0, capped = 0;
    for (int32_t k = 0; k < experts; k++) {
      bool full = factor * x[k] >= 1;
      capped += full ? 1 : 0;
      open += full ? 0 : x[k];
    }
    double next = capped < topk ? (topk - capped) / open : factor;
    if (!(next > factor))
      break;
    factor = next;
  }
  return factor;
}

/* x = factor_i · exp((γ + p − s_i)/ε), where s_i is the K-th largest score: cells above 1 are yet to be cut. */
static void scale_rows(workspace *w)
{
  const alf_affinity *batch = w->run.problem->batch;
  int32_t experts = batch->experts, topk = w->run.problem->topk;
  double unit = ldexp(1, -batch->grid_bits);
  for (int64_t i = 0; i < batch->tokens; i++) {
    const int64_t *affinity = alf_affinity_row(batch, i);
    double *x = w->x + i * experts;
    for (int32_t k = 0; k < experts; k++)
      x[k] = (double)affinity[k] * unit + w->price[k];
    double threshold = kth_largest(x, experts, topk, w->largest);
    for (int32_t k = 0; k < experts; k++)
      x[k] = (x[k] - threshold) / w->epsilon;
    exponentiate(x, experts);
    double factor = row_factor(x, experts, topk);
    for (int32_t k = 0; k < experts; k++)
      x[k] *= factor;
  }
}

/* One pass over the batch for all columns at once. */
ALF_HOT static void weigh_columns(const double *x, int64_t tokens, int32_t experts, const double *factor, double *open,
                                  double *capped)
{
  memset(open, 0, (size_t)experts * sizeof *open);
  memset(capped, 0, (size_t)experts * sizeof *capped);
  for (int64_t i = 0; i < tokens; i++, x += experts)
    for (int32_t k = 0; k < experts; k++) {
      double full = factor[k] * x[k] >= 1 ? 1 : 0;
      capped[k] += full;
      open[k] += full != 0 ? 0 : x[k];
    }
}

/* One Newton step of every column's factor; the largest relative error of a load before it. A step from above can end
   below 0: then a quarter is tried. */
static double improve_factors(workspace *w)
{
  double worst = 0;
  for (int32_t k = 0; k < w->run.problem->batch->experts; k++) {
    double load = w->capped[k] + w->factor[k] * w->open[k];
    if (w->target[k] < 0)
      continue;
    worst = fmax(worst, fabs(load - w->target[k]) / w->target[k]);
    if (w->capped[k] < w->target[k] && w->open[k] > 0)
      w->factor[k] = (w->target[k] - w->capped[k]) / w->open[k];
    else if (load > w->target[k])
      w->factor[k] /= 4;
  }
  return worst;
}

static void scale_columns(workspace *w)
{
  const alf_affinity *batch = w->run.problem->batch;
  double worst = (double)INFINITY;
  for (int32_t k = 0; k < batch->experts; k++)
    w->factor[k] = 1;
  for (int n = 0; n < NEWTON && worst > LOADS_MET; n++) {
    weigh_columns(w->x, batch->tokens, batch->experts, w->factor, w->open, w->capped);
    worst = improve_factors(w);
  }
  for (int32_t k = 0; k < batch->experts; k++)
    w->price[k] += w->epsilon * log(w->factor[k]);
}

/* Applies factors and bound; returns Σ_i |Σ_k x_ik − K|. */
static double cut(workspace *w)
{
  int32_t experts = w->run.problem->batch->experts;
  double off = 0, *x = w->x;
  for (int64_t i = 0; i < w->run.problem->batch->tokens; i++, x += experts) {
    double sum = 0;
    for (int32_t k = 0; k < experts; k++) {
      double scaled = x[k] * w->factor[k];
      x[k] = scaled < 1 ? scaled : 1;
      sum += x[k];
    }
    off += fabs(sum - w->run.problem->topk);
  }
  return off;
}

static alf_status step(void *opaque, int64_t n, alf_deadline deadline, bool *last, alf_error *err)
{
  workspace *w = opaque;
  (void)n;
  (void)deadline;
  (void)last;
  (void)err;
  scale_rows(w);
  scale_columns(w);
  int32_t topk = w->run.problem->topk, others = w->run.problem->batch->experts - topk;
  double movable = (double)(topk < others ? topk : others) * (double)w->run.problem->batch->tokens;
  if (cut(w) <= ROWS_MET * movable && w->epsilon > w->last_epsilon)
    w->epsilon = fmax(w->epsilon / 2, w->last_epsilon);
  return ALF_OK;
}

static void view(void *opaque, alf_first_order_iterate *iterate)
{
  workspace *w = opaque;
  iterate->price = w->price;
  iterate->x = w->x;
}

/* The last ε keeps what the entropy costs, about ε a slot, within the tolerance. */
static void start(workspace *w)
{
  const alf_affinity *batch = w->run.problem->batch;
  alf_first_order_extent extent = alf_first_order_measure(batch);
  double unit = ldexp(1, -batch->grid_bits), range = unit * fmax(extent.range, 1);
  double slots = (double)w->run.problem->topk * (double)batch->tokens;
  w->last_epsilon = fmax(w->run.settings.tolerance * (extent.best * unit) / (2 * slots), unit);
  w->epsilon = fmax(FIRST_SHARE * range, w->last_epsilon);
  for (int32_t k = 0; k < batch->experts; k++) {
    double target = alf_first_order_target(w->run.problem, k);
    bool fixed = target <= 0 || target >= (double)batch->tokens;
    w->target[k] = fixed ? -1 : target;
    w->price[k] = !fixed ? 0 : (target > 0 ? 2 : -2) * range * batch->experts;
  }
}

static alf_status take_memory(workspace *w, alf_error *err)
{
  alf_memory *memory = &w->run.memory;
  const alf_affinity *batch = w->run.problem->batch;
  size_t experts = (size_t)batch->experts, cells = (size_t)batch->tokens * experts;
  w->x = alf_memory_take(memory, cells, sizeof *w->x);
  w->price = alf_memory_take(memory, experts, sizeof *w->price);
  w->target = alf_memory_take(memory, experts, sizeof *w->target);
  w->factor = alf_memory_take(memory, experts, sizeof *w->factor);
  w->open = alf_memory_take(memory, experts, sizeof *w->open);
  w->capped = alf_memory_take(memory, experts, sizeof *w->capped);
  w->largest = alf_memory_take(memory, (size_t)w->run.problem->topk, sizeof *w->largest);
  return alf_memory_check(memory, err);
}

static alf_status prepare(void *opaque, alf_error *err)
{
  workspace *w = opaque;
  alf_status status = take_memory(w, err);
  if (!status)
    start(w);
  return status;
}

static alf_status setup(void **opaque, const alf_problem *problem, const alf_solve_settings *settings, alf_error *err)
{
  static const alf_first_order_method method = {"sinkhorn", ITERATIONS, sizeof(struct workspace), prepare, step, view};
  return alf_first_order_setup(opaque, &method, problem, settings, err);
}

const alf_solver alf_solver_sinkhorn = {
    .name = "sinkhorn",
    .summary = "entropic regularisation with x <= 1 by alternating scalings, annealed, rounded; approximate",
    .approximate = true,
    .can = alf_first_order_can,
    .estimate = estimate,
    .setup = setup,
    .solve = alf_first_order_solve,
    .free = alf_first_order_free,
};
