/* What the model is made of: for model.c, which takes its memory, and for passes.c, which goes through it. */
#ifndef ALF_MOE_INSIDE_H
#define ALF_MOE_INSIDE_H

#include "moe/attention.h"
#include "moe/mixture.h"
#include "moe/model.h"

enum { ALF_MOE_BUFFERS = 3 }; /* two of training, by turns, and one of evaluation */

typedef struct alf_moe_layer {
  alf_attention attention;
  alf_mixture mixture;
  alf_real *affinity[ALF_MOE_BUFFERS]; /* T×E each */
} alf_moe_layer;

struct alf_moe_model {
  alf_moe_shape shape;
  alf_crew *crew;
  const alf_rows_kernel *rows;
  alf_real *parameter, *gradient;
  alf_moe_layer *layer;
  alf_real *turn;           /* alf_rotary_fill's */
  int parity, buffer;       /* of affinities: the last one of training, the one in use */
  int32_t *input, *target;  /* T each */
  alf_real *last;           /* T×D: what comes out of the last layer */
  alf_real *normed, *scale; /* T×D, T: behind the last norm */
  alf_real *logit;          /* T×V; their gradient after forward */
  double *loss;             /* T */
  alf_real *dout, *dmiddle; /* T×D each: gradients of a layer's output, and of what its mixture begins with */
  alf_real *dnormed;        /* T×D */
  alf_real *dnorm;          /* pieces × D */
  alf_attention_scratch attending;
  alf_mixture_scratch mixing;
  int32_t at;          /* the layer that is gone through */
  alf_dense_list list; /* products over all tokens that belong to what is gone through */
  void **block;        /* what all these lie in */
  int blocks, most_blocks;
  bool complete;
};

#endif
