/* Batches that rules are compared on, with what is known of them beforehand. */
#ifndef ALF_TRIAL_INSTANCE_H
#define ALF_TRIAL_INSTANCE_H

#include "alf/source.h"
#include "trial/trial.h"

/* How trials are run. */
typedef struct alf_trial_settings {
  int threads;        /* 0: all; no result depends on it */
  bool coarse;        /* every other step size and two schedules only */
  bool (*stop)(void); /* may be NULL; true ends with ALF_EINTERRUPTED soon after */
} alf_trial_settings;

/* What the batches of a source are: one alone is a batch, those of a family fresh or drift, others a stream. */
alf_trial_class alf_trial_class_of(const alf_source *source);

/* Reads the next batches of the source, as many as the instance has, and finds their certified optima. Of the instance
   class, topk, updates and batches must be set. To be freed in any case. Errors: those of reading and solving;
   ALF_ESOLVER for an optimum that is not certified. */
alf_status alf_trial_instance_read(alf_trial_instance *instance, alf_source *source, const alf_trial_settings *settings,
                                   alf_error *err);

void alf_trial_instance_free(alf_trial_instance *instance);

#endif
