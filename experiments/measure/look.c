#include <math.h>
#include <stddef.h>
#include <string.h>

#include "measure/iteration.h"

#define FIELD(name) #name, offsetof(alf_look, name)
#define NOT_ASKED   "not asked for (--regret)"

const alf_look_measure alf_look_measures[] = {
    {FIELD(objective), false, "not known"},
    {FIELD(dual_value), false, "not known"},
    {FIELD(optimum), false, "not known"},
    {FIELD(gap), false, "not known"},
    {FIELD(regret), false, NOT_ASKED},
    {FIELD(max_load), true, NULL},
    {FIELD(min_load), true, NULL},
    {FIELD(dead_experts), true, NULL},
    {FIELD(max_violation), false, "not known"},
    {FIELD(mean_max_violation), false, "no update"},
    {FIELD(max_abs_violation), false, "not known"},
    {FIELD(mean_max_abs_violation), false, "no update"},
    {FIELD(signed_violation), false, "no update"},
    {FIELD(load_variation), false, "not known"},
    {FIELD(load_entropy), false, "not known"},
    {FIELD(shift_range), false, "not known"},
    {FIELD(shift_mean), false, "not known"},
    {FIELD(swaps), true, NULL},
    {FIELD(switched_tokens), true, NULL},
    {FIELD(mean_swaps), false, NOT_ASKED},
    {0},
};

int64_t alf_look_whole(const alf_look *look, const alf_look_measure *measure)
{
  int64_t value;
  memcpy(&value, (const char *)look + measure->field, sizeof value);
  return value;
}

double alf_look_real(const alf_look *look, const alf_look_measure *measure)
{
  double value;
  memcpy(&value, (const char *)look + measure->field, sizeof value);
  return value;
}

/* Where the run may end sooner, nobody knows what half of it is. */
static bool is_late(const alf_iteration *it, const alf_step *step)
{
  return !it->settings.until_cycle && step->n > it->settings.steps / 2;
}

double alf_iteration_late_violation(const alf_iteration *it)
{
  return it->late.iterates ? it->late.max_violation / (double)it->late.iterates : (double)NAN;
}

double alf_iteration_late_gap(const alf_iteration *it)
{
  return it->late.gaps ? it->late.gap / (double)it->late.gaps : (double)NAN;
}

void alf_iteration_note(alf_iteration *it)
{
  const alf_step *step = alf_iterate_current(it->iterate);
  int64_t slots = alf_step_slots(step);
  alf_balance balance = alf_measure_balance(step->load_after, step->batch_after->experts, slots);
  if (!balance.on_target)
    it->last_off_target = step->n;
  if (it->balanced_at < 0 && balance.max_violation <= ALF_BALANCED_VIOLATION)
    it->balanced_at = step->n;
  it->routed_tokens += step->routed;
  if (is_late(it, step)) {
    it->late.iterates++;
    it->late.max_violation += balance.max_violation;
  }
  if (step->n > 0)
    alf_sums_add(&it->sums, step->load_after, &balance);
  if (!it->cycle)
    return;
  alf_iterate_whole whole = alf_iterate_state(it->iterate);
  alf_cycle_observe(it->cycle, whole.bytes, whole.common, step->load_after, slots);
}

/* Values and gap; the dual function is attained where experts are chosen by affinity + shift. */
static void look_at_value(alf_iteration *it, const alf_step *step)
{
  alf_iterate_value value = alf_measure_value(step);
  alf_optimum optimum = it->optima.current;
  bool dual_known = it->settings.cell.rule->combine == ALF_ADD;
  it->look.objective = value.objective;
  it->look.dual_value = dual_known ? value.dual_value : NAN;
  it->look.optimum = optimum.known ? optimum.value : NAN;
  optimum.known = optimum.known && dual_known;
  it->look.gap = alf_optimum_gap(&value, &optimum, step->batch_after);
  if (it->settings.every)
    alf_sums_add_gap(&it->sums, &value, &optimum);
  if (it->settings.every && is_late(it, step)) {
    it->late.gaps++;
    it->late.gap += it->look.gap;
  }
  it->look.regret = alf_sums_regret(&it->sums, step->batch_after);
}

static void look_at_loads(alf_look *look, const alf_step *step)
{
  int32_t experts = step->batch_after->experts;
  alf_balance balance = alf_measure_balance(step->load_after, experts, alf_step_slots(step));
  alf_spread spread = alf_measure_spread(step->load_after, experts, alf_step_slots(step));
  look->max_load = balance.max_load;
  look->min_load = balance.min_load;
  look->dead_experts = balance.dead_experts;
  look->max_violation = balance.max_violation;
  look->max_abs_violation = balance.max_abs_violation;
  look->load_variation = spread.variation;
  look->load_entropy = spread.entropy;
}

static void look_at_moves(alf_iteration *it, const alf_step *step)
{
  alf_extent shift = alf_measure_shift(&step->shift_after, step->batch_after->experts, step->batch_after->grid_bits);
  alf_churn churn = alf_count_churn(step);
  it->look.shift_range = shift.range;
  it->look.shift_mean = shift.mean;
  it->look.swaps = churn.swaps;
  it->look.switched_tokens = churn.switched_tokens;
  if (it->settings.every && step->n > 0)
    alf_sums_add_churn(&it->sums, &churn);
}

void alf_iteration_look(alf_iteration *it)
{
  const alf_step *step = alf_iterate_current(it->iterate);
  look_at_value(it, step);
  look_at_loads(&it->look, step);
  look_at_moves(it, step);
  alf_means means = alf_sums_means(&it->sums);
  it->look.mean_max_violation = means.max_violation;
  it->look.mean_max_abs_violation = means.max_abs_violation;
  it->look.signed_violation = means.signed_violation;
  it->look.mean_swaps = means.swaps;
}
