/* Everything a training run goes on from, in memory and as a file. */
#ifndef ALF_MOE_CHECKPOINT_H
#define ALF_MOE_CHECKPOINT_H

#include "moe/history.h"

enum { ALF_CORE_NAME = 32 };

/* Zero-initialise. */
typedef struct alf_trainer_state {
  alf_moe_model *model;
  alf_balancer *balancer;
  alf_real *mean, *square; /* of AdamW */
  alf_moe_history history;
  alf_error *cause;               /* layers: why one cannot be measured */
  uint64_t text;                  /* alf_corpus.sum of what is trained on: noted in checkpoints */
  char other_core[ALF_CORE_NAME]; /* alf_gemm_core of the checkpoint that was read, where it is another one; else "" */
} alf_trainer_state;

/* As before the first step. Errors: ALF_EINVAL, ALF_ENOMEM. */
alf_status alf_trainer_state_alloc(alf_trainer_state *state, const alf_moe_config *config, int threads, alf_error *err);
void alf_trainer_state_free(alf_trainer_state *state);

/* folder/checkpoint.bin; the old one stays until the new one is whole. Errors: ALF_EIO. */
alf_status alf_checkpoint_write(const alf_trainer_state *state, const alf_moe_config *config, const char *folder,
                                alf_error *err);

/* Into the state of a run of the same config. Errors: ALF_EIO; ALF_EFORMAT when it is broken, of another config or text, or of
   another machine's byte order. */
alf_status alf_checkpoint_read(alf_trainer_state *state, const alf_moe_config *config, const char *folder,
                               alf_error *err);

#endif
