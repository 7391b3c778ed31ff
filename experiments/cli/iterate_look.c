#include <math.h>
#include <stddef.h>
#include <string.h>

#include "cli/iterate.h"

#define FIELD(name) #name, offsetof(alf_cli_look, name)
#define NOT_ASKED   "not asked for (--regret)"

const alf_cli_iterate_measure alf_cli_iterate_measures[] = {
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

int64_t alf_cli_look_whole(const alf_cli_look *look, const alf_cli_iterate_measure *measure)
{
  int64_t value;
  memcpy(&value, (const char *)look + measure->field, sizeof value);
  return value;
}

double alf_cli_look_real(const alf_cli_look *look, const alf_cli_iterate_measure *measure)
{
  double value;
  memcpy(&value, (const char *)look + measure->field, sizeof value);
  return value;
}

void alf_cli_iterate_note(alf_cli_iterate *run)
{
  const alf_step *step = alf_iterate_current(run->iterate);
  int64_t slots = alf_cli_iterate_slots(step);
  alf_cli_balance balance = alf_cli_measure_balance(step->load_after, step->batch_after->experts, slots);
  if (!balance.on_target)
    run->last_off_target = step->n;
  if (step->n > 0)
    alf_cli_sums_add(&run->sums, step->load_after, &balance);
  if (!run->cycle)
    return;
  alf_iterate_whole whole = alf_iterate_state(run->iterate);
  alf_cycle_observe(run->cycle, whole.bytes, whole.common, step->load_after, slots);
}

/* Values and gap; the dual function is attained where experts are chosen by affinity + shift. */
static void look_at_value(alf_cli_iterate *run, const alf_step *step)
{
  alf_cli_value value = alf_cli_measure_value(step);
  alf_cli_optimum optimum = run->optima.current;
  bool dual_known = run->cell.rule->combine == ALF_ADD;
  run->look.objective = value.objective;
  run->look.dual_value = dual_known ? value.dual_value : NAN;
  run->look.optimum = optimum.known ? optimum.value : NAN;
  optimum.known = optimum.known && dual_known;
  run->look.gap = alf_cli_gap(&value, &optimum, step->batch_after);
  if (run->every)
    alf_cli_sums_add_gap(&run->sums, &value, &optimum);
  run->look.regret = alf_cli_sums_regret(&run->sums, step->batch_after);
}

static void look_at_loads(alf_cli_look *look, const alf_step *step)
{
  int32_t experts = step->batch_after->experts;
  alf_cli_balance balance = alf_cli_measure_balance(step->load_after, experts, alf_cli_iterate_slots(step));
  alf_cli_spread spread = alf_cli_measure_spread(step->load_after, experts, alf_cli_iterate_slots(step));
  look->max_load = balance.max_load;
  look->min_load = balance.min_load;
  look->dead_experts = balance.dead_experts;
  look->max_violation = balance.max_violation;
  look->max_abs_violation = balance.max_abs_violation;
  look->load_variation = spread.variation;
  look->load_entropy = spread.entropy;
}

static void look_at_moves(alf_cli_iterate *run, const alf_step *step)
{
  alf_cli_extent shift =
      alf_cli_measure_shift(&step->shift_after, step->batch_after->experts, step->batch_after->grid_bits);
  alf_cli_churn churn = alf_cli_count_churn(step);
  run->look.shift_range = shift.range;
  run->look.shift_mean = shift.mean;
  run->look.swaps = churn.swaps;
  run->look.switched_tokens = churn.switched_tokens;
  if (run->every && step->n > 0)
    alf_cli_sums_add_churn(&run->sums, &churn);
}

void alf_cli_iterate_look(alf_cli_iterate *run)
{
  const alf_step *step = alf_iterate_current(run->iterate);
  look_at_value(run, step);
  look_at_loads(&run->look, step);
  look_at_moves(run, step);
  alf_cli_means means = alf_cli_sums_means(&run->sums);
  run->look.mean_max_violation = means.max_violation;
  run->look.mean_max_abs_violation = means.max_abs_violation;
  run->look.signed_violation = means.signed_violation;
  run->look.mean_swaps = means.swaps;
}
