/* Trains the language model, with any rule of the library balancing its experts. */
#ifndef ALF_MOE_TRAINER_H
#define ALF_MOE_TRAINER_H

#include "moe/history.h"

typedef struct alf_trainer_settings {
  const alf_moe_config *config;
  const char *folder; /* is there; what the run leaves goes into it */
  int threads;        /* 0: all; results do not depend on it */
  bool resume;        /* go on from the folder's checkpoint */
  bool (*stop)(void); /* may be NULL; true ends after the current step, with a checkpoint */
  /* After every step; may be NULL. */
  void (*tick)(void *context, const alf_moe_history *history, int64_t tokens);
  /* Once, in the end, also after an error; may be NULL. */
  void (*report)(void *context, const alf_moe_history *history);
  void *context;
} alf_trainer_settings;

/* What a run ends with. */
typedef struct alf_trainer_result {
  int64_t steps, tokens;      /* of this call */
  double seconds;             /* of training alone */
  double loss, validation;    /* the last ones; NaN: none */
  double mean_max_violation;  /* over all layers and the second half of the steps that are there */
  double floating_operations; /* of the matrix products of this call */
  bool complete;              /* all steps were made */
} alf_trainer_result;

/* Errors: those of corpus, model, rules and solvers; ALF_EFORMAT for a checkpoint of another config; ALF_EIO. */
alf_status alf_train(const alf_trainer_settings *settings, alf_trainer_result *result, alf_error *err);

#endif
