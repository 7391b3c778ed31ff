/* The memory of the model. */
#include "moe/model.h"

#include <stdlib.h>

#include "moe/inside.h"

enum { LINE = 64 }; /* at the beginning of which arrays lie */

/* count numbers of `size` bytes, zeroed; owned by the model. */
static void *take(alf_moe_model *m, int64_t count, size_t size)
{
  size_t lines = (size_t)count / LINE * size + 2 * size; /* at least one more than those that count numbers need */
  char *memory = m->complete && m->blocks < m->most_blocks ? calloc(lines, LINE) : NULL;
  m->complete = memory != NULL;
  if (!memory)
    return NULL;
  m->block[m->blocks++] = memory;
  return memory + (LINE - (uintptr_t)memory % LINE) % LINE;
}

static alf_real *numbers(alf_moe_model *m, int64_t count)
{
  return take(m, count, sizeof(alf_real));
}

static alf_attention_weights attention_at(alf_real *array, const alf_moe_layer_offsets *at)
{
  return (alf_attention_weights){array + at->norm_attention, array + at->qkv, array + at->out};
}

static void take_attention(alf_moe_model *m, alf_attention *a, const alf_moe_layer_offsets *at)
{
  const alf_moe_shape *s = &m->shape;
  int64_t tokens = alf_moe_tokens(s), square = (int64_t)s->context * s->context;
  *a = (alf_attention){.shape = s,
                       .rows = m->rows,
                       .parameter = attention_at(m->parameter, at),
                       .gradient = attention_at(m->gradient, at),
                       .turn = m->turn,
                       .x = numbers(m, tokens * s->width),
                       .normed = numbers(m, tokens * s->width),
                       .scale = numbers(m, tokens),
                       .qkv = numbers(m, tokens * 3 * s->width),
                       .weight = numbers(m, (int64_t)s->sequences * s->heads * square),
                       .out = numbers(m, tokens * s->width),
                       .middle = numbers(m, tokens * s->width)};
}

static alf_mixture_weights mixture_at(alf_real *array, const alf_moe_layer_offsets *at)
{
  return (alf_mixture_weights){array + at->norm_experts, array + at->gate,      array + at->up,
                               array + at->down,         array + at->shared_up, array + at->shared_down};
}

static void take_mixture(alf_moe_model *m, alf_mixture *x, const alf_moe_layer_offsets *at)
{
  const alf_moe_shape *s = &m->shape;
  int64_t tokens = alf_moe_tokens(s), slots = tokens * s->topk, shared = (int64_t)s->shared * s->hidden;
  *x = (alf_mixture){.shape = s,
                     .rows = m->rows,
                     .parameter = mixture_at(m->parameter, at),
                     .gradient = mixture_at(m->gradient, at),
                     .x = numbers(m, tokens * s->width),
                     .scale = numbers(m, tokens),
                     .offset = take(m, s->experts + 1, sizeof(int64_t)),
                     .token_of = take(m, slots, sizeof(int32_t)),
                     .expert_of = take(m, slots, sizeof(int32_t)),
                     .slot_of = take(m, slots, sizeof(int32_t)),
                     .weight = numbers(m, slots),
                     .pre = numbers(m, slots * 2 * s->hidden),
                     .shared_pre = numbers(m, tokens * 2 * shared),
                     .auxiliary = take(m, alf_moe_pieces(s), sizeof(double))};
}

static void take_layer(alf_moe_model *m, int32_t number)
{
  alf_moe_layer *l = &m->layer[number];
  alf_moe_layer_offsets at = alf_moe_layer_at(&m->shape, number);
  take_attention(m, &l->attention, &at);
  take_mixture(m, &l->mixture, &at);
  l->mixture.middle = l->attention.middle;
  for (int b = 0; b < ALF_MOE_BUFFERS; b++)
    l->affinity[b] = numbers(m, alf_moe_tokens(&m->shape) * m->shape.experts);
}

static alf_mixture_bench *take_benches(alf_moe_model *m)
{
  const alf_moe_shape *s = &m->shape;
  int64_t tokens = alf_moe_tokens(s);
  alf_mixture_bench *bench = take(m, alf_crew_size(m->crew), sizeof *bench);
  for (int member = 0; m->complete && member < alf_crew_size(m->crew); member++)
    bench[member] = (alf_mixture_bench){.x = numbers(m, tokens * s->width),
                                        .dout = numbers(m, tokens * s->width),
                                        .active = numbers(m, tokens * s->hidden),
                                        .dactive = numbers(m, tokens * s->hidden),
                                        .dpre = numbers(m, tokens * 2 * s->hidden)};
  return bench;
}

static void take_scratch(alf_moe_model *m)
{
  const alf_moe_shape *s = &m->shape;
  int64_t tokens = alf_moe_tokens(s), slots = tokens * s->topk, shared = (int64_t)s->shared * s->hidden;
  m->dout = numbers(m, tokens * s->width);
  m->dmiddle = numbers(m, tokens * s->width);
  m->dnormed = numbers(m, tokens * s->width);
  m->dnorm = numbers(m, alf_moe_pieces(s) * s->width);
  m->attending = (alf_attention_scratch){
      .dmiddle = m->dmiddle,
      .dx = m->dout,
      .dout = numbers(m, tokens * s->width),
      .dqkv = numbers(m, tokens * 3 * s->width),
      .dweight = numbers(m, (int64_t)alf_crew_size(m->crew) * s->context * s->context),
      .dnormed = m->dnormed,
      .dnorm = m->dnorm,
  };
  m->mixing = (alf_mixture_scratch){
      .bench = take_benches(m),
      .of_slot = numbers(m, slots * s->width),
      .shared_out = numbers(m, tokens * s->width),
      .shared_active = numbers(m, tokens * shared),
      .dout = m->dout,
      .dmiddle = m->dmiddle,
      .dnormed = m->dnormed,
      .dweight = numbers(m, slots),
      .daffinity = numbers(m, tokens * s->experts),
      .dshared_active = numbers(m, tokens * shared),
      .dshared_pre = numbers(m, tokens * 2 * shared),
      .dnorm = m->dnorm,
  };
}

static void take_all(alf_moe_model *m)
{
  const alf_moe_shape *s = &m->shape;
  int64_t tokens = alf_moe_tokens(s);
  m->parameter = numbers(m, alf_moe_parameters(s));
  m->gradient = numbers(m, alf_moe_parameters(s));
  m->turn = numbers(m, (int64_t)s->context * (s->width / s->heads));
  m->input = take(m, tokens, sizeof(int32_t));
  m->target = take(m, tokens, sizeof(int32_t));
  m->last = numbers(m, tokens * s->width);
  m->normed = numbers(m, tokens * s->width);
  m->scale = numbers(m, tokens);
  m->logit = numbers(m, tokens * s->vocabulary);
  m->loss = take(m, tokens, sizeof(double));
  take_scratch(m);
  for (int32_t l = 0; m->complete && l < s->layers; l++)
    take_layer(m, l);
}

static alf_status fill(alf_moe_model *m, uint64_t seed, int threads, alf_error *err)
{
  const alf_moe_shape *s = &m->shape;
  alf_status status = alf_crew_alloc(&m->crew, threads, err);
  if (status != ALF_OK)
    return status;
  m->rows = alf_rows_fastest();
  m->most_blocks = 64 + 32 * s->layers + 8 * alf_crew_size(m->crew);
  m->layer = calloc((size_t)s->layers, sizeof *m->layer);
  m->block = calloc((size_t)m->most_blocks, sizeof *m->block);
  m->complete = m->layer && m->block;
  take_all(m);
  if (!m->complete)
    return alf_fail_memory(err, (unsigned long long)alf_moe_parameters(s) * sizeof(alf_real));
  alf_rotary_fill(s, m->turn);
  return alf_moe_initialise(s, seed, m->parameter, err);
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
  status = fill(m, seed, threads, err);
  if (status == ALF_OK)
    *out = m;
  else
    alf_moe_free(m);
  return status;
}

void alf_moe_free(alf_moe_model *m)
{
  if (!m)
    return;
  for (int j = 0; j < m->blocks; j++)
    free(m->block[j]);
  free(m->block);
  free(m->layer);
  alf_crew_free(m->crew);
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

alf_crew *alf_moe_crew(alf_moe_model *m)
{
  return m->crew;
}

const alf_real *alf_moe_affinity(const alf_moe_model *m, int32_t layer)
{
  return m->layer[layer].mixture.affinity;
}

alf_real *alf_moe_last_affinity(alf_moe_model *m, int32_t layer)
{
  return m->layer[layer].affinity[m->parity];
}
