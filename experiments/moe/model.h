/* The language model: forward, loss, backward. */
#ifndef ALF_MOE_MODEL_H
#define ALF_MOE_MODEL_H

#include "alf/status.h"
#include "moe/crew.h"
#include "moe/rows.h"
#include "moe/shape.h"

/* Opaque. */
typedef struct alf_moe_model alf_moe_model;

/* Who chooses experts: writes where the selection (T×words) and the loads (E) of this layer's affinities (T×E, of
   ALF_MOE_DTYPE) are; they stay valid until the layer is routed again. */
typedef struct alf_moe_chooser {
  alf_status (*choose)(void *context, int32_t layer, const alf_real *affinity, const uint64_t **chosen,
                       const int64_t **load, alf_error *err);
  void *context;
} alf_moe_chooser;

/* All memory that training takes. Parameters are alf_moe_initialise's. Errors: ALF_EINVAL, ALF_ENOMEM. */
alf_status alf_moe_alloc(alf_moe_model **model, const alf_moe_shape *shape, uint64_t seed, int threads, alf_error *err);

/* alf_moe_parameters numbers each. */
alf_real *alf_moe_parameter(alf_moe_model *model);
alf_real *alf_moe_gradient(alf_moe_model *model);

const alf_moe_shape *alf_moe_shape_of(const alf_moe_model *model);
alf_crew *alf_moe_crew(alf_moe_model *model);

/* How a batch is gone through: the affinities of two training batches in a row lie in two places, as a rule may look at
   those of the last one when the next is routed. */
typedef enum alf_moe_mode { ALF_MOE_TRAINING, ALF_MOE_EVALUATION } alf_moe_mode;

/* The mean cross-entropy (nats a token) of the next tokens, and the auxiliary losses of all layers apart. token: T + …:
   sequence s is token[s·(S + 1)] and the S that follow: S inputs, each with the next one as its target. Errors: those of
   the chooser. */
alf_status alf_moe_forward(alf_moe_model *model, alf_moe_mode mode, const int32_t *token,
                           const alf_moe_chooser *chooser, double *loss, double *auxiliary, alf_error *err);

/* After a forward, once: the gradient of loss + auxiliary. */
void alf_moe_backward(alf_moe_model *model);

/* What a layer's router saw in the last forward, T×E. */
const alf_real *alf_moe_affinity(const alf_moe_model *model, int32_t layer);

/* Where the affinities of the last training batch lie; the next forward in training writes elsewhere. */
alf_real *alf_moe_last_affinity(alf_moe_model *model, int32_t layer);

/* Safe on NULL. */
void alf_moe_free(alf_moe_model *model);

#endif
