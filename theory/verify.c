#include "alf/verify.h"

#include <math.h>
#include <stdio.h>

/* Whether a run of this cell ends in a limit cycle that is worth waiting for. The watch cannot tell one by stale
   loads. */
static bool awaits_cycle(const alf_cell *cell, const alf_verify_settings *settings)
{
  bool stale = cell->format && cell->format->stale;
  return settings->exact && cell->rule->form == ALF_FORM_SIGN && cell->schedule->constant && !stale;
}

static alf_status run_steps(alf_iterate *it, const alf_affinity *batch, const alf_cell *cell,
                            const alf_verify_settings *settings, alf_watch *watch, alf_error *err)
{
  int64_t last = settings->steps;
  if (awaits_cycle(cell, settings) && settings->cycle_steps > last)
    last = settings->cycle_steps;
  alf_status status = alf_iterate_start(it, batch, err);
  for (int64_t n = 0; status == ALF_OK && n < last; n++) {
    const alf_step *step;
    if (settings->stop && settings->stop())
      return alf_fail(err, ALF_EINTERRUPTED, "interrupted after %lld steps", (long long)n);
    status = alf_iterate_step(it, batch, &step, err);
    if (status == ALF_OK && alf_watch_step(watch, step))
      break;
  }
  return status;
}

/* What was seen of a run that broke off, or never began, is true as far as it goes, but proves nothing beyond. What the
   batch alone decides is decided, unless there was no memory to judge it. */
static void mark_broken_off(const alf_verify_settings *settings, bool judged, const alf_error *why,
                            alf_claim_result *results)
{
  for (int c = 0; settings->claims[c]; c++) {
    alf_claim_result *r = &results[c];
    bool stands =
        r->verdict == ALF_REFUTED || r->verdict == ALF_HYPOTHESIS_NOT_MET || settings->claims[c]->fixed_by_batch;
    if (judged && stands)
      continue;
    r->verdict = ALF_INCONCLUSIVE;
    snprintf(r->reason, sizeof r->reason, "%.200s", why->text);
  }
}

static alf_status check_routed(const alf_instance *instance, const alf_affinity *routed, const alf_cell *cell,
                               const alf_verify_settings *settings, alf_error *err)
{
  int64_t padding = cell->format ? cell->format->padding : 0;
  if (routed->tokens - padding != instance->batch->tokens || routed->experts != instance->batch->experts ||
      (routed->dtype == ALF_DYADIC) != settings->exact)
    return alf_fail(err, ALF_EINVAL, "%lld tokens, %lld of padding, %s: expected those of the instance, %lld, %s",
                    (long long)routed->tokens, (long long)padding, routed->dtype == ALF_DYADIC ? "dyadic" : "float",
                    (long long)instance->batch->tokens, settings->exact ? "dyadic" : "float");
  return ALF_OK;
}

alf_status alf_verify_cell(const alf_instance *instance, const alf_affinity *routed, const alf_cell *cell,
                           const alf_verify_settings *settings, alf_claim_result *results, alf_error *err)
{
  const alf_affinity *batch = routed ? routed : instance->batch;
  alf_run run = {.instance = instance,
                 .rule = cell->rule,
                 .schedule = cell->schedule,
                 .u = alf_format_step_size(cell->format, cell->u),
                 .exact = settings->exact,
                 .format = cell->format};
  alf_iterate_settings iterate = {.rule = cell->rule,
                                  .schedule = cell->schedule,
                                  .u = cell->u,
                                  .topk = instance->topk,
                                  .rule_values = cell->rule_values,
                                  .schedule_values = cell->schedule_values,
                                  .format = cell->format,
                                  .shift = cell->shift};
  int64_t most = settings->steps > settings->cycle_steps ? settings->steps : settings->cycle_steps;
  alf_iterate *it = NULL;
  alf_watch *watch = NULL;
  alf_error why = {0};
  for (int c = 0; settings->claims[c]; c++)
    results[c] = (alf_claim_result){.margin = NAN};
  alf_status status = check_routed(instance, batch, cell, settings, &why);
  if (status == ALF_OK)
    status = alf_watch_alloc(&watch, &run, settings->claims, most, &why);
  if (status == ALF_OK)
    status = alf_iterate_alloc(&it, batch, &iterate, &why);
  if (status == ALF_OK)
    status = run_steps(it, batch, cell, settings, watch, &why);
  if (watch)
    alf_watch_finish(watch, results);
  if (status != ALF_OK) {
    mark_broken_off(settings, watch != NULL, &why, results);
    alf_fail(err, status, "%s", why.text);
  }
  alf_watch_free(watch);
  alf_iterate_free(it);
  return status;
}
