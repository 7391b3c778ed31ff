#include <math.h>
#include <stdlib.h>

#include "alf/verify.h"
#include "judge.h"

struct alf_watch {
  alf_run run;
  const alf_claim *const *claims;
  int count;
  void **state; /* one a claim */
  alf_observer *observer;
  alf_cycle *cycle; /* NULL unless the run can have one */
  bool at_start;    /* no step seen yet */
  int64_t steps;
  int64_t moved_at; /* the update at which the batch was another one; 0: γ is fixed */
};

static bool alloc_states(alf_watch *watch)
{
  while (watch->claims[watch->count])
    watch->count++;
  watch->state = calloc((size_t)watch->count + 1, sizeof *watch->state);
  for (int c = 0; watch->state && c < watch->count; c++) {
    watch->state[c] = calloc(1, watch->claims[c]->state_size + 1);
    if (!watch->state[c])
      return false;
  }
  return watch->state != NULL;
}

/* The run, as claim number c is to see it. */
static const alf_run *run_for(alf_watch *watch, int c)
{
  watch->run.falsehood = watch->claims[c]->falsehood;
  return &watch->run;
}

/* Whether a shift that returns, modulo a common one unless the format is anchored, makes everything that followed it
   return, as far as published steps tell: the rule computes equal steps from equal loads, in exact arithmetic. */
static bool shift_is_all(const alf_run *run)
{
  bool from_loads = run->rule->form == ALF_FORM_SIGN || run->rule->form == ALF_FORM_PROPORTIONAL;
  bool stale = run->format && run->format->stale;
  return run->exact && run->schedule->constant && from_loads && !run->rule->state_size && !stale;
}

static size_t state_size(const alf_run *run)
{
  int32_t experts = run->instance->batch->experts;
  return alf_format_is_anchored(run->format) ? (size_t)experts * sizeof(int64_t) : alf_cycle_shift_size(experts);
}

static bool observe_cycle(alf_watch *watch, const alf_step *step, const int64_t *shift, const int64_t *load)
{
  int64_t slots = step->topk * step->batch_after->tokens;
  return alf_format_is_anchored(watch->run.format) ? alf_cycle_observe(watch->cycle, shift, 0, load, slots)
                                                   : alf_cycle_observe_shift(watch->cycle, shift, load, slots);
}

alf_status alf_watch_alloc(alf_watch **out, const alf_run *run, const alf_claim *const *claims, int64_t max_steps,
                           alf_error *err)
{
  alf_watch *watch = calloc(1, sizeof *watch);
  *out = NULL;
  if (!watch)
    return alf_fail_memory(err, sizeof *watch);
  watch->run = *run;
  watch->claims = claims;
  watch->at_start = true;
  alf_status status = alloc_states(watch) ? ALF_OK : alf_fail_memory(err, ALF_MAX_EXPERTS);
  if (status == ALF_OK)
    status = alf_observer_alloc(&watch->observer, run->instance, err);
  int32_t experts = run->instance->batch->experts;
  if (status == ALF_OK && shift_is_all(run))
    status = alf_cycle_alloc(&watch->cycle, experts, state_size(run), max_steps, err);
  if (status != ALF_OK) {
    alf_watch_free(watch);
    return status;
  }
  for (int c = 0; c < watch->count; c++)
    if (claims[c]->begin)
      claims[c]->begin(watch->state[c], run_for(watch, c));
  *out = watch;
  return ALF_OK;
}

bool alf_watch_step(alf_watch *watch, const alf_step *step)
{
  alf_facts facts;
  if (step->batch_before != step->batch_after && !watch->moved_at)
    watch->moved_at = step->n;
  if (watch->moved_at)
    return true;
  alf_observe(watch->observer, step, &facts);
  for (int c = 0; c < watch->count; c++)
    if (watch->claims[c]->observe)
      watch->claims[c]->observe(watch->state[c], run_for(watch, c), step, &facts);
  watch->steps++;
  if (!watch->cycle)
    return false;
  if (watch->at_start)
    observe_cycle(watch, step, step->shift_before.grid, step->load_before);
  watch->at_start = false;
  return observe_cycle(watch, step, step->shift_after.grid, step->load_after);
}

/* The deterministic claims are about one batch, repeated. */
static void conclude_moved(const alf_watch *watch, alf_claim_result *result)
{
  *result = (alf_claim_result){.margin = NAN, .steps = watch->steps};
  alf_add_hypothesis(result, "affinities are fixed over the iterations", false, "changed_at_step",
                     (double)watch->moved_at);
  alf_conclude(result, ALF_HYPOTHESIS_NOT_MET, "the batch changed at step %lld", (long long)watch->moved_at);
}

/* … and about routing by γ + p. */
static void conclude_product(const alf_watch *watch, alf_claim_result *result)
{
  *result = (alf_claim_result){.margin = NAN, .steps = watch->steps};
  alf_add_hypothesis(result, "experts are chosen by affinity + shift", false, "by_the_product", 1);
  alf_conclude(result, ALF_HYPOTHESIS_NOT_MET, "the rule's shift multiplies the affinities");
}

void alf_watch_finish(alf_watch *watch, alf_claim_result *results)
{
  watch->run.cycle = watch->cycle ? alf_cycle_found(watch->cycle) : NULL;
  for (int c = 0; c < watch->count; c++) {
    results[c] = (alf_claim_result){.margin = NAN, .steps = watch->steps};
    watch->claims[c]->finish(watch->state[c], run_for(watch, c), &results[c]);
    if (watch->moved_at && !watch->claims[c]->fixed_by_batch)
      conclude_moved(watch, &results[c]);
    else if (watch->run.rule->combine != ALF_ADD && !watch->claims[c]->fixed_by_batch)
      conclude_product(watch, &results[c]);
  }
}

void alf_watch_free(alf_watch *watch)
{
  if (!watch)
    return;
  for (int c = 0; watch->state && c < watch->count; c++)
    free(watch->state[c]);
  free(watch->state);
  alf_observer_free(watch->observer);
  alf_cycle_free(watch->cycle);
  free(watch);
}
