/* The sizes of a DeepSeekMoE language model (Dai et al., arXiv:2401.06066): fine-grained routed experts and shared ones in
   every layer. */
#ifndef ALF_MOE_SHAPE_H
#define ALF_MOE_SHAPE_H

#include "alf/status.h"
#include "moe/real.h"

typedef struct alf_moe_shape {
  int32_t vocabulary; /* V */
  int32_t width;      /* D, of the residual stream */
  int32_t heads;      /* of attention; D/heads is even */
  int32_t layers;
  int32_t experts, topk; /* E, K */
  int32_t hidden;        /* F, of a routed expert */
  int32_t shared;        /* shared experts, as one of hidden width shared·F; 0: none */
  int32_t context;       /* S, tokens of a sequence */
  int32_t sequences;     /* of a batch: T = S·sequences tokens */
  bool sigmoid;          /* gate: sigmoid, normalised over the chosen; else softmax over all experts */
  double auxiliary;      /* coefficient of the auxiliary balancing loss; 0: none */
} alf_moe_shape;

static inline int64_t alf_moe_tokens(const alf_moe_shape *shape)
{
  return (int64_t)shape->context * shape->sequences;
}

/* Where the parameters of a layer lie in the array of all, in elements. */
typedef struct alf_moe_layer_offsets {
  int64_t norm_attention; /* D */
  int64_t qkv;            /* D×3D */
  int64_t out;            /* D×D */
  int64_t norm_experts;   /* D */
  int64_t gate;           /* D×E */
  int64_t up;             /* E × D×2F: gate and value of SwiGLU side by side */
  int64_t down;           /* E × F×D */
  int64_t shared_up;      /* D × 2·shared·F */
  int64_t shared_down;    /* shared·F × D */
} alf_moe_layer_offsets;

alf_moe_layer_offsets alf_moe_layer_at(const alf_moe_shape *shape, int32_t layer);

/* The others: V×D, D×V, D; and how many there are in all. Norms lie together, behind all matrices. */
int64_t alf_moe_embedding_at(const alf_moe_shape *shape);
int64_t alf_moe_head_at(const alf_moe_shape *shape);
int64_t alf_moe_norms_at(const alf_moe_shape *shape);
int64_t alf_moe_last_norm_at(const alf_moe_shape *shape);
int64_t alf_moe_parameters(const alf_moe_shape *shape);

/* Parameters that one token meets: all but the experts it is not sent to. */
int64_t alf_moe_active_parameters(const alf_moe_shape *shape);

/* ALF_EINVAL for sizes that make no model, naming field, value and what was expected. */
alf_status alf_moe_check_shape(const alf_moe_shape *shape, alf_error *err);

/* Norms are 1; matrices are normal with deviation 1/sqrt(rows), those that write to the residual stream less by
   sqrt(2·layers); the embedding has deviation 1. Drawn from the seed alone. */
alf_status alf_moe_initialise(const alf_moe_shape *shape, uint64_t seed, alf_real *parameter, alf_error *err);

#endif
