#include "firstorder/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "core/hot.h"
#include "exact/threshold.h"
#include "firstorder/common.h"

enum { LANES = 8 }; /* partial sums of a row: what the widest registers hold */

static alf_status find_thresholds(alf_sweep *sweep, const alf_problem *problem, alf_error *err)
{
  const alf_affinity *batch = problem->batch;
  alf_expert *chosen = malloc((size_t)problem->topk * sizeof *chosen);
  if (!chosen)
    return alf_fail_memory(err, (size_t)problem->topk * sizeof *chosen);
  for (int64_t i = 0; i < batch->tokens; i++) {
    const int64_t *row = alf_affinity_row(batch, i);
    alf_topk_row(row, batch->experts, problem->topk, chosen);
    int64_t twice = alf_threshold_of(row, batch->experts, problem->topk, chosen).twice;
    sweep->threshold[i] = ldexp((double)twice, -batch->grid_bits - 1);
  }
  free(chosen);
  return ALF_OK;
}

alf_status alf_sweep_open(alf_sweep *sweep, const alf_problem *problem, alf_error *err)
{
  size_t tokens = (size_t)problem->batch->tokens, experts = (size_t)problem->batch->experts;
  size_t cells = tokens * experts;
  *sweep = (alf_sweep){.tokens = problem->batch->tokens, .experts = problem->batch->experts};
  sweep->affinity = malloc(cells * sizeof *sweep->affinity);
  sweep->x = calloc(cells, sizeof *sweep->x);
  sweep->predicted = calloc(cells, sizeof *sweep->predicted);
  sweep->threshold = malloc(tokens * sizeof *sweep->threshold);
  sweep->price = calloc(experts, sizeof *sweep->price);
  sweep->target = malloc(experts * sizeof *sweep->target);
  sweep->row = malloc(tokens * sizeof *sweep->row);
  sweep->load = malloc(experts * sizeof *sweep->load);
  sweep->row_change = malloc(tokens * sizeof *sweep->row_change);
  sweep->load_change = malloc(experts * sizeof *sweep->load_change);
  sweep->token_shift = calloc(tokens, sizeof *sweep->token_shift);
  sweep->expert_shift = calloc(experts, sizeof *sweep->expert_shift);
  if (!sweep->affinity || !sweep->x || !sweep->predicted || !sweep->threshold || !sweep->price || !sweep->target ||
      !sweep->row || !sweep->load || !sweep->row_change || !sweep->load_change || !sweep->token_shift ||
      !sweep->expert_shift)
    return alf_fail_memory(err, (3 * cells + 4 * tokens + 5 * experts) * sizeof *sweep->x);
  for (int32_t k = 0; k < sweep->experts; k++)
    sweep->target[k] = alf_first_order_target(problem, k);
  alf_first_order_affinities(problem->batch, sweep->affinity);
  return find_thresholds(sweep, problem, err);
}

void alf_sweep_close(alf_sweep *sweep)
{
  free(sweep->affinity);
  free(sweep->x);
  free(sweep->predicted);
  free(sweep->threshold);
  free(sweep->price);
  free(sweep->target);
  free(sweep->row);
  free(sweep->load);
  free(sweep->row_change);
  free(sweep->load_change);
  free(sweep->token_shift);
  free(sweep->expert_shift);
  *sweep = (alf_sweep){0};
}

static inline void move_row(double *restrict x, const double *restrict predicted, const double *restrict anchor,
                            const double *restrict expert_shift, double token_shift, alf_sweep_move move,
                            int32_t experts)
{
  for (int32_t k = 0; k < experts; k++)
    x[k] += move.forward * (predicted[k] - x[k]) + move.back * (anchor[k] - x[k]) + (expert_shift[k] - token_shift);
}

static inline void predict_row(double *restrict predicted, const double *restrict x, const double *restrict affinity,
                               const double *restrict price, double threshold, double step, int32_t experts)
{
  for (int32_t k = 0; k < experts; k++) {
    double next = x[k] + step * (affinity[k] + price[k] - threshold);
    next = next > 0 ? next : 0;
    predicted[k] = next < 1 ? next : 1;
  }
}

static inline void add_to_loads(double *restrict load, double *restrict change, const double *restrict predicted,
                                const double *restrict x, int32_t experts)
{
  for (int32_t k = 0; k < experts; k++) {
    load[k] += predicted[k];
    change[k] += predicted[k] - x[k];
  }
}

/* Cell k belongs to lane k mod LANES. */
static inline void sum_row(const double *restrict predicted, const double *restrict x, int32_t experts, double *row,
                           double *row_change, double *change)
{
  double sum[LANES] = {0}, less[LANES] = {0}, square[LANES] = {0};
  for (int32_t first = 0; first + LANES <= experts; first += LANES)
    for (int32_t l = 0; l < LANES; l++) {
      double difference = predicted[first + l] - x[first + l];
      sum[l] += predicted[first + l];
      less[l] += difference;
      square[l] += difference * difference;
    }
  for (int32_t k = experts - experts % LANES; k < experts; k++) {
    double difference = predicted[k] - x[k];
    sum[k % LANES] += predicted[k];
    less[k % LANES] += difference;
    square[k % LANES] += difference * difference;
  }
  *row = *row_change = 0;
  for (int32_t l = 0; l < LANES; l++) {
    *row += sum[l];
    *row_change += less[l];
    *change += square[l];
  }
}

ALF_HOT void alf_sweep_run(alf_sweep *sweep, alf_sweep_move move, double step)
{
  int32_t experts = sweep->experts;
  memset(sweep->load, 0, (size_t)experts * sizeof *sweep->load);
  memset(sweep->load_change, 0, (size_t)experts * sizeof *sweep->load_change);
  sweep->change = 0;
  for (int64_t i = 0; i < sweep->tokens; i++) {
    double *x = sweep->x + i * experts, *predicted = sweep->predicted + i * experts;
    const double *anchor = move.anchor ? move.anchor + i * experts : predicted;
    move_row(x, predicted, anchor, sweep->expert_shift, sweep->token_shift[i], move, experts);
    predict_row(predicted, x, sweep->affinity + i * experts, sweep->price, sweep->threshold[i], step, experts);
    add_to_loads(sweep->load, sweep->load_change, predicted, x, experts);
    sum_row(predicted, x, experts, &sweep->row[i], &sweep->row_change[i], &sweep->change);
  }
}

double alf_sweep_square(const double *value, int64_t count)
{
  double sum = 0;
  for (int64_t n = 0; n < count; n++)
    sum += value[n] * value[n];
  return sum;
}

double alf_sweep_distance(const double *a, const double *b, int64_t count)
{
  double sum = 0;
  for (int64_t n = 0; n < count; n++)
    sum += (a[n] - b[n]) * (a[n] - b[n]);
  return sum;
}
