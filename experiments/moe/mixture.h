/* The mixture of experts of one layer: gate, routed experts with SwiGLU (Shazeer, arXiv:2002.05202), shared experts. Tokens
   are sorted by expert, so that each expert is one matrix product. (DeepSeekMoE, Dai et al., arXiv:2401.06066) */
#ifndef ALF_MOE_MIXTURE_H
#define ALF_MOE_MIXTURE_H

#include "core/team.h"
#include "moe/shape.h"

/* Parameters of a layer, or their gradients. */
typedef struct alf_mixture_weights {
  alf_real *gate, *up, *down, *shared_up, *shared_down; /* as in alf_moe_layer_offsets */
} alf_mixture_weights;

/* What a layer keeps between forward and backward. N = T·K slots, sorted by expert. */
typedef struct alf_mixture {
  const alf_moe_shape *shape;
  alf_team *team;
  alf_mixture_weights parameter, gradient;
  const alf_real *x;                    /* T×D */
  alf_real *affinity;                   /* T×E: γ, what the router sees */
  const uint64_t *chosen;               /* selection of every token (alf/routing.h), by the router */
  const int64_t *load;                  /* E */
  int64_t *offset;                      /* E + 1: first slot of each expert */
  int32_t *token_of;                    /* N: whose slot it is */
  int32_t *expert_of;                   /* N */
  int32_t *slot_of;                     /* T×K */
  alf_real *weight;                     /* N: what the expert's output is multiplied by */
  alf_real *gathered;                   /* N×D */
  alf_real *pre;                        /* N×2F */
  alf_real *active;                     /* N×F */
  alf_real *result;                     /* N×D */
  alf_real *shared_pre, *shared_active; /* T×2·shared·F, T×shared·F */
  alf_real *out;                        /* T×D */
  double auxiliary_loss;
} alf_mixture;

/* What backward needs beyond that: shared by all layers. */
typedef struct alf_mixture_scratch {
  const alf_real *dout; /* T×D */
  alf_real *dx;         /* T×D: written */
  alf_real *dresult;    /* N×D */
  alf_real *dactive;    /* N×F */
  alf_real *dpre;       /* N×2F */
  alf_real *dgathered;  /* N×D */
  alf_real *daffinity;  /* T×E */
  alf_real *dshared_pre, *dshared_active;
} alf_mixture_scratch;

/* Fills affinity: softmax or sigmoid of x·gate. */
void alf_mixture_gate(const alf_mixture *mixture);

/* With chosen and load set: fills the rest. */
void alf_mixture_forward(alf_mixture *mixture);

/* Adds to the gradients, and writes dx. */
void alf_mixture_backward(const alf_mixture *mixture, const alf_mixture_scratch *scratch);

#endif
