#include "alf/facts.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "judge.h"
#include "observer.h"

alf_status alf_observer_alloc(alf_observer **out, const alf_instance *instance, alf_error *err)
{
  size_t tokens = (size_t)instance->batch->tokens, experts = (size_t)instance->batch->experts,
         topk = (size_t)instance->topk;
  alf_observer *o = calloc(1, sizeof *o);
  *out = o;
  if (o) {
    o->instance = instance;
    o->load_before = calloc(experts, sizeof *o->load_before);
    o->load_after = calloc(experts, sizeof *o->load_after);
    o->deficit = calloc(experts, sizeof *o->deficit);
    o->deficit_after = calloc(experts, sizeof *o->deficit_after);
    o->last = calloc(tokens * (size_t)alf_selection_words(instance->batch->experts), sizeof *o->last);
    o->switched = calloc(tokens, sizeof *o->switched);
    o->left = calloc(topk, sizeof *o->left);
    o->entered = calloc(topk, sizeof *o->entered);
  }
  if (o && o->load_before && o->load_after && o->deficit && o->deficit_after && o->last && o->switched && o->left &&
      o->entered)
    return ALF_OK;
  alf_observer_free(o);
  *out = NULL;
  return alf_fail_memory(err, experts * 4 * sizeof(int64_t));
}

void alf_observer_free(alf_observer *o)
{
  if (!o)
    return;
  free(o->load_before);
  free(o->load_after);
  free(o->deficit);
  free(o->deficit_after);
  free(o->last);
  free(o->switched);
  free(o->left);
  free(o->entered);
  free(o);
}

int32_t alf_set_difference(const uint64_t *before, const uint64_t *after, int32_t words, alf_expert *out)
{
  int32_t count = 0;
  for (int32_t w = 0; w < words; w++)
    for (uint64_t bits = before[w] & ~after[w]; bits; bits &= bits - 1)
      out[count++] = (alf_expert)(w * 64 + __builtin_ctzll(bits));
  return count;
}

static int state_of(int64_t deficit)
{
  return deficit > 0 ? ALF_UNDER : deficit < 0 ? ALF_OVER : ALF_BALANCED;
}

static int64_t count_uphill(const alf_observer *o, int32_t swaps)
{
  int64_t uphill = 0;
  for (int32_t a = 0; a < swaps; a++)
    for (int32_t b = 0; b < swaps; b++)
      uphill += o->deficit[o->entered[b]] <= o->deficit[o->left[a]];
  return uphill;
}

void alf_count_moves(const alf_observer *o, int32_t swaps, alf_facts *facts)
{
  int64_t left[3] = {0}, entered[3] = {0}, neediest_left = INT64_MIN, richest_entered = INT64_MAX;
  for (int32_t a = 0; a < swaps; a++) {
    int64_t leaving = o->deficit[o->left[a]], entering = o->deficit[o->entered[a]];
    left[state_of(leaving)]++;
    entered[state_of(entering)]++;
    neediest_left = leaving > neediest_left ? leaving : neediest_left;
    richest_entered = entering < richest_entered ? entering : richest_entered;
  }
  for (int from = ALF_UNDER; from <= ALF_OVER; from++)
    for (int to = ALF_UNDER; to <= ALF_OVER; to++)
      facts->moves[from][to] += left[from] * entered[to];
  if (richest_entered <= neediest_left)
    facts->uphill_moves += count_uphill(o, swaps);
}

/* Lists the tokens that switch, makes `last` the new selection and load_after its loads. */
static void follow(alf_observer *o, const alf_step *step)
{
  int32_t experts = step->batch_after->experts, words = alf_selection_words(experts);
  const uint64_t *before = step->chosen_before, *after = step->chosen_after;
  o->switches = 0;
  for (int64_t i = 0; i < step->batch_after->tokens; i++) {
    uint64_t changes = 0;
    for (int32_t w = 0; w < words; w++)
      changes |= before[i * words + w] ^ after[i * words + w];
    if (!changes)
      continue;
    o->switched[o->switches++] = i;
    for (int32_t w = 0; w < words; w++)
      for (uint64_t bits = before[i * words + w] ^ after[i * words + w]; bits; bits &= bits - 1)
        o->load_after[w * 64 + __builtin_ctzll(bits)] += (after[i * words + w] & bits & -bits) ? 1 : -1;
    memcpy(o->last + i * words, after + i * words, (size_t)words * sizeof *after);
  }
}

static void count_anew(const alf_affinity *batch, const uint64_t *chosen, int64_t *load)
{
  memset(load, 0, (size_t)batch->experts * sizeof *load);
  alf_count_loads(chosen, batch->tokens, batch->experts, load);
}

/* Loads from the selections themselves, before and after. */
static void count_both(alf_observer *o, const alf_step *step)
{
  const alf_affinity *batch = step->batch_after;
  size_t experts = (size_t)batch->experts,
         bytes = (size_t)batch->tokens * (size_t)alf_selection_words(batch->experts) * sizeof *o->last;
  o->follows = o->observed && memcmp(o->last, step->chosen_before, bytes) == 0;
  o->observed = true;
  if (!o->follows) {
    memcpy(o->last, step->chosen_before, bytes);
    count_anew(batch, o->last, o->load_after);
  }
  memcpy(o->load_before, o->load_after, experts * sizeof *o->load_before);
  follow(o, step);
  if (alf_sampled(step->n))
    count_anew(batch, step->chosen_after, o->load_after);
}

/* How many of the published loads differ from the counted ones. */
static int64_t compare_loads(const alf_step *step, const int64_t *published, const int64_t *load, int64_t *deficit)
{
  int64_t slots = step->topk * step->batch_after->tokens, differing = 0;
  int32_t experts = step->batch_after->experts;
  for (int32_t k = 0; k < experts; k++) {
    deficit[k] = slots - experts * load[k];
    differing += load[k] != published[k];
  }
  return differing;
}

static bool wrong_way(const alf_step *step, int32_t k, int64_t deficit)
{
  double delta = step->delta.real[k];
  return deficit == 0 ? delta != 0 : deficit > 0 ? delta < 0 : delta > 0;
}

/* Everything that follows from loads and the signs of the step: exact in both arithmetics. */
static void take_loads(alf_observer *o, const alf_step *step, alf_facts *facts)
{
  count_both(o, step);
  facts->miscounted = compare_loads(step, step->load_before, o->load_before, o->deficit) +
                      compare_loads(step, step->load_after, o->load_after, o->deficit_after);
  for (int32_t k = 0; k < step->batch_after->experts; k++) {
    int64_t before = o->deficit[k], after = o->deficit_after[k];
    facts->under += before > 0;
    facts->over += before < 0;
    facts->overload += before < 0 ? -before : 0;
    facts->crossings += (before > 0 && after < 0) || (before < 0 && after > 0);
    facts->wrong_way += wrong_way(step, k, before);
  }
}

/* Worst-case rounding of a float run: a sum of n terms is wrong by at most n·2^-53 times the sum of their sizes. */
static void set_tolerances(const alf_observer *o, const alf_step *step, alf_facts *facts)
{
  const alf_affinity *batch = o->instance->batch;
  double shift = 0;
  for (int32_t k = 0; k < batch->experts; k++)
    shift = fmax(shift, fmax(fabs(step->shift_before.real[k]), fabs(step->shift_after.real[k])));
  double score = ldexp((double)o->instance->largest, -batch->grid_bits) + shift;
  double slots = (double)step->topk * (double)batch->tokens;
  facts->tolerance = (slots + 2 * batch->experts) * DBL_EPSILON * 2 * slots * score;
  facts->gap_tolerance = facts->tolerance + slots * batch->rounding_bound;
  facts->score_tolerance = 4 * DBL_EPSILON * score;
}

void alf_observe(alf_observer *o, const alf_step *step, alf_facts *facts)
{
  *facts = (alf_facts){0};
  take_loads(o, step, facts);
  if (step->shift_after.grid) {
    alf_facts_exact(o, step, facts);
  } else {
    alf_facts_float(o, step, facts);
    set_tolerances(o, step, facts);
  }
}
