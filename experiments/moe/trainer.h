/* Trains the language model, with any rule of the library balancing its experts. */
#ifndef ALF_MOE_TRAINER_H
#define ALF_MOE_TRAINER_H

#include "moe/checkpoint.h"
#include "moe/corpus.h"

typedef struct alf_trainer_settings {
  const alf_moe_config *config;
  const alf_corpus *corpus; /* NULL: the config's text */
  const char *folder;       /* is there; what the run leaves goes into it */
  int threads;              /* 0: all; results do not depend on it */
  bool resume;              /* go on from the folder's checkpoint */
  bool (*stop)(void);       /* may be NULL; true ends after the current step, with a checkpoint */
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
  double part[ALF_MOE_PARTS]; /* seconds of all threads: what they were for */
  double loss, validation;    /* the last ones; NaN: none */
  double mean_max_violation;  /* over all layers and the second half of the steps that are there */
  double floating_operations; /* of the matrix products of this call's steps, without validation */
  bool complete;              /* all steps were made */
  char other_core
      [ALF_CORE_NAME]; /* of the checkpoint that the run went on from, where it is not that of the run: then its
                                     bits are not those of a run at one go; else "" */
} alf_trainer_result;

/* A whole run. Errors: those of corpus, model, rules and solvers; ALF_EFORMAT for a checkpoint of another config; ALF_EIO;
   ALF_ERANGE when the loss is no number any more: what was recorded until then is written, but no checkpoint. */
alf_status alf_train(const alf_trainer_settings *settings, alf_trainer_result *result, alf_error *err);

/* Step by step. Opaque. */
typedef struct alf_trainer alf_trainer;

/* All memory that training takes, from the folder's checkpoint if the settings say so; settings are kept by pointer. Errors:
   as above. */
alf_status alf_trainer_alloc(alf_trainer **trainer, const alf_trainer_settings *settings, alf_error *err);

/* The next one of config.steps. */
alf_status alf_trainer_step(alf_trainer *trainer, alf_error *err);

const alf_moe_history *alf_trainer_history(const alf_trainer *trainer);
alf_crew *alf_trainer_crew(const alf_trainer *trainer);

/* Of the matrix products of a step. */
double alf_trainer_operations(const alf_moe_shape *shape);

/* Safe on NULL. */
void alf_trainer_free(alf_trainer *trainer);

#endif
