#include "measure/measure.h"

#include <math.h>
#include <stdlib.h>

#include "alf/routing.h"

#define LN_2          0x1.62e42fefa39efp-1
#define SQRT_HALF     0x1.6a09e667f3bcdp-1
#define FRACTION_BITS 50 /* terms of sums are whole multiples of 2^-50: no order of summation enters */

/* E·A − slots: how far a load is above L, in units of 1/E slot. */
static int64_t excess(int64_t load, int32_t experts, int64_t slots)
{
  return load * experts - slots;
}

alf_balance alf_measure_balance(const int64_t *load, int32_t experts, int64_t slots)
{
  alf_balance balance = {.max_load = load[0], .min_load = load[0]};
  for (int32_t k = 0; k < experts; k++) {
    balance.max_load = load[k] > balance.max_load ? load[k] : balance.max_load;
    balance.min_load = load[k] < balance.min_load ? load[k] : balance.min_load;
    balance.dead_experts += load[k] == 0;
  }
  int64_t above = excess(balance.max_load, experts, slots), below = -excess(balance.min_load, experts, slots);
  balance.max_excess = above > below ? above : below;
  balance.max_violation = (double)above / (double)slots;
  balance.max_abs_violation = (double)balance.max_excess / (double)slots;
  balance.on_target = balance.max_excess == 0;
  return balance;
}

/* ln x by basic operations alone: that of the C library may differ in its last bit from one instruction set to another.
   With x = m·2^e, 1/√2 <= m < √2 and s = (m − 1)/(m + 1): ln m = 2 (s + s³/3 + s⁵/5 + …), |s| < 0.172. */
static double natural_log(double x)
{
  enum { TERMS = 11 };
  int exponent;
  double mantissa = frexp(x, &exponent);
  if (mantissa < SQRT_HALF) {
    mantissa *= 2;
    exponent--;
  }
  double s = (mantissa - 1) / (mantissa + 1), sum = 0;
  for (int j = TERMS; j-- > 0;)
    sum = sum * s * s + 1.0 / (2 * j + 1);
  return 2 * s * sum + exponent * LN_2;
}

static int64_t to_fraction(double value)
{
  return llrint(ldexp(value, FRACTION_BITS));
}

/* Entropy is ln E − Σ f_k ln(E f_k), whose sum is 0, exactly, at balance. */
alf_spread alf_measure_spread(const int64_t *load, int32_t experts, int64_t slots)
{
  alf_int128 squares = 0;
  int64_t divergence = 0;
  for (int32_t k = 0; k < experts; k++) {
    alf_int128 above = excess(load[k], experts, slots);
    squares += above * above;
    if (load[k] > 0)
      divergence +=
          to_fraction((double)load[k] / (double)slots * natural_log((double)(load[k] * experts) / (double)slots));
  }
  return (alf_spread){.variation = sqrt(alf_int128_to_double(squares, 0, experts)) / (double)slots,
                      .entropy = 1 - (double)divergence / (double)to_fraction(natural_log(experts))};
}

static alf_extent extent_of_grid(const int64_t *grid, int32_t experts, int32_t grid_bits)
{
  int64_t least = grid[0], most = grid[0];
  alf_int128 sum = 0;
  for (int32_t k = 0; k < experts; k++) {
    least = grid[k] < least ? grid[k] : least;
    most = grid[k] > most ? grid[k] : most;
    sum += grid[k];
  }
  return (alf_extent){alf_int128_to_double((alf_int128)most - least, grid_bits, 1),
                      alf_int128_to_double(sum, grid_bits, experts)};
}

static alf_extent extent_of_reals(const double *real, int32_t experts)
{
  double least = real[0], most = real[0], sum = 0;
  for (int32_t k = 0; k < experts; k++) {
    least = fmin(least, real[k]);
    most = fmax(most, real[k]);
    sum += real[k];
  }
  return (alf_extent){most - least, sum / experts};
}

alf_extent alf_measure_shift(const alf_shift *shift, int32_t experts, int32_t grid_bits)
{
  return shift->grid ? extent_of_grid(shift->grid, experts, grid_bits) : extent_of_reals(shift->real, experts);
}

/* Σ of the chosen affinities, each token's in a 64-bit sum of at most 4096 terms below 2^41. */
static alf_int128 sum_chosen(const alf_affinity *batch, const uint64_t *chosen)
{
  alf_int128 sum = 0;
  int32_t words = alf_selection_words(batch->experts);
  for (int64_t i = 0; i < batch->tokens; i++) {
    const int64_t *affinity = alf_affinity_row(batch, i);
    int64_t token = 0;
    for (int32_t w = 0; w < words; w++)
      for (uint64_t bits = chosen[i * words + w]; bits; bits &= bits - 1)
        token += affinity[64 * w + __builtin_ctzll(bits)];
    sum += token;
  }
  return sum;
}

static alf_iterate_value measure_exact(const alf_step *step)
{
  const alf_affinity *batch = step->batch_after;
  int64_t slots = step->topk * batch->tokens;
  alf_int128 chosen = sum_chosen(batch, step->chosen_after) * batch->experts, prices = 0;
  for (int32_t k = 0; k < batch->experts; k++)
    prices += (alf_int128)step->shift_after.grid[k] * excess(step->load_after[k], batch->experts, slots);
  alf_iterate_value value = {.exact = true, .dual_exact = chosen + prices};
  if (step->not_topk)
    value.dual_exact = alf_dual_value(batch, step->topk, step->shift_after.grid);
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

static alf_iterate_value measure_float(const alf_step *step)
{
  const alf_affinity *batch = step->batch_after;
  double target = (double)(step->topk * batch->tokens) / batch->experts;
  alf_iterate_value value = {0};
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

alf_iterate_value alf_measure_value(const alf_step *step)
{
  return step->batch_after->dtype == ALF_DYADIC ? measure_exact(step) : measure_float(step);
}

alf_churn alf_count_churn(const alf_step *step)
{
  alf_churn churn = {0};
  if (!step->batch_before)
    return churn;
  int32_t words = alf_selection_words(step->batch_after->experts);
  for (int64_t i = 0; i < step->batch_after->tokens; i++) {
    int64_t entered = 0;
    for (int32_t w = 0; w < words; w++)
      entered += __builtin_popcountll(step->chosen_after[i * words + w] & ~step->chosen_before[i * words + w]);
    churn.swaps += entered;
    churn.switched_tokens += entered > 0;
  }
  return churn;
}

double alf_optimum_gap(const alf_iterate_value *value, const alf_optimum *optimum, const alf_affinity *batch)
{
  if (!optimum->known)
    return NAN;
  if (!value->exact)
    return value->dual_value - optimum->value;
  return alf_int128_to_double(value->dual_exact - optimum->exact, batch->grid_bits, batch->experts);
}

alf_status alf_sums_alloc(alf_sums *sums, int32_t experts, int64_t slots, alf_error *err)
{
  *sums = (alf_sums){.experts = experts, .slots = slots, .load = calloc((size_t)experts, sizeof *sums->load)};
  return sums->load ? ALF_OK : alf_fail_memory(err, (size_t)experts * sizeof *sums->load);
}

void alf_sums_add(alf_sums *sums, const int64_t *load, const alf_balance *balance)
{
  sums->updates++;
  sums->max_load += balance->max_load;
  sums->max_excess += balance->max_excess;
  for (int32_t k = 0; k < sums->experts; k++)
    sums->load[k] += load[k];
}

void alf_sums_add_churn(alf_sums *sums, const alf_churn *churn)
{
  sums->churns++;
  sums->swaps += churn->swaps;
}

/* A gap that is not known, or a sum beyond 128 bits, leaves the regret unknown for good. */
void alf_sums_add_gap(alf_sums *sums, const alf_iterate_value *value, const alf_optimum *optimum)
{
  bool first = sums->gaps == 0, known = optimum->known && (first || sums->regret_known);
  sums->gaps++;
  if (known && value->exact)
    known = !__builtin_add_overflow(sums->regret_exact, value->dual_exact - optimum->exact, &sums->regret_exact);
  else if (known)
    sums->regret += value->dual_value - optimum->value;
  sums->regret_known = known;
}

/* (Σ over N updates of E·A − slots) / (N·slots): a mean of A / L − 1. */
static double mean_violation(const alf_sums *sums, alf_int128 excess_sum)
{
  return alf_int128_to_double(excess_sum, 0, (double)sums->slots * (double)sums->updates);
}

alf_means alf_sums_means(const alf_sums *sums)
{
  alf_means means = {NAN, NAN, NAN, NAN};
  if (sums->churns > 0)
    means.swaps = (double)sums->swaps / (double)sums->churns;
  if (sums->updates == 0)
    return means;
  alf_int128 slots = (alf_int128)sums->updates * sums->slots, most = 0;
  for (int32_t k = 0; k < sums->experts; k++) {
    alf_int128 above = (alf_int128)sums->load[k] * sums->experts - slots;
    above = above < 0 ? -above : above;
    most = above > most ? above : most;
  }
  means.max_violation = mean_violation(sums, sums->max_load * sums->experts - slots);
  means.max_abs_violation = mean_violation(sums, sums->max_excess);
  means.signed_violation = mean_violation(sums, most);
  return means;
}

double alf_sums_regret(const alf_sums *sums, const alf_affinity *batch)
{
  if (!sums->regret_known)
    return NAN;
  if (batch->dtype != ALF_DYADIC)
    return sums->regret;
  return alf_int128_to_double(sums->regret_exact, batch->grid_bits, batch->experts);
}

void alf_sums_free(alf_sums *sums)
{
  free(sums->load);
  *sums = (alf_sums){0};
}
