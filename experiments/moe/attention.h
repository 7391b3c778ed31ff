/* Causal self-attention with rotary positions (Su et al., arXiv:2104.09864), head by head. */
#ifndef ALF_MOE_ATTENTION_H
#define ALF_MOE_ATTENTION_H

#include "core/team.h"
#include "moe/shape.h"

/* T = S·sequences rows. */
typedef struct alf_attention {
  const alf_moe_shape *shape;
  alf_team *team;
  const alf_real *turn; /* S × D/heads: cosine and sine of each pair's angle at a position (alf_rotary_fill) */
  alf_real *qkv;        /* T×3D: queries, keys, values; rotated in place */
  alf_real *weight;     /* sequences·heads × S×S */
  alf_real *out;        /* T×D */
  alf_real *dqkv;       /* T×3D */
  const alf_real *dout; /* T×D */
  alf_real *dweight;    /* as weight: scratch */
} alf_attention;

void alf_rotary_fill(const alf_moe_shape *shape, alf_real *turn);

/* Rotates queries and keys, and fills weight and out. */
void alf_attention_forward(const alf_attention *attention);

/* Fills dqkv, that of the queries and keys before they were rotated. */
void alf_attention_backward(const alf_attention *attention);

#endif
