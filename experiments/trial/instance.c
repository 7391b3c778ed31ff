#include "trial/instance.h"

#include <stdlib.h>

#include "alf/parallel.h"
#include "measure/input.h"
#include "measure/measure.h"

/* The optima of the batches of one instance, found side by side. */
typedef struct optima {
  const alf_trial_instance *instance;
  bool (*stop)(void);
  alf_error *err; /* one for each batch: threads do not share one */
} optima;

alf_trial_class alf_trial_class_of(const alf_source *source)
{
  const alf_family_call *call;
  const alf_family *family = alf_source_family(source, &call);
  if (alf_source_describe(source)->batches == 1)
    return ALF_TRIAL_BATCH;
  return !family ? ALF_TRIAL_STREAM : family->stationary ? ALF_TRIAL_FRESH : ALF_TRIAL_DRIFT;
}

static void solve_one(void *context, int64_t b)
{
  const optima *o = context;
  alf_affinity dyadic = {0};
  alf_problem problem = {.batch = &dyadic, .topk = o->instance->topk, .kind = ALF_FRACTIONAL};
  alf_solve_settings settings = {.threads = 1, .stop = o->stop};
  alf_optimum optimum = {0};
  alf_status status = alf_affinity_convert(&o->instance->batch[b], ALF_DYADIC, &dyadic, &o->err[b]);
  if (status == ALF_OK)
    alf_optimum_find(&problem, &settings, &optimum, &o->err[b]);
  o->instance->optimum[b] = optimum.value;
  alf_affinity_free(&dyadic);
}

/* The error is that of the first batch which has one. */
static alf_status find_optima(const alf_trial_instance *instance, const alf_trial_settings *settings, alf_error *err)
{
  optima o = {instance, settings->stop, calloc((size_t)instance->batches, sizeof *o.err)};
  if (!o.err)
    return alf_fail_memory(err, (size_t)instance->batches * sizeof *o.err);
  alf_parallel_for(instance->batches, settings->threads, solve_one, &o);
  alf_status status = ALF_OK;
  for (int64_t b = 0; b < instance->batches && status == ALF_OK; b++)
    if (o.err[b].code != ALF_OK)
      status = alf_fail(err, o.err[b].code, "%s", o.err[b].text);
  free(o.err);
  return status;
}

alf_status alf_trial_instance_read(alf_trial_instance *instance, alf_source *source, const alf_trial_settings *settings,
                                   alf_error *err)
{
  size_t batches = (size_t)instance->batches;
  instance->batch = calloc(batches, sizeof *instance->batch);
  instance->optimum = calloc(batches, sizeof *instance->optimum);
  if (!instance->batch || !instance->optimum)
    return alf_fail_memory(err, batches * sizeof *instance->batch);
  alf_status status = ALF_OK;
  for (int64_t b = 0; b < instance->batches && status == ALF_OK; b++)
    status = alf_input_next(source, NULL, ALF_FLOAT32, &instance->batch[b], err);
  return status == ALF_OK ? find_optima(instance, settings, err) : status;
}

void alf_trial_instance_free(alf_trial_instance *instance)
{
  for (int64_t b = 0; instance->batch && b < instance->batches; b++)
    alf_affinity_free(&instance->batch[b]);
  free(instance->batch);
  free(instance->optimum);
  instance->batch = NULL;
  instance->optimum = NULL;
}
