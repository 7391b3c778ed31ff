#include "trial/trial.h"

#include <math.h>
#include <stdlib.h>

#include "measure/measure.h"
#include "trial/measures.h"

const char *const alf_trial_class_names[ALF_TRIAL_CLASSES] = {[ALF_TRIAL_BATCH] = "batch",
                                                              [ALF_TRIAL_FRESH] = "fresh",
                                                              [ALF_TRIAL_DRIFT] = "drift",
                                                              [ALF_TRIAL_STREAM] = "stream"};

/* Sums over the iterates of a run. */
typedef struct sums {
  alf_trial_loads loads;
  double optimum, objective, dual; /* of the second half */
  int64_t swaps;                   /* of the last tenth */
} sums;

/* D(p) where routing by Top-K attains it; where the shift multiplies nobody looks at it, and evaluating it is slow. */
static alf_iterate_value value_of(const alf_trial *trial, const alf_step *step)
{
  alf_step plain = *step;
  plain.not_topk = step->not_topk && trial->rule->combine == ALF_ADD;
  return alf_measure_value(&plain);
}

static void note(const alf_trial_instance *instance, const alf_trial *trial, const alf_step *step, sums *s)
{
  const alf_affinity *batch = step->batch_after;
  s->loads.most[step->n] = alf_measure_balance(step->load_after, batch->experts, s->loads.slots).max_load;
  if (step->n >= alf_trial_second_half(instance->updates)) {
    alf_iterate_value value = value_of(trial, step);
    s->optimum += instance->optimum[step->n % instance->batches];
    s->objective += value.objective;
    s->dual += value.dual_value;
  }
  if (step->n >= alf_trial_last_tenth(instance->updates) && instance->batches == 1)
    s->swaps += alf_count_churn(step).swaps;
}

static alf_trial_measures measure(const alf_trial_instance *instance, const alf_trial *trial, const sums *s)
{
  const alf_trial_loads *loads = &s->loads;
  int64_t half = alf_trial_second_half(loads->updates), tenth = alf_trial_last_tenth(loads->updates);
  bool whole = !trial->format || trial->format->padding == 0; /* optima are those of all tokens */
  double scale = whole && s->optimum != 0 ? fabs(s->optimum) : (double)NAN;
  return (alf_trial_measures){
      .sum = alf_trial_sum(loads, half),
      .mean = alf_trial_mean(loads, half),
      .end = alf_trial_mean(loads, tenth),
      .worst = alf_trial_worst(loads, tenth),
      .reached = alf_trial_reached(loads, ALF_TRIAL_WINDOW, instance->threshold),
      .lost = (s->optimum - s->objective) / scale,
      .gap = trial->rule->combine == ALF_ADD ? (s->dual - s->optimum) / scale : (double)NAN,
      .swaps = instance->batches > 1 ? (double)NAN
                                     : (double)s->swaps / (double)(loads->slots * (loads->updates - tenth + 1)),
  };
}

static alf_status iterate(const alf_trial_instance *instance, bool (*stop)(void), alf_trial *trial, alf_iterate *it,
                          sums *s)
{
  alf_status status = alf_iterate_start(it, &instance->batch[0], &trial->err);
  const alf_step *step = alf_iterate_current(it);
  if (status != ALF_OK)
    return status;
  s->loads.experts = step->batch_after->experts;
  s->loads.slots = step->topk * step->batch_after->tokens;
  note(instance, trial, step, s);
  for (int64_t n = 1; n <= instance->updates && status == ALF_OK; n++) {
    if (stop && stop())
      return alf_fail(&trial->err, ALF_EINTERRUPTED, "interrupted");
    status = alf_iterate_step(it, &instance->batch[n % instance->batches], &step, &trial->err);
    if (status == ALF_OK)
      note(instance, trial, step, s);
  }
  return status;
}

void alf_trial_run(const alf_trial_instance *instance, bool (*stop)(void), alf_trial *trial)
{
  alf_iterate_settings settings = {.rule = trial->rule,
                                   .schedule = trial->schedule,
                                   .u = trial->u,
                                   .topk = instance->topk,
                                   .rule_values = trial->rule_values,
                                   .schedule_values = trial->schedule_values,
                                   .format = trial->format,
                                   .threads = 1};
  size_t size = (size_t)(instance->updates + 1) * sizeof(int64_t);
  sums s = {.loads = {.updates = instance->updates, .most = calloc(1, size)}};
  alf_iterate *it = NULL;
  trial->done = true;
  trial->status = s.loads.most ? alf_iterate_alloc(&it, &instance->batch[0], &settings, &trial->err)
                               : alf_fail_memory(&trial->err, size);
  if (trial->status == ALF_OK)
    trial->status = iterate(instance, stop, trial, it, &s);
  if (trial->status == ALF_OK)
    trial->measures = measure(instance, trial, &s);
  alf_iterate_free(it);
  free(s.loads.most);
}

bool alf_trial_succeeded(const alf_trial *trial)
{
  return trial->done && trial->status == ALF_OK;
}

double alf_trial_max_violation(const alf_trial_instance *instance, const alf_trial *trial)
{
  return alf_trial_succeeded(trial) ? trial->measures.mean : (double)instance->batch[0].experts / instance->topk - 1;
}
