#include "cli/measure.h"

#include <string.h>

#include "alf/routing.h"

alf_cli_balance alf_cli_measure_balance(const int64_t *load, int32_t experts, int64_t slots)
{
  alf_cli_balance balance = {load[0], load[0], 0, true};
  for (int32_t k = 0; k < experts; k++) {
    balance.max_load = load[k] > balance.max_load ? load[k] : balance.max_load;
    balance.min_load = load[k] < balance.min_load ? load[k] : balance.min_load;
    balance.on_target = balance.on_target && load[k] * experts == slots;
  }
  balance.max_violation = (double)(balance.max_load * experts - slots) / (double)slots;
  return balance;
}

static alf_cli_value measure_exact(const alf_step *step)
{
  const alf_affinity *batch = step->batch_after;
  alf_cli_value value = {.exact = true};
  value.dual_exact = alf_lagrangian(batch, step->topk, step->chosen_after, step->shift_after.grid);
  alf_int128 chosen = value.dual_exact; /* times E, as it is */
  if (step->not_topk)
    value.dual_exact = alf_dual_value(batch, step->topk, step->shift_after.grid);
  for (int32_t k = 0; k < batch->experts; k++)
    chosen +=
        (alf_int128)step->shift_after.grid[k] * (step->topk * batch->tokens - batch->experts * step->load_after[k]);
  value.objective = alf_int128_to_double(chosen, batch->grid_bits, batch->experts);
  value.dual_value = alf_int128_to_double(value.dual_exact, batch->grid_bits, batch->experts);
  return value;
}

/* Σ of the K largest of γ_i + p. */
static double best_scores(const alf_step *step, int64_t i)
{
  const alf_affinity *batch = step->batch_after;
  int64_t key[ALF_MAX_EXPERTS];
  alf_expert best[ALF_MAX_EXPERTS];
  double sum = 0;
  for (int32_t k = 0; k < batch->experts; k++)
    key[k] = alf_score_key(alf_affinity_get(batch, i, k) + step->shift_after.real[k]);
  alf_topk_row(key, batch->experts, step->topk, best);
  for (int32_t j = 0; j < step->topk; j++)
    sum += alf_affinity_get(batch, i, best[j]) + step->shift_after.real[best[j]];
  return sum;
}

static double dual_of_scores(const alf_step *step)
{
  const alf_affinity *batch = step->batch_after;
  double target = (double)(step->topk * batch->tokens) / batch->experts, sum = 0;
  for (int64_t i = 0; i < batch->tokens; i++)
    sum += best_scores(step, i);
  for (int32_t k = 0; k < batch->experts; k++)
    sum -= target * step->shift_after.real[k];
  return sum;
}

static alf_cli_value measure_float(const alf_step *step)
{
  const alf_affinity *batch = step->batch_after;
  double target = (double)(step->topk * batch->tokens) / batch->experts;
  alf_cli_value value = {0};
  int32_t experts = batch->experts;
  for (int64_t i = 0; i < batch->tokens; i++) {
    const uint64_t *row = step->chosen_after + i * alf_selection_words(experts);
    for (int32_t k = alf_next_expert(row, experts, 0); k < experts; k = alf_next_expert(row, experts, k + 1))
      value.objective += alf_affinity_get(batch, i, k);
  }
  value.dual_value = value.objective;
  for (int32_t k = 0; k < batch->experts; k++)
    value.dual_value += step->shift_after.real[k] * ((double)step->load_after[k] - target);
  if (step->not_topk)
    value.dual_value = dual_of_scores(step);
  return value;
}

alf_cli_value alf_cli_measure_value(const alf_step *step)
{
  return step->batch_after->dtype == ALF_DYADIC ? measure_exact(step) : measure_float(step);
}

int64_t alf_cli_count_switched(const alf_step *step)
{
  int64_t switched = 0;
  if (!step->batch_before)
    return 0;
  int64_t words = alf_selection_words(step->batch_after->experts);
  for (int64_t i = 0; i < step->batch_after->tokens; i++)
    switched += memcmp(step->chosen_before + i * words, step->chosen_after + i * words,
                       (size_t)words * sizeof *step->chosen_after) != 0;
  return switched;
}
