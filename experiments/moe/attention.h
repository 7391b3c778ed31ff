/* Causal self-attention with rotary positions (Su et al., arXiv:2104.09864) behind a norm, in a residual branch. What is done
   to rows is called for every range of them, what is done to heads for every head of every sequence; calls of one kind may
   be made at the same time. */
#ifndef ALF_MOE_ATTENTION_H
#define ALF_MOE_ATTENTION_H

#include "moe/dense.h"
#include "moe/rows.h"

/* Parameters of a layer, or their gradients. */
typedef struct alf_attention_weights {
  alf_real *norm, *qkv, *out; /* as in alf_moe_layer_offsets */
} alf_attention_weights;

/* What a layer keeps between forward and backward. */
typedef struct alf_attention {
  const alf_moe_shape *shape;
  const alf_rows_kernel *rows;
  alf_attention_weights parameter, gradient;
  const alf_real *turn; /* S × D/heads: of a position the cosines and then the sines (alf_rotary_fill) */
  alf_real *x;          /* T×D: what comes in */
  alf_real *normed;     /* T×D */
  alf_real *scale;      /* T: of the norm */
  alf_real *qkv;        /* T×3D: queries, keys, values */
  alf_real *weight;     /* sequences·heads × S×S */
  alf_real *out;        /* T×D: of all heads */
  alf_real *middle;     /* T×D: x + out·W */
} alf_attention;

/* What backward needs beyond that: shared by all layers. */
typedef struct alf_attention_scratch {
  const alf_real *dmiddle; /* T×D */
  alf_real *dx;            /* T×D: written */
  alf_real *dout;          /* T×D */
  alf_real *dqkv;          /* T×3D */
  alf_real *dweight;       /* members × S×S */
  alf_real *dnormed;       /* T×D */
  alf_real *dnorm;         /* pieces × D */
} alf_attention_scratch;

void alf_rotary_fill(const alf_moe_shape *shape, alf_real *turn);

/* Forward, one after the other: x to qkv; then every head; then out to middle. */
void alf_attention_enter(const alf_attention *attention, alf_range range);
void alf_attention_head(const alf_attention *attention, int64_t head);
void alf_attention_leave(const alf_attention *attention, alf_range range);

/* Backward: dmiddle to dout; every head; dqkv to dx and dnorm. Heads turn the queries' and keys' gradients back. */
void alf_attention_leave_back(const alf_attention *attention, const alf_attention_scratch *scratch, alf_range range);
void alf_attention_head_back(const alf_attention *attention, const alf_attention_scratch *scratch, int64_t head,
                             int member);
void alf_attention_enter_back(const alf_attention *attention, const alf_attention_scratch *scratch, alf_range range);

/* Additions and multiplications of a layer's heads, forward. */
double alf_attention_operations(const alf_moe_shape *shape);

/* The gradients that are products over all tokens: of the matrix behind the heads after leave_back, of the one before them
   after all heads. */
alf_dense_weight alf_attention_out_weight(const alf_attention *attention, const alf_attention_scratch *scratch);
alf_dense_weight alf_attention_qkv_weight(const alf_attention *attention, const alf_attention_scratch *scratch);

#endif
