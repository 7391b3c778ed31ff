#include "firstorder/sweep.h"

#include <math.h>
#include <string.h>

#include "alf/routing.h"
#include "core/hot.h"
#include "exact/threshold.h"
#include "firstorder/common.h"

enum { LANES = 8 }; /* partial sums of a row: what the widest registers hold */

static void take_memory(alf_sweep *sweep, alf_memory *memory)
{
  size_t tokens = (size_t)sweep->tokens, experts = (size_t)sweep->experts, cells = tokens * experts;
  sweep->affinity = alf_memory_take(memory, cells, sizeof *sweep->affinity);
  sweep->x = alf_memory_take(memory, cells, sizeof *sweep->x);
  sweep->predicted = alf_memory_take(memory, cells, sizeof *sweep->predicted);
  sweep->mark_x = alf_memory_take(memory, cells, sizeof *sweep->mark_x);
  sweep->threshold = alf_memory_take(memory, tokens, sizeof *sweep->threshold);
  sweep->row = alf_memory_take(memory, tokens, sizeof *sweep->row);
  sweep->row_change = alf_memory_take(memory, tokens, sizeof *sweep->row_change);
  sweep->token_shift = alf_memory_take(memory, tokens, sizeof *sweep->token_shift);
  sweep->mark_threshold = alf_memory_take(memory, tokens, sizeof *sweep->mark_threshold);
  sweep->price = alf_memory_take(memory, experts, sizeof *sweep->price);
  sweep->target = alf_memory_take(memory, experts, sizeof *sweep->target);
  sweep->load = alf_memory_take(memory, experts, sizeof *sweep->load);
  sweep->load_change = alf_memory_take(memory, experts, sizeof *sweep->load_change);
  sweep->expert_shift = alf_memory_take(memory, experts, sizeof *sweep->expert_shift);
  sweep->mark_price = alf_memory_take(memory, experts, sizeof *sweep->mark_price);
}

static void find_thresholds(alf_sweep *sweep, const alf_affinity *batch, alf_expert *chosen)
{
  for (int64_t i = 0; i < batch->tokens; i++) {
    const int64_t *row = alf_affinity_row(batch, i);
    alf_topk_row(row, batch->experts, sweep->topk, chosen);
    int64_t twice = alf_threshold_of(row, batch->experts, sweep->topk, chosen).twice;
    sweep->threshold[i] = ldexp((double)twice, -batch->grid_bits - 1);
    sweep->mark_threshold[i] = sweep->threshold[i];
  }
}

alf_status alf_sweep_open(alf_sweep *sweep, const alf_problem *problem, alf_memory *memory, alf_error *err)
{
  const alf_affinity *batch = problem->batch;
  *sweep = (alf_sweep){.tokens = batch->tokens, .experts = batch->experts, .topk = problem->topk};
  take_memory(sweep, memory);
  alf_expert *chosen = alf_memory_take(memory, (size_t)problem->topk, sizeof *chosen);
  alf_status status = alf_memory_check(memory, err);
  if (status)
    return status;
  for (int32_t k = 0; k < sweep->experts; k++)
    sweep->target[k] = alf_first_order_target(problem, k);
  alf_first_order_affinities(batch, sweep->affinity);
  find_thresholds(sweep, batch, chosen);
  return ALF_OK;
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

static double square(const double *value, int64_t count)
{
  double sum = 0;
  for (int64_t n = 0; n < count; n++)
    sum += value[n] * value[n];
  return sum;
}

double alf_sweep_weight(const alf_sweep *sweep)
{
  double topk = sweep->topk, objective = square(sweep->affinity, sweep->tokens * sweep->experts);
  double sides = (double)sweep->tokens * topk * topk + square(sweep->target, sweep->experts);
  return objective > 0 ? sqrt(objective / sides) : 1;
}

/* The squared distance that `to` gets from `from`, which then catches up. */
static double catch_up(double *from, const double *to, int64_t count)
{
  double sum = 0;
  for (int64_t n = 0; n < count; n++)
    sum += (to[n] - from[n]) * (to[n] - from[n]);
  memcpy(from, to, (size_t)count * sizeof *from);
  return sum;
}

double alf_sweep_set_mark(alf_sweep *sweep, const double *threshold, const double *price)
{
  double primal = catch_up(sweep->mark_x, sweep->predicted, sweep->tokens * sweep->experts);
  double dual =
      catch_up(sweep->mark_threshold, threshold, sweep->tokens) + catch_up(sweep->mark_price, price, sweep->experts);
  return primal > 0 ? sqrt(dual / primal) : 0;
}
