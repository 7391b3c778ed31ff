/* Forward and backward: what is shared out over the crew, round by round. */
#include <string.h>

#include "moe/inside.h"

enum { EVALUATION = ALF_MOE_BUFFERS - 1 };

static const alf_real *parameters_at(const alf_moe_model *m, int64_t offset)
{
  return m->parameter + offset;
}

/* Each token's row of the embedding. */
static void embed(const alf_moe_model *m, alf_range r, alf_real *x)
{
  int64_t d = m->shape.width;
  const alf_real *embedding = parameters_at(m, alf_moe_embedding_at(&m->shape));
  for (int64_t t = r.first; t < r.first + r.rows; t++)
    memcpy(x + t * d, embedding + m->input[t] * d, (size_t)d * sizeof *x);
}

/* What the last layer's mixture gives, or the embedding; then up to the queries, keys and values. */
static void enter(void *model, int64_t i, int member)
{
  alf_moe_model *m = model;
  const alf_attention *a = &m->layer[m->at].attention;
  alf_range r = alf_moe_piece(&m->shape, i);
  if (m->at == 0)
    embed(m, r, a->x);
  else
    alf_mixture_combine(&m->layer[m->at - 1].mixture, &m->mixing, r, a->x);
  alf_crew_spent(m->crew, member, m->at == 0 ? ALF_PART_HEAD : ALF_PART_EXPERTS);
  alf_attention_enter(a, r);
  alf_crew_spent(m->crew, member, ALF_PART_ATTENTION);
}

static void attend(void *model, int64_t i, int member)
{
  alf_moe_model *m = model;
  alf_attention_head(&m->layer[m->at].attention, i);
  alf_crew_spent(m->crew, member, ALF_PART_ATTENTION);
}

static void gate(void *model, int64_t i, int member)
{
  alf_moe_model *m = model;
  alf_range r = alf_moe_piece(&m->shape, i);
  alf_attention_leave(&m->layer[m->at].attention, r);
  alf_crew_spent(m->crew, member, ALF_PART_ATTENTION);
  alf_mixture_gate(&m->layer[m->at].mixture, r);
  alf_crew_spent(m->crew, member, ALF_PART_ROUTER);
}

/* Experts, and behind them pieces of the shared ones. */
static void mix(void *model, int64_t i, int member)
{
  alf_moe_model *m = model;
  const alf_mixture *x = &m->layer[m->at].mixture;
  bool routed = i < m->shape.experts;
  if (routed)
    alf_mixture_expert(x, &m->mixing, i, member);
  else
    alf_mixture_shared(x, &m->mixing, alf_moe_piece(&m->shape, i - m->shape.experts));
  alf_crew_spent(m->crew, member, routed ? ALF_PART_EXPERTS : ALF_PART_SHARED);
}

static void head(void *model, int64_t i, int member)
{
  alf_moe_model *m = model;
  const alf_moe_shape *s = &m->shape;
  alf_range r = alf_moe_piece(s, i);
  int64_t d = s->width, at = r.first * d;
  alf_mixture_combine(&m->layer[s->layers - 1].mixture, &m->mixing, r, m->last);
  alf_crew_spent(m->crew, member, ALF_PART_EXPERTS);
  m->rows->norm(m->last + at, parameters_at(m, alf_moe_last_norm_at(s)), m->normed + at, m->scale + r.first, r.rows, d);
  alf_dense_forward(r, m->normed, parameters_at(m, alf_moe_head_at(s)), m->logit, d, s->vocabulary);
  m->rows->loss(m->logit + r.first * s->vocabulary, m->target + r.first, (alf_real)(1 / (double)r.tokens),
                m->loss + r.first, r.rows, s->vocabulary);
  alf_crew_spent(m->crew, member, ALF_PART_HEAD);
}

/* Experts and pieces of a mixture. */
static int64_t mixture_tasks(const alf_moe_model *m)
{
  return m->shape.experts + (m->shape.shared ? alf_moe_pieces(&m->shape) : 0);
}

static alf_status forward_layer(alf_moe_model *m, int32_t number, const alf_moe_chooser *chooser, alf_error *err)
{
  alf_mixture *x = &m->layer[number].mixture;
  int64_t pieces = alf_moe_pieces(&m->shape);
  m->at = number;
  x->affinity = m->layer[number].affinity[m->buffer];
  alf_crew_each(m->crew, pieces, enter, m);
  alf_crew_each(m->crew, (int64_t)m->shape.sequences * m->shape.heads, attend, m);
  alf_crew_each(m->crew, pieces, gate, m);
  alf_status status = chooser->choose(chooser->context, number, x->affinity, &x->chosen, &x->load, err);
  if (status != ALF_OK)
    return status;
  alf_mixture_sort(x);
  alf_crew_spent(m->crew, 0, ALF_PART_ROUTER);
  alf_crew_each(m->crew, mixture_tasks(m), mix, m);
  return ALF_OK;
}

/* Sequence s is token[s·(S + 1)] and the S that follow. */
static void set_tokens(alf_moe_model *m, const int32_t *token)
{
  int64_t context = m->shape.context;
  for (int64_t t = 0; t < alf_moe_tokens(&m->shape); t++) {
    const int32_t *own = token + t / context * (context + 1) + t % context;
    m->input[t] = own[0];
    m->target[t] = own[1];
  }
}

alf_status alf_moe_forward(alf_moe_model *m, alf_moe_mode mode, const int32_t *token, const alf_moe_chooser *chooser,
                           double *loss, double *auxiliary, alf_error *err)
{
  const alf_moe_shape *s = &m->shape;
  int64_t tokens = alf_moe_tokens(s);
  m->parity ^= mode == ALF_MOE_TRAINING;
  m->buffer = mode == ALF_MOE_TRAINING ? m->parity : EVALUATION;
  *loss = *auxiliary = 0;
  set_tokens(m, token);
  for (int32_t l = 0; l < s->layers; l++) {
    alf_status status = forward_layer(m, l, chooser, err);
    if (status != ALF_OK)
      return status;
  }
  alf_crew_each(m->crew, alf_moe_pieces(s), head, m);
  for (int32_t l = 0; l < s->layers; l++)
    *auxiliary += alf_mixture_auxiliary_loss(&m->layer[l].mixture);
  for (int64_t t = 0; t < tokens; t++)
    *loss += m->loss[t] / (double)tokens;
  return ALF_OK;
}

/* The next product over all tokens, where i is one of them; else the place of i among the other tasks. */
static int64_t weight_or(alf_moe_model *m, int64_t i, int member)
{
  if (i < m->list.tasks)
    alf_crew_spent(m->crew, member, alf_dense_task(&m->list, i));
  return i - m->list.tasks;
}

static void head_back(void *model, int64_t i, int member)
{
  alf_moe_model *m = model;
  const alf_moe_shape *s = &m->shape;
  if ((i = weight_or(m, i, member)) < 0)
    return;
  alf_range r = alf_moe_piece(s, i);
  int64_t d = s->width, at = r.first * d;
  alf_dense_backward(r, m->logit, parameters_at(m, alf_moe_head_at(s)), m->dnormed, false, d, s->vocabulary);
  memset(m->dmiddle + at, 0, (size_t)(r.rows * d) * sizeof *m->dmiddle); /* nothing passes by the norm */
  memset(m->dnorm + i * d, 0, (size_t)d * sizeof *m->dnorm);
  m->rows->norm_back(m->last + at, parameters_at(m, alf_moe_last_norm_at(s)), m->scale + r.first, m->dnormed + at,
                     m->dmiddle + at, m->dout + at, m->dnorm + i * d, r.rows, d);
  alf_crew_spent(m->crew, member, ALF_PART_HEAD);
}

static void mix_back(void *model, int64_t i, int member)
{
  alf_moe_model *m = model;
  const alf_mixture *x = &m->layer[m->at].mixture;
  bool routed = i < m->shape.experts;
  if (routed)
    alf_mixture_expert_back(x, &m->mixing, i, member);
  else
    alf_mixture_shared_back(x, &m->mixing, alf_moe_piece(&m->shape, i - m->shape.experts));
  alf_crew_spent(m->crew, member, routed ? ALF_PART_EXPERTS : ALF_PART_SHARED);
}

static void gate_back(void *model, int64_t i, int member)
{
  alf_moe_model *m = model;
  const alf_moe_layer *l = &m->layer[m->at];
  alf_range r = alf_moe_piece(&m->shape, i);
  alf_mixture_gate_back(&l->mixture, &m->mixing, r);
  alf_crew_spent(m->crew, member, ALF_PART_ROUTER);
  alf_mixture_collect_back(&l->mixture, &m->mixing, r);
  alf_crew_spent(m->crew, member, ALF_PART_EXPERTS);
  alf_attention_leave_back(&l->attention, &m->attending, r);
  alf_crew_spent(m->crew, member, ALF_PART_ATTENTION);
}

static void attend_back(void *model, int64_t i, int member)
{
  alf_moe_model *m = model;
  if ((i = weight_or(m, i, member)) < 0)
    return;
  alf_attention_head_back(&m->layer[m->at].attention, &m->attending, i, member);
  alf_crew_spent(m->crew, member, ALF_PART_ATTENTION);
}

static void enter_back(void *model, int64_t i, int member)
{
  alf_moe_model *m = model;
  if ((i = weight_or(m, i, member)) < 0)
    return;
  alf_attention_enter_back(&m->layer[m->at].attention, &m->attending, alf_moe_piece(&m->shape, i));
  alf_crew_spent(m->crew, member, ALF_PART_ATTENTION);
}

/* What all pieces say of a norm. */
static void gather_norm(const alf_moe_model *m, int64_t offset)
{
  int64_t d = m->shape.width;
  alf_real *to = m->gradient + offset;
  memset(to, 0, (size_t)d * sizeof *to);
  for (int64_t i = 0; i < alf_moe_pieces(&m->shape); i++)
    m->rows->add(to, m->dnorm + i * d, to, d);
}

/* From dout, the gradient of what comes out, to that of what came in. */
static void backward_layer(alf_moe_model *m, int32_t number)
{
  const alf_moe_layer *l = &m->layer[number];
  alf_moe_layer_offsets at = alf_moe_layer_at(&m->shape, number);
  int64_t pieces = alf_moe_pieces(&m->shape), heads = (int64_t)m->shape.sequences * m->shape.heads;
  m->at = number;
  alf_crew_each(m->crew, mixture_tasks(m), mix_back, m);
  alf_crew_each(m->crew, pieces, gate_back, m);
  gather_norm(m, at.norm_experts);
  m->list = (alf_dense_list){0};
  alf_mixture_weights_back(&l->mixture, &m->mixing, &m->list);
  alf_dense_add(&m->list, alf_attention_out_weight(&l->attention, &m->attending));
  alf_crew_each(m->crew, m->list.tasks + heads, attend_back, m);
  m->list = (alf_dense_list){0};
  alf_dense_add(&m->list, alf_attention_qkv_weight(&l->attention, &m->attending));
  alf_crew_each(m->crew, m->list.tasks + pieces, enter_back, m);
  gather_norm(m, at.norm_attention);
}

/* In the order of tokens: several may be the same. */
static void embed_back(const alf_moe_model *m)
{
  const alf_moe_shape *s = &m->shape;
  alf_real *embedding = m->gradient + alf_moe_embedding_at(s);
  memset(embedding, 0, (size_t)s->vocabulary * (size_t)s->width * sizeof *embedding);
  for (int64_t t = 0; t < alf_moe_tokens(s); t++) {
    alf_real *row = embedding + (int64_t)m->input[t] * s->width;
    m->rows->add(row, m->dout + t * s->width, row, s->width);
  }
}

void alf_moe_backward(alf_moe_model *m)
{
  const alf_moe_shape *s = &m->shape;
  m->list = (alf_dense_list){0};
  alf_dense_add(&m->list, (alf_dense_weight){m->normed, m->logit, m->gradient + alf_moe_head_at(s), alf_moe_tokens(s),
                                             s->width, s->vocabulary, ALF_PART_HEAD});
  alf_crew_each(m->crew, m->list.tasks + alf_moe_pieces(s), head_back, m);
  gather_norm(m, alf_moe_last_norm_at(s));
  for (int32_t l = s->layers - 1; l >= 0; l--)
    backward_layer(m, l);
  embed_back(m);
  alf_crew_spent(m->crew, 0, ALF_PART_HEAD);
}
