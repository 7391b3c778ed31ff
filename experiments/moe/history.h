/* What a training run has shown, step by step; kept in memory and written whole, so that a run that was resumed leaves the
   same files. */
#ifndef ALF_MOE_HISTORY_H
#define ALF_MOE_HISTORY_H

#include <stdio.h>

#include "moe/config.h"

/* Of a step. */
typedef struct alf_moe_step_record {
  double loss, auxiliary, rate, gradient_norm;
  double validation; /* nats a byte; NaN: not measured after this step */
} alf_moe_step_record;

/* Of a layer at a step. */
typedef struct alf_moe_layer_record {
  double max_violation, entropy; /* max load / L − 1; of the loads, over ln E */
  double dead;                   /* experts without a token */
  double objective, optimum;     /* Σ γ of the chosen, and the certified optimum of the batch; NaN: not measured */
  double gap;                    /* D(p) − optimum */
  double inside;                 /* experts k with p_k − p_0 in its interval of optimal prices, of all k > 0 */
  double outside;                /* the farthest that a p_k − p_0 is from its interval, affinity units */
  double correlation;            /* of the shift with the centre of all optimal prices, over the experts */
} alf_moe_layer_record;

/* Zero-initialise. */
typedef struct alf_moe_history {
  int64_t room, steps; /* records; those that are there */
  int32_t layers, experts;
  alf_moe_step_record *step;   /* room */
  alf_moe_layer_record *layer; /* room × layers */
  double *load, *shift;        /* layers × room × E */
  int traces;                  /* steps traced so far */
  int64_t tokens;
  float *trace; /* layers × config.traces × T×E */
  int most_traces;
} alf_moe_history;

/* All memory for a run of the config. Errors: ALF_ENOMEM. */
alf_status alf_moe_history_alloc(alf_moe_history *history, const alf_moe_config *config, alf_error *err);
void alf_moe_history_free(alf_moe_history *history);

/* Room of a step's loads, or shifts, of a layer: E numbers. */
double *alf_moe_history_row(const alf_moe_history *history, double *array, int32_t layer, int64_t step);

/* Where the affinities of a layer go at traced step number `trace`: T×E. */
float *alf_moe_history_trace(const alf_moe_history *history, int32_t layer, int trace);

/* Writes into a folder: steps.csv, layers.csv, and for every layer loads_layerL.npy and shifts_layerL.npy (steps × E) and
   trace_layerL.npy (traced steps × T × E, float32), trace_shift_layerL.npy (traced steps × E). Errors: ALF_EIO. */
alf_status alf_moe_history_write(const alf_moe_history *history, const alf_moe_config *config, const char *folder,
                                 alf_error *err);

/* For checkpoints: what is there, to and from an open file; false when that fails. */
bool alf_moe_history_save(const alf_moe_history *history, FILE *file);
bool alf_moe_history_load(alf_moe_history *history, FILE *file);

#endif
