/* The mixture of experts of one layer behind a norm, in a residual branch: gate, routed experts with SwiGLU, shared experts.
   Tokens are sorted by expert, so that each expert is one matrix product. (DeepSeekMoE, Dai et al., arXiv:2401.06066) What is
   done to rows is called for every range of them, what is done to experts for every one; calls of one kind may be made at
   the same time, and so may those of experts and shared experts. */
#ifndef ALF_MOE_MIXTURE_H
#define ALF_MOE_MIXTURE_H

#include "moe/dense.h"
#include "moe/rows.h"

/* Parameters of a layer, or their gradients. */
typedef struct alf_mixture_weights {
  alf_real *norm, *gate, *up, *down, *shared_up, *shared_down; /* as in alf_moe_layer_offsets */
} alf_mixture_weights;

/* What a layer keeps between forward and backward. N = T·K slots, sorted by expert. */
typedef struct alf_mixture {
  const alf_moe_shape *shape;
  const alf_rows_kernel *rows;
  alf_mixture_weights parameter, gradient;
  const alf_real *middle; /* T×D: what comes in */
  alf_real *x;            /* T×D: behind the norm */
  alf_real *scale;        /* T: of the norm */
  alf_real *affinity;     /* T×E: γ, what the router sees */
  const uint64_t *chosen; /* selection of every token (alf/routing.h), by the router */
  const int64_t *load;    /* E */
  int64_t *offset;        /* E + 1: first slot of each expert */
  int32_t *token_of;      /* N: whose slot it is */
  int32_t *expert_of;     /* N */
  int32_t *slot_of;       /* T×K */
  alf_real *weight;       /* N: what the expert's output is multiplied by */
  alf_real *pre;          /* N×2F */
  alf_real *shared_pre;   /* T×2·shared·F */
  double *auxiliary;      /* pieces: of the auxiliary loss */
} alf_mixture;

/* What one thread needs for an expert that may have all tokens. */
typedef struct alf_mixture_bench {
  alf_real *x, *dout;         /* T×D each: of the expert's tokens */
  alf_real *active, *dactive; /* T×F each */
  alf_real *dpre;             /* T×2F */
} alf_mixture_bench;

/* What is shared by all layers. */
typedef struct alf_mixture_scratch {
  alf_mixture_bench *bench; /* one a member */
  alf_real *of_slot;        /* N×D: what experts give, or what comes back through them */
  alf_real *shared_out;     /* T×D */
  alf_real *shared_active;  /* T×shared·F */
  const alf_real *dout;     /* T×D */
  alf_real *dmiddle;        /* T×D: written */
  alf_real *dnormed;        /* T×D */
  alf_real *dweight;        /* N */
  alf_real *daffinity;      /* T×E */
  alf_real *dshared_active, *dshared_pre;
  alf_real *dnorm; /* pieces × D */
} alf_mixture_scratch;

/* Forward: the norm and affinity, softmax or sigmoid of x·gate. Then the router chooses; the slots are sorted; experts and
   shared experts; and all of it is added up: out = middle + theirs. */
void alf_mixture_gate(const alf_mixture *mixture, alf_range range);
void alf_mixture_sort(const alf_mixture *mixture);
void alf_mixture_expert(const alf_mixture *mixture, const alf_mixture_scratch *scratch, int64_t expert, int member);
void alf_mixture_shared(const alf_mixture *mixture, const alf_mixture_scratch *scratch, alf_range range);
void alf_mixture_combine(const alf_mixture *mixture, const alf_mixture_scratch *scratch, alf_range range,
                         alf_real *out);

/* Backward: experts and shared experts; the gate; and all of it collected to dmiddle and dnorm. */
void alf_mixture_expert_back(const alf_mixture *mixture, const alf_mixture_scratch *scratch, int64_t expert,
                             int member);
void alf_mixture_shared_back(const alf_mixture *mixture, const alf_mixture_scratch *scratch, alf_range range);
void alf_mixture_gate_back(const alf_mixture *mixture, const alf_mixture_scratch *scratch, alf_range range);
void alf_mixture_collect_back(const alf_mixture *mixture, const alf_mixture_scratch *scratch, alf_range range);

/* The gradients that are products over all tokens, after gate_back. */
void alf_mixture_weights_back(const alf_mixture *mixture, const alf_mixture_scratch *scratch, alf_dense_list *list);

/* After combine of all pieces. */
double alf_mixture_auxiliary_loss(const alf_mixture *mixture);

#endif
