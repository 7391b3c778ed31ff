#include "support.h"

#include "told.h"

#include <math.h>
#include <string.h>

enum { T = ALF_TOLD_TOKENS, E = ALF_TOLD_EXPERTS, K = 1, BITS = ALF_TOLD_BITS };

static const double unit = 1. / 16;

static const int64_t zero_shift[E] = {0, 0, 0}, sign_step[E] = {-1, 0, 1}, loads_before[E] = {3, 2, 1},
                     loads_after[E] = {2, 2, 2}, balanced_cycle[E] = {4, 4, 4};

static void tell_instance(alf_told *h)
{
  h->batch = (alf_affinity){ALF_DYADIC, T, E, BITS, h->affinity, NULL, 0};
  h->crowding = (alf_crowding){unit, 1, 0, 1};
  h->instance = (alf_instance){.batch = &h->batch,
                               .topk = K,
                               .largest = 8,
                               .range = 8,
                               .solved = true,
                               .crowding_count = 1,
                               .crowding = &h->crowding,
                               .ties = {2, true, E, 0}};
  h->cycle = (alf_cycle_info){.start = 2, .length = 12, .drift = 4, .under_minus_over = h->under_minus_over};
  h->run = (alf_run){&h->instance, alf_rule_find("sign"), alf_schedule_find("constant"), unit, true, NULL};
}

void alf_tell(alf_told *h)
{
  memset(h, 0, sizeof *h);
  memcpy(h->before, zero_shift, sizeof h->before);
  memcpy(h->after, sign_step, sizeof h->after);
  memcpy(h->delta, sign_step, sizeof h->delta);
  memcpy(h->load_before, loads_before, sizeof h->load_before);
  memcpy(h->load_after, loads_after, sizeof h->load_after);
  memcpy(h->under_minus_over, balanced_cycle, sizeof h->under_minus_over);
  for (int k = 0; k < E; k++)
    h->real_after[k] = h->real_delta[k] = unit * (double)sign_step[k];
  tell_instance(h);
  h->step = (alf_step){.n = 1,
                       .batch_before = &h->batch,
                       .batch_after = &h->batch,
                       .topk = K,
                       .shift_before = {h->before, h->real_before},
                       .shift_after = {h->after, h->real_after},
                       .delta = {h->delta, h->real_delta},
                       .step_size = unit,
                       .chosen_before = h->chosen_before,
                       .chosen_after = h->chosen_after,
                       .load_before = h->load_before,
                       .load_after = h->load_after};
  h->facts = (alf_facts){.benefit = unit,
                         .least_benefit = unit,
                         .squared_excess = 2 * unit,
                         .change = -unit,
                         .condition = unit,
                         .upper_slack = unit,
                         .switched_tokens = 1,
                         .swapped_slots = 1,
                         .least_margin = unit / 2,
                         .least_slack = unit / 2,
                         .under = 1,
                         .over = 1,
                         .overload = E,
                         .slot_slack = unit,
                         .spread = 2 * unit,
                         .has_gap = true,
                         .gap = unit};
  h->facts.moves[ALF_OVER][ALF_UNDER] = 1;
}

/* What a claim remembers. */
static union {
  max_align_t aligned;
  unsigned char bytes[1 << 14];
} memory;

static const alf_claim *call(alf_told *h, const char *id, int64_t steps)
{
  const alf_claim *claim = alf_claim_find(id);
  assert_true(claim->state_size <= sizeof memory);
  memset(&memory, 0, sizeof memory);
  h->result = (alf_claim_result){.margin = NAN, .steps = steps};
  if (claim->begin)
    claim->begin(&memory, &h->run);
  return claim;
}

const char *alf_judge_told(alf_told *h, const char *id)
{
  const alf_claim *claim = call(h, id, 1);
  if (claim->observe)
    claim->observe(&memory, &h->run, &h->step, &h->facts);
  claim->finish(&memory, &h->run, &h->result);
  return alf_verdict_name(h->result.verdict);
}

/* The sign step that the rule must take from these loads. */
static void tell_sign_step(alf_told *h, const int64_t *load)
{
  for (int32_t k = 0; k < E; k++) {
    int64_t deficit = h->step.topk * h->batch.tokens - E * load[k];
    h->delta[k] = (deficit > 0) - (deficit < 0);
    h->real_delta[k] = h->step.step_size * (double)h->delta[k];
  }
}

const char *alf_judge_loads(alf_told *h, const int64_t loads[4][E], int64_t first)
{
  const alf_claim *c4 = call(h, "C4", first + 2);
  for (int n = 0; n < 3; n++) {
    h->step.n = first + n;
    h->step.load_before = loads[n];
    tell_sign_step(h, loads[n]);
    h->step.load_after = loads[n + 1];
    c4->observe(&memory, &h->run, &h->step, &h->facts);
  }
  c4->finish(&memory, &h->run, &h->result);
  return alf_verdict_name(h->result.verdict);
}

double alf_told_measure(const alf_told *h, const char *name)
{
  for (int m = 0; m < h->result.measures; m++)
    if (!strcmp(h->result.measure[m].name, name))
      return h->result.measure[m].value;
  fail_msg("no measure %s", name);
  return NAN;
}
