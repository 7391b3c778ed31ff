/* Quantile balancing alone: θ_i midway between the K-th and the (K+1)-th score of token i; p_k midway between the L_k-th
   and the (L_k + 1)-th smallest θ_i − γ_ik, where expert k would get its load if thresholds stayed; repeated. It is not
   a descent method: it comes close in a few rounds and then circles. (shared/algorithms.md) */
#include <stdbool.h>
#include <string.h>

#include "alf/routing.h"
#include "core/select.h"
#include "exact/threshold.h"
#include "firstorder/common.h"

enum { ITERATIONS = 100, COLUMNS = 8 }; /* experts gathered in one pass: a cache line of a row */

static const int64_t price_limit = INT64_C(1) << 58; /* grid units: sums of two scores fit */

typedef struct workspace {
  alf_first_order run;
  int64_t *threshold; /* T, grid units */
  int64_t *column;    /* COLUMNS × T: the price from which on each token chooses the expert */
  int64_t *score;     /* E */
  int64_t *price;     /* E, grid units */
  int64_t *next;      /* E, grid units */
  double *shown;      /* E: prices in affinity units */
  alf_expert *chosen; /* K */
} workspace;

static double estimate(const alf_problem *problem)
{
  return 1e-6 * (double)problem->batch->tokens * problem->batch->experts;
}

static void find_thresholds(workspace *w)
{
  const alf_affinity *batch = w->run.problem->batch;
  for (int64_t i = 0; i < batch->tokens; i++) {
    const int64_t *affinity = alf_affinity_row(batch, i);
    for (int32_t k = 0; k < batch->experts; k++)
      w->score[k] = affinity[k] + w->price[k];
    alf_topk_row(w->score, batch->experts, w->run.problem->topk, w->chosen);
    w->threshold[i] = alf_threshold_of(w->score, batch->experts, w->run.problem->topk, w->chosen).twice / 2;
  }
}

static void gather_columns(workspace *w, int32_t first, int32_t count)
{
  const alf_affinity *batch = w->run.problem->batch;
  for (int64_t i = 0; i < batch->tokens; i++) {
    const int64_t *affinity = alf_affinity_row(batch, i) + first;
    for (int32_t k = 0; k < count; k++)
      w->column[k * batch->tokens + i] = w->threshold[i] - affinity[k];
  }
}

/* The price above which `load` of the tokens are, between whole loads: midway; one unit beyond all for 0 and for T. */
static int64_t quantile(int64_t *column, int64_t tokens, double load)
{
  int64_t whole = (int64_t)load;
  if (whole >= tokens)
    return alf_select(column, tokens, tokens - 1) + 1;
  int64_t above = alf_select(column, tokens, whole);
  if ((double)whole < load)
    return above;
  if (whole == 0)
    return above - 1;
  int64_t below = column[0];
  for (int64_t i = 1; i < whole; i++) /* alf_select leaves the smaller ones in front */
    below = column[i] > below ? column[i] : below;
  return below + (above - below) / 2;
}

static void find_next(workspace *w)
{
  const alf_affinity *batch = w->run.problem->batch;
  for (int32_t first = 0; first < batch->experts; first += COLUMNS) {
    int32_t left = batch->experts - first, count = left < COLUMNS ? left : COLUMNS;
    gather_columns(w, first, count);
    for (int32_t k = 0; k < count; k++)
      w->next[first + k] =
          quantile(w->column + k * batch->tokens, batch->tokens, alf_first_order_target(w->run.problem, first + k)) -
          (first + k ? w->next[0] : 0);
  }
  w->next[0] = 0;
}

static bool within_limit(const workspace *w)
{
  for (int32_t k = 0; k < w->run.problem->batch->experts; k++)
    if (w->next[k] <= -price_limit || w->next[k] >= price_limit)
      return false;
  return true;
}

static alf_status step(void *opaque, int64_t n, alf_deadline deadline, bool *last, alf_error *err)
{
  (void)n;
  (void)deadline;
  (void)err;
  workspace *w = opaque;
  size_t bytes = (size_t)w->run.problem->batch->experts * sizeof *w->price;
  find_thresholds(w);
  find_next(w);
  *last = !within_limit(w) || !memcmp(w->price, w->next, bytes);
  if (!*last)
    memcpy(w->price, w->next, bytes);
  return ALF_OK;
}

static void view(void *opaque, alf_first_order_iterate *iterate)
{
  workspace *w = opaque;
  alf_first_order_show(w->run.problem->batch, w->price, w->shown);
  iterate->price = w->shown;
}

static alf_status prepare(void *opaque, alf_error *err)
{
  workspace *w = opaque;
  alf_memory *memory = &w->run.memory;
  const alf_affinity *batch = w->run.problem->batch;
  size_t tokens = (size_t)batch->tokens, experts = (size_t)batch->experts;
  w->threshold = alf_memory_take(memory, tokens, sizeof *w->threshold);
  w->column = alf_memory_take(memory, COLUMNS * tokens, sizeof *w->column);
  w->score = alf_memory_take(memory, experts, sizeof *w->score);
  w->price = alf_memory_take(memory, experts, sizeof *w->price);
  w->next = alf_memory_take(memory, experts, sizeof *w->next);
  w->shown = alf_memory_take(memory, experts, sizeof *w->shown);
  w->chosen = alf_memory_take(memory, (size_t)w->run.problem->topk, sizeof *w->chosen);
  return alf_memory_check(memory, err);
}

static alf_status setup(void **opaque, const alf_problem *problem, const alf_solve_settings *settings, alf_error *err)
{
  static const alf_first_order_method method = {"quantile", ITERATIONS, sizeof(struct workspace), prepare, step, view};
  return alf_first_order_setup(opaque, &method, problem, settings, err);
}

const alf_solver alf_solver_quantile = {
    .name = "quantile",
    .summary = "quantile balancing, rounded; approximate",
    .approximate = true,
    .can = alf_first_order_can,
    .estimate = estimate,
    .setup = setup,
    .solve = alf_first_order_solve,
    .free = alf_first_order_free,
};
