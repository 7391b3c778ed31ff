#include "moe/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "moe/attention.h"
#include "moe/dense.h"

enum { EVALUATION = 2, BUFFERS = 3 }; /* two of training, by turns */

/* What one layer keeps. */
typedef struct moe_layer {
  alf_moe_layer_offsets at;
  alf_real *x;              /* T×D: what comes in */
  alf_real *normed, *scale; /* T×D, T: before attention */
  alf_attention attention;
  alf_real *middle; /* T×D: after attention */
  alf_real *normed_middle, *scale_middle;
  alf_mixture mixture;
  alf_real *affinity[BUFFERS]; /* T×E each */
} moe_layer;

struct alf_moe_model {
  alf_moe_shape shape;
  alf_team *team;
  alf_real *parameter, *gradient;
  moe_layer *layer;
  alf_real *turn;
  const int32_t *token;
  int parity, buffer;
  alf_real *last, *last_normed, *last_scale; /* T×D, T×D, T */
  alf_real *probability;                     /* T×V; its own gradient after forward */
  double *token_loss;                        /* T */
  alf_real *dx, *dnormed, *dbranch;          /* T×D each */
  alf_real *dqkv, *dweight, *partial;
  alf_mixture_scratch scratch;
  void **block; /* what all these lie in */
  int blocks, most_blocks;
  bool complete;
};

/* count numbers of `size` bytes, zeroed; owned by the model. */
static void *take(alf_moe_model *m, int64_t count, size_t size)
{
  void *memory = m->complete ? calloc((size_t)(count > 0 ? count : 1), size) : NULL;
  m->complete = m->complete && memory && m->blocks < m->most_blocks;
  if (m->complete)
    m->block[m->blocks++] = memory;
  else
    free(memory);
  return m->complete ? memory : NULL;
}

static alf_real *numbers(alf_moe_model *m, int64_t count)
{
  return take(m, count, sizeof(alf_real));
}

static alf_mixture_weights weights_at(alf_real *array, const alf_moe_layer_offsets *at)
{
  return (alf_mixture_weights){array + at->gate, array + at->up, array + at->down, array + at->shared_up,
                               array + at->shared_down};
}

static void take_mixture(alf_moe_model *m, moe_layer *l)
{
  const alf_moe_shape *s = &m->shape;
  int64_t tokens = alf_moe_tokens(s), slots = tokens * s->topk, shared = (int64_t)s->shared * s->hidden;
  l->mixture = (alf_mixture){.shape = s,
                             .team = m->team,
                             .parameter = weights_at(m->parameter, &l->at),
                             .gradient = weights_at(m->gradient, &l->at),
                             .offset = take(m, s->experts + 1, sizeof(int64_t)),
                             .token_of = take(m, slots, sizeof(int32_t)),
                             .expert_of = take(m, slots, sizeof(int32_t)),
                             .slot_of = take(m, slots, sizeof(int32_t)),
                             .weight = numbers(m, slots),
                             .gathered = numbers(m, slots * s->width),
                             .pre = numbers(m, slots * 2 * s->hidden),
                             .active = numbers(m, slots * s->hidden),
                             .result = numbers(m, slots * s->width),
                             .shared_pre = numbers(m, tokens * 2 * shared),
                             .shared_active = numbers(m, tokens * shared),
                             .out = numbers(m, tokens * s->width)};
}

static void take_layer(alf_moe_model *m, int32_t number)
{
  const alf_moe_shape *s = &m->shape;
  moe_layer *l = &m->layer[number];
  int64_t tokens = alf_moe_tokens(s), square = (int64_t)s->context * s->context;
  l->at = alf_moe_layer_at(s, number);
  l->x = numbers(m, tokens * s->width);
  l->normed = numbers(m, tokens * s->width);
  l->scale = numbers(m, tokens);
  l->middle = numbers(m, tokens * s->width);
  l->normed_middle = numbers(m, tokens * s->width);
  l->scale_middle = numbers(m, tokens);
  l->attention = (alf_attention){.shape = s,
                                 .team = m->team,
                                 .turn = m->turn,
                                 .qkv = numbers(m, tokens * 3 * s->width),
                                 .weight = numbers(m, (int64_t)s->sequences * s->heads * square),
                                 .out = numbers(m, tokens * s->width),
                                 .dqkv = m->dqkv,
                                 .dweight = m->dweight,
                                 .dout = m->dbranch};
  take_mixture(m, l);
  l->mixture.x = l->normed_middle;
  for (int b = 0; b < BUFFERS; b++)
    l->affinity[b] = numbers(m, tokens * s->experts);
}

static void take_scratch(alf_moe_model *m)
{
  const alf_moe_shape *s = &m->shape;
  int64_t tokens = alf_moe_tokens(s), slots = tokens * s->topk, shared = (int64_t)s->shared * s->hidden;
  m->dx = numbers(m, tokens * s->width);
  m->dnormed = numbers(m, tokens * s->width);
  m->dbranch = numbers(m, tokens * s->width);
  m->dqkv = numbers(m, tokens * 3 * s->width);
  m->dweight = numbers(m, (int64_t)s->sequences * s->heads * s->context * s->context);
  m->partial = numbers(m, (int64_t)ALF_MOE_PIECES * s->width);
  m->scratch = (alf_mixture_scratch){.dout = m->dx,
                                     .dx = m->dnormed,
                                     .dresult = numbers(m, slots * s->width),
                                     .dactive = numbers(m, slots * s->hidden),
                                     .dpre = numbers(m, slots * 2 * s->hidden),
                                     .dgathered = numbers(m, slots * s->width),
                                     .daffinity = numbers(m, tokens * s->experts),
                                     .dshared_pre = numbers(m, tokens * 2 * shared),
                                     .dshared_active = numbers(m, tokens * shared)};
}

static void take_all(alf_moe_model *m)
{
  const alf_moe_shape *s = &m->shape;
  int64_t tokens = alf_moe_tokens(s);
  m->parameter = numbers(m, alf_moe_parameters(s));
  m->gradient = numbers(m, alf_moe_parameters(s));
  m->turn = numbers(m, (int64_t)s->context * (s->width / s->heads));
  take_scratch(m);
  for (int32_t l = 0; l < s->layers; l++)
    take_layer(m, l);
  m->last = numbers(m, tokens * s->width);
  m->last_normed = numbers(m, tokens * s->width);
  m->last_scale = numbers(m, tokens);
  m->probability = numbers(m, tokens * s->vocabulary);
  m->token_loss = take(m, tokens, sizeof(double));
}

alf_status alf_moe_alloc(alf_moe_model **out, const alf_moe_shape *shape, uint64_t seed, int threads, alf_error *err)
{
  *out = NULL;
  alf_status status = alf_moe_check_shape(shape, err);
  if (status != ALF_OK)
    return status;
  alf_moe_model *m = calloc(1, sizeof *m);
  if (!m)
    return alf_fail_memory(err, sizeof *m);
  m->shape = *shape;
  m->most_blocks = 64 + 32 * shape->layers;
  m->layer = calloc((size_t)shape->layers, sizeof *m->layer);
  m->block = calloc((size_t)m->most_blocks, sizeof *m->block);
  m->complete = m->layer && m->block;
  status = alf_team_alloc(&m->team, threads, err);
  if (status == ALF_OK)
    take_all(m);
  if (status == ALF_OK && !m->complete)
    status = alf_fail_memory(err, (unsigned long long)alf_moe_parameters(shape) * sizeof(alf_real));
  if (status == ALF_OK)
    status = alf_moe_initialise(&m->shape, seed, m->parameter, err);
  if (status != ALF_OK) {
    alf_moe_free(m);
    return status;
  }
  alf_rotary_fill(&m->shape, m->turn);
  *out = m;
  return ALF_OK;
}

void alf_moe_free(alf_moe_model *m)
{
  if (!m)
    return;
  for (int j = 0; j < m->blocks; j++)
    free(m->block[j]);
  free(m->block);
  free(m->layer);
  alf_team_free(m->team);
  free(m);
}

alf_real *alf_moe_parameter(alf_moe_model *m)
{
  return m->parameter;
}

alf_real *alf_moe_gradient(alf_moe_model *m)
{
  return m->gradient;
}

const alf_moe_shape *alf_moe_shape_of(const alf_moe_model *m)
{
  return &m->shape;
}

alf_team *alf_moe_team(alf_moe_model *m)
{
  return m->team;
}

const alf_real *alf_moe_affinity(const alf_moe_model *m, int32_t layer)
{
  return m->layer[layer].mixture.affinity;
}

alf_real *alf_moe_last_affinity(alf_moe_model *m, int32_t layer)
{
  return m->layer[layer].affinity[m->parity];
}

/* Token t of the batch as an input; its target is the one after it. */
static const int32_t *token_at(const alf_moe_model *m, int64_t t)
{
  int64_t context = m->shape.context;
  return m->token + t / context * (context + 1) + t % context;
}

static int64_t piece(const alf_moe_model *m, int64_t i, int64_t *first)
{
  int64_t tokens = alf_moe_tokens(&m->shape);
  *first = tokens * i / ALF_MOE_PIECES;
  return tokens * (i + 1) / ALF_MOE_PIECES;
}

static void embed_piece(void *opaque, int64_t i)
{
  alf_moe_model *m = opaque;
  int64_t first, end = piece(m, i, &first), width = m->shape.width;
  for (int64_t t = first; t < end; t++)
    memcpy((m->shape.layers ? m->layer[0].x : m->last) + t * width,
           m->parameter + alf_moe_embedding_at(&m->shape) + *token_at(m, t) * width, (size_t)width * sizeof *m->last);
}

/* out = x + branch. */
static void add(const alf_real *x, const alf_real *branch, alf_real *out, int64_t count)
{
  for (int64_t j = 0; j < count; j++)
    out[j] = x[j] + branch[j];
}

static alf_status forward_layer(alf_moe_model *m, int32_t number, const alf_moe_chooser *chooser, alf_error *err)
{
  moe_layer *l = &m->layer[number];
  const alf_moe_shape *s = &m->shape;
  const alf_real *p = m->parameter;
  int64_t tokens = alf_moe_tokens(s), width = s->width;
  alf_real *next = number + 1 < s->layers ? m->layer[number + 1].x : m->last;
  alf_norm_forward(m->team, l->x, p + l->at.norm_attention, l->normed, l->scale, tokens, width);
  alf_dense_forward(m->team, l->normed, p + l->at.qkv, l->attention.qkv, tokens, width, 3 * width);
  alf_attention_forward(&l->attention);
  alf_dense_forward(m->team, l->attention.out, p + l->at.out, m->dbranch, tokens, width, width);
  add(l->x, m->dbranch, l->middle, tokens * width);
  alf_norm_forward(m->team, l->middle, p + l->at.norm_experts, l->normed_middle, l->scale_middle, tokens, width);
  l->mixture.affinity = l->affinity[m->buffer];
  alf_mixture_gate(&l->mixture);
  alf_status status =
      chooser->choose(chooser->context, number, l->mixture.affinity, &l->mixture.chosen, &l->mixture.load, err);
  if (status != ALF_OK)
    return status;
  alf_mixture_forward(&l->mixture);
  add(l->middle, l->mixture.out, next, tokens * width);
  return ALF_OK;
}

/* Probabilities, the loss of each token, and then the gradient of their mean in place: (probability − target)/T. */
static void loss_piece(void *opaque, int64_t i)
{
  alf_moe_model *m = opaque;
  int32_t vocabulary = m->shape.vocabulary;
  int64_t first, end = piece(m, i, &first), tokens = alf_moe_tokens(&m->shape);
  for (int64_t t = first; t < end; t++) {
    alf_real *row = m->probability + t * vocabulary, largest = row[0];
    double sum = 0;
    int32_t target = token_at(m, t)[1];
    for (int32_t v = 1; v < vocabulary; v++)
      largest = row[v] > largest ? row[v] : largest;
    for (int32_t v = 0; v < vocabulary; v++)
      sum += exp((double)(row[v] - largest));
    m->token_loss[t] = log(sum) - (double)(row[target] - largest);
    for (int32_t v = 0; v < vocabulary; v++)
      row[v] = (alf_real)((exp((double)(row[v] - largest)) / sum - (v == target)) / (double)tokens);
  }
}

alf_status alf_moe_forward(alf_moe_model *m, alf_moe_mode mode, const int32_t *token, const alf_moe_chooser *chooser,
                           double *loss, double *auxiliary, alf_error *err)
{
  const alf_moe_shape *s = &m->shape;
  int64_t tokens = alf_moe_tokens(s);
  m->token = token;
  m->parity ^= mode == ALF_MOE_TRAINING;
  m->buffer = mode == ALF_MOE_TRAINING ? m->parity : EVALUATION;
  *loss = *auxiliary = 0;
  alf_moe_each(m->team, ALF_MOE_PIECES, embed_piece, m);
  for (int32_t l = 0; l < s->layers; l++) {
    alf_status status = forward_layer(m, l, chooser, err);
    if (status != ALF_OK)
      return status;
    *auxiliary += m->layer[l].mixture.auxiliary_loss;
  }
  alf_norm_forward(m->team, m->last, m->parameter + alf_moe_last_norm_at(s), m->last_normed, m->last_scale, tokens,
                   s->width);
  alf_dense_forward(m->team, m->last_normed, m->parameter + alf_moe_head_at(s), m->probability, tokens, s->width,
                    s->vocabulary);
  alf_moe_each(m->team, ALF_MOE_PIECES, loss_piece, m);
  for (int64_t t = 0; t < tokens; t++)
    *loss += m->token_loss[t] / (double)tokens;
  return ALF_OK;
}

/* m->dx is the gradient of what comes out, and then of what came in. */
static void backward_layer(alf_moe_model *m, int32_t number)
{
  moe_layer *l = &m->layer[number];
  const alf_moe_shape *s = &m->shape;
  const alf_real *p = m->parameter;
  alf_real *g = m->gradient;
  int64_t tokens = alf_moe_tokens(s), width = s->width;
  alf_mixture_backward(&l->mixture, &m->scratch);
  alf_norm_backward(m->team, l->middle, p + l->at.norm_experts, l->scale_middle, m->dnormed, m->dx,
                    g + l->at.norm_experts, m->partial, tokens, width);
  alf_dense_backward(m->team, l->attention.out, p + l->at.out, m->dx, m->dbranch, false, g + l->at.out, tokens, width,
                     width);
  alf_attention_backward(&l->attention);
  alf_dense_backward(m->team, l->normed, p + l->at.qkv, m->dqkv, m->dnormed, false, g + l->at.qkv, tokens, width,
                     3 * width);
  alf_norm_backward(m->team, l->x, p + l->at.norm_attention, l->scale, m->dnormed, m->dx, g + l->at.norm_attention,
                    m->partial, tokens, width);
}

void alf_moe_backward(alf_moe_model *m)
{
  const alf_moe_shape *s = &m->shape;
  alf_real *g = m->gradient, *embedding = g + alf_moe_embedding_at(s);
  int64_t tokens = alf_moe_tokens(s), width = s->width;
  memset(g, 0, (size_t)alf_moe_parameters(s) * sizeof *g);
  memset(m->dx, 0, (size_t)(tokens * width) * sizeof *m->dx);
  alf_dense_backward(m->team, m->last_normed, m->parameter + alf_moe_head_at(s), m->probability, m->dnormed, false,
                     g + alf_moe_head_at(s), tokens, width, s->vocabulary);
  alf_norm_backward(m->team, m->last, m->parameter + alf_moe_last_norm_at(s), m->last_scale, m->dnormed, m->dx,
                    g + alf_moe_last_norm_at(s), m->partial, tokens, width);
  for (int32_t l = s->layers - 1; l >= 0; l--)
    backward_layer(m, l);
  for (int64_t t = 0; t < tokens; t++)
    for (int64_t d = 0; d < width; d++)
      embedding[*token_at(m, t) * width + d] += m->dx[t * width + d];
}
