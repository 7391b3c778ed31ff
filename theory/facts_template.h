/* The sums behind the facts, once for each arithmetic. Before inclusion define
     NUM      an affinity or a shift        int64_t (grid units)      double
     WIDE     a sum of them                 alf_int128                double
     SCALE    what sums are multiplied by   E, as L is K·T/E          1
     WEIGHT   deficit E·(L − A) as a factor the integer itself        divided by E
     SUMS_ARE_EXACT whether a sum may be carried on from update to update
     SHIFT    a shift's numbers             its grid                  its real numbers
     TO_REAL  a scaled sum as a double
     ROUTING_GAP how much the dual function exceeds a Lagrangian
     FACTS    name of the function */

typedef struct totals {
  WIDE benefit, least_benefit, least_margin, least_slack;
  WIDE gained; /* Σ of γ over the slots taken, less those given up */
  bool any_move;
} totals;

/* Σ of γ over the chosen slots, from the start. */
static WIDE sum_chosen(const alf_affinity *batch, const uint64_t *chosen)
{
  int32_t experts = batch->experts, words = alf_selection_words(experts);
  WIDE sum = 0;
  for (int64_t i = 0; i < batch->tokens; i++) {
    const NUM *affinity = (const NUM *)batch->values + i * experts;
    const uint64_t *row = chosen + i * words;
    NUM token = 0; /* exact: at most 4096 terms below 2^41 */
    for (int32_t k = alf_next_expert(row, experts, 0); k < experts; k = alf_next_expert(row, experts, k + 1))
      token += affinity[k];
    sum += token;
  }
  return sum;
}

/* SCALE·𝓛(x, p), from the sum of the chosen affinities. `deficit` is E·(L − A_k) of that routing. */
static WIDE lagrangian(const alf_affinity *batch, WIDE sum, const NUM *shift, const int64_t *deficit)
{
  sum *= SCALE(batch);
  for (int32_t k = 0; k < batch->experts; k++)
    sum -= WEIGHT(deficit[k], batch) * (WIDE)shift[k];
  return sum;
}

/* SCALE·Σ_k δ_k (L − A_k). */
static WIDE step_against(const alf_affinity *batch, const NUM *delta, const int64_t *deficit)
{
  WIDE sum = 0;
  for (int32_t k = 0; k < batch->experts; k++)
    sum += WEIGHT(deficit[k], batch) * (WIDE)delta[k];
  return sum;
}

/* The tightest pair of one token: margins and slacks are differences, so the extremes of both sides give it. */
static void take_moves(const alf_observer *observer, const alf_step *step, const NUM *row, int32_t swaps, totals *t)
{
  const NUM *before = SHIFT(step->shift_before), *delta = SHIFT(step->delta);
  WIDE lowest_left = 0, highest_entered = 0, highest_left = 0, lowest_entered = 0;
  for (int32_t a = 0; a < swaps; a++) {
    alf_expert left = observer->left[a], entered = observer->entered[a];
    WIDE old_left = (WIDE)row[left] + before[left], old_entered = (WIDE)row[entered] + before[entered];
    WIDE new_left = old_left + delta[left], new_entered = old_entered + delta[entered];
    lowest_left = a == 0 || old_left < lowest_left ? old_left : lowest_left;
    highest_entered = a == 0 || old_entered > highest_entered ? old_entered : highest_entered;
    highest_left = a == 0 || new_left > highest_left ? new_left : highest_left;
    lowest_entered = a == 0 || new_entered < lowest_entered ? new_entered : lowest_entered;
  }
  WIDE margin = lowest_left - highest_entered, slack = lowest_entered - highest_left;
  t->least_margin = !t->any_move || margin < t->least_margin ? margin : t->least_margin;
  t->least_slack = !t->any_move || slack < t->least_slack ? slack : t->least_slack;
  t->any_move = true;
}

/* One token whose selection changed. */
static void take_token(alf_observer *observer, const alf_step *step, int64_t i, totals *t, alf_facts *facts)
{
  int32_t words = alf_selection_words(step->batch_after->experts);
  const uint64_t *before = step->chosen_before + i * words, *after = step->chosen_after + i * words;
  const NUM *row = (const NUM *)step->batch_after->values + i * step->batch_after->experts;
  const NUM *shift = SHIFT(step->shift_after);
  int32_t swaps = alf_set_difference(before, after, words, observer->left);
  alf_set_difference(after, before, words, observer->entered);
  WIDE benefit = 0;
  for (int32_t a = 0; a < swaps; a++) {
    alf_expert left = observer->left[a], entered = observer->entered[a];
    benefit += ((WIDE)row[entered] + shift[entered]) - ((WIDE)row[left] + shift[left]);
    t->gained += (WIDE)row[entered] - row[left];
  }
  take_moves(observer, step, row, swaps, t);
  alf_count_moves(observer, swaps, facts);
  t->least_benefit = !facts->switched_tokens || benefit < t->least_benefit ? benefit : t->least_benefit;
  t->benefit += benefit;
  facts->switched_tokens++;
  facts->swapped_slots += swaps;
}

/* Compared as whole numbers, for doubles round sums of large steps. `benefit` is that of all tokens. */
static void take_step_size(const alf_step *step, WIDE benefit, alf_facts *facts)
{
  const alf_affinity *batch = step->batch_after;
  const NUM *before = SHIFT(step->shift_before), *after = SHIFT(step->shift_after), *delta = SHIFT(step->delta);
  WIDE largest = 0, sum = 0;
  for (int32_t k = 0; k < batch->experts; k++) {
    WIDE size = delta[k] < 0 ? -(WIDE)delta[k] : (WIDE)delta[k];
    largest = size > largest ? size : largest;
    sum += (WIDE)after[k] - before[k];
  }
  WIDE error = sum - largest * (WIDE)(facts->under - facts->over);
  facts->step_sum = TO_REAL(sum * SCALE(batch), batch);
  facts->sign_error = TO_REAL((error < 0 ? -error : error) * SCALE(batch), batch);
  facts->slot_slack = TO_REAL((2 * largest * (WIDE)facts->swapped_slots - benefit) * SCALE(batch), batch);
}

static void take_shift(const alf_step *step, alf_facts *facts)
{
  const alf_affinity *batch = step->batch_after;
  const NUM *before = SHIFT(step->shift_before), *after = SHIFT(step->shift_after), *delta = SHIFT(step->delta);
  WIDE worst = 0;
  NUM highest = after[0], lowest = after[0];
  for (int32_t k = 0; k < batch->experts; k++) {
    WIDE difference = (WIDE)after[k] - before[k] - delta[k];
    difference = difference < 0 ? -difference : difference;
    worst = difference > worst ? difference : worst;
    highest = after[k] > highest ? after[k] : highest;
    lowest = after[k] < lowest ? after[k] : lowest;
  }
  facts->misreported = TO_REAL(worst * SCALE(batch), batch);
  facts->spread = TO_REAL(((WIDE)highest - lowest) * SCALE(batch), batch);
}

void FACTS(alf_observer *observer, const alf_step *step, alf_facts *facts)
{
  const alf_affinity *batch = step->batch_after;
  totals t = {0};
  for (int64_t j = 0; j < observer->switches; j++)
    take_token(observer, step, observer->switched[j], &t, facts);
  bool follows = SUMS_ARE_EXACT && observer->follows, anew = !SUMS_ARE_EXACT || alf_sampled(step->n);
  WIDE sum_before = follows ? (WIDE)observer->sum : sum_chosen(batch, step->chosen_before);
  WIDE sum_after = anew ? sum_chosen(batch, step->chosen_after) : sum_before + t.gained;
  if (SUMS_ARE_EXACT)
    observer->sum = (alf_int128)sum_after;
  WIDE before = lagrangian(batch, sum_before, SHIFT(step->shift_before), observer->deficit);
  WIDE after = lagrangian(batch, sum_after, SHIFT(step->shift_after), observer->deficit_after);
  WIDE squared = step_against(batch, SHIFT(step->delta), observer->deficit);
  WIDE crossed = step_against(batch, SHIFT(step->delta), observer->deficit_after);
  WIDE benefit = t.benefit * SCALE(batch);
  facts->change = TO_REAL(after - before, batch);
  facts->benefit = TO_REAL(benefit, batch);
  facts->least_benefit = TO_REAL(t.least_benefit * SCALE(batch), batch);
  facts->squared_excess = TO_REAL(squared, batch);
  facts->residual = TO_REAL((after - before) - (benefit - squared), batch);
  facts->condition = TO_REAL(squared - benefit, batch);
  facts->lower_slack = TO_REAL((after - before) + squared, batch);
  facts->upper_slack = TO_REAL(-crossed - (after - before), batch);
  facts->least_margin = t.any_move ? TO_REAL(t.least_margin * SCALE(batch), batch) : INFINITY;
  facts->least_slack = t.any_move ? TO_REAL(t.least_slack * SCALE(batch), batch) : INFINITY;
  facts->has_gap = observer->instance->solved;
  if (facts->has_gap)
    facts->gap = TO_REAL(after - OPTIMUM(observer->instance), batch);
  facts->routing_gap = ROUTING_GAP(step, after);
  take_step_size(step, t.benefit, facts);
  take_shift(step, facts);
}
