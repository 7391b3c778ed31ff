#include "moe/mixture.h"

#include <math.h>
#include <string.h>

#include "alf/routing.h"
#include "moe/dense.h"

static alf_real sigmoid(alf_real x)
{
  return (alf_real)(1 / (1 + exp(-(double)x)));
}

/* out = silu(gate)·value of rows that hold both side by side. */
static void activate(const alf_real *pre, alf_real *active, int64_t rows, int64_t hidden)
{
  for (int64_t r = 0; r < rows; r++)
    for (int64_t f = 0; f < hidden; f++) {
      alf_real gate = pre[r * 2 * hidden + f], value = pre[r * 2 * hidden + hidden + f];
      active[r * hidden + f] = gate * sigmoid(gate) * value;
    }
}

static void activate_back(const alf_real *pre, const alf_real *dactive, alf_real *dpre, int64_t rows, int64_t hidden)
{
  for (int64_t r = 0; r < rows; r++)
    for (int64_t f = 0; f < hidden; f++) {
      alf_real gate = pre[r * 2 * hidden + f], value = pre[r * 2 * hidden + hidden + f], d = dactive[r * hidden + f];
      alf_real s = sigmoid(gate);
      dpre[r * 2 * hidden + f] = d * value * s * (1 + gate * (1 - s));
      dpre[r * 2 * hidden + hidden + f] = d * gate * s;
    }
}

/* Tokens of a piece. */
static int64_t piece(const alf_mixture *m, int64_t i, int64_t *first)
{
  int64_t tokens = alf_moe_tokens(m->shape);
  *first = tokens * i / ALF_MOE_PIECES;
  return tokens * (i + 1) / ALF_MOE_PIECES;
}

static void softmax(alf_real *row, int32_t experts)
{
  alf_real largest = row[0], sum = 0;
  for (int32_t k = 1; k < experts; k++)
    largest = row[k] > largest ? row[k] : largest;
  for (int32_t k = 0; k < experts; k++) {
    row[k] = (alf_real)exp((double)(row[k] - largest));
    sum += row[k];
  }
  for (int32_t k = 0; k < experts; k++)
    row[k] /= sum;
}

static void gate_piece(void *opaque, int64_t i)
{
  const alf_mixture *m = opaque;
  int32_t experts = m->shape->experts;
  int64_t first, end = piece(m, i, &first);
  for (int64_t t = first; t < end; t++) {
    alf_real *row = m->affinity + t * experts;
    if (!m->shape->sigmoid)
      softmax(row, experts);
    for (int32_t k = 0; m->shape->sigmoid && k < experts; k++)
      row[k] = sigmoid(row[k]);
  }
}

void alf_mixture_gate(const alf_mixture *m)
{
  const alf_moe_shape *s = m->shape;
  alf_dense_forward(m->team, m->x, m->parameter.gate, m->affinity, alf_moe_tokens(s), s->width, s->experts);
  alf_moe_each(m->team, ALF_MOE_PIECES, gate_piece, (void *)(uintptr_t)m);
}

/* Slots in the order of experts, and of tokens within an expert. */
static void sort_tokens(alf_mixture *m)
{
  const alf_moe_shape *s = m->shape;
  int32_t words = alf_selection_words(s->experts);
  m->offset[0] = 0;
  for (int32_t k = 0; k < s->experts; k++)
    m->offset[k + 1] = m->offset[k] + m->load[k];
  for (int64_t t = 0; t < alf_moe_tokens(s); t++) {
    const uint64_t *row = m->chosen + t * words;
    int32_t j = 0;
    for (int32_t k = alf_next_expert(row, s->experts, 0); k < s->experts; k = alf_next_expert(row, s->experts, k + 1)) {
      int64_t slot = m->offset[k]++;
      m->token_of[slot] = (int32_t)t;
      m->expert_of[slot] = k;
      m->slot_of[t * s->topk + j++] = (int32_t)slot;
    }
  }
  for (int32_t k = s->experts; k > 0; k--)
    m->offset[k] = m->offset[k - 1];
  m->offset[0] = 0;
}

/* Σ of γ over the chosen, where weights are normalised by it; else 1. */
static alf_real normaliser(const alf_mixture *m, int64_t t)
{
  const alf_moe_shape *s = m->shape;
  alf_real sum = 0;
  for (int32_t j = 0; s->sigmoid && j < s->topk; j++)
    sum += m->affinity[t * s->experts + m->expert_of[m->slot_of[t * s->topk + j]]];
  return s->sigmoid ? sum : 1;
}

static void gather_piece(void *opaque, int64_t i)
{
  const alf_mixture *m = opaque;
  const alf_moe_shape *s = m->shape;
  int64_t first, end = piece(m, i, &first);
  for (int64_t t = first; t < end; t++) {
    alf_real whole = normaliser(m, t);
    for (int32_t j = 0; j < s->topk; j++) {
      int64_t slot = m->slot_of[t * s->topk + j];
      m->weight[slot] = m->affinity[t * s->experts + m->expert_of[slot]] / whole;
      memcpy(m->gathered + slot * s->width, m->x + t * s->width, (size_t)s->width * sizeof *m->x);
    }
  }
}

static void expert_forward(void *opaque, int64_t k)
{
  const alf_mixture *m = opaque;
  int64_t d = m->shape->width, f = m->shape->hidden, first = m->offset[k], rows = m->offset[k + 1] - first;
  alf_view x = {m->gathered + first * d, d}, up = {m->parameter.up + k * d * 2 * f, 2 * f},
           pre = {m->pre + first * 2 * f, 2 * f}, active = {m->active + first * f, f},
           down = {m->parameter.down + k * f * d, d}, result = {m->result + first * d, d};
  alf_gemm(false, x, false, up, pre, rows, 2 * f, d, 1, 0);
  activate(pre.data, active.data, rows, f);
  alf_gemm(false, active, false, down, result, rows, d, f, 1, 0);
}

static void shared_piece(void *opaque, int64_t i)
{
  const alf_mixture *m = opaque;
  int64_t f = (int64_t)m->shape->shared * m->shape->hidden, first, end = piece(m, i, &first);
  activate(m->shared_pre + first * 2 * f, m->shared_active + first * f, end - first, f);
}

static void combine_piece(void *opaque, int64_t i)
{
  const alf_mixture *m = opaque;
  const alf_moe_shape *s = m->shape;
  int64_t first, end = piece(m, i, &first);
  for (int64_t t = first; t < end; t++) {
    alf_real *out = m->out + t * s->width;
    if (!s->shared)
      memset(out, 0, (size_t)s->width * sizeof *out);
    for (int32_t j = 0; j < s->topk; j++) {
      int64_t slot = m->slot_of[t * s->topk + j];
      const alf_real *result = m->result + slot * s->width, weight = m->weight[slot];
      for (int32_t d = 0; d < s->width; d++)
        out[d] += weight * result[d];
    }
  }
}

/* α E Σ_k f_k P_k, f_k the share of slots, P_k the mean of γ over the sum of its row. (Switch Transformer, Fedus et al.,
   arXiv:2101.03961, for K slots) */
static double auxiliary_loss(const alf_mixture *m)
{
  const alf_moe_shape *s = m->shape;
  double sum = 0, tokens = (double)alf_moe_tokens(s);
  for (int64_t t = 0; s->auxiliary > 0 && t < alf_moe_tokens(s); t++) {
    const alf_real *row = m->affinity + t * s->experts;
    double whole = 0, along = 0;
    for (int32_t k = 0; k < s->experts; k++) {
      whole += (double)row[k];
      along += (double)row[k] * (double)m->load[k];
    }
    sum += along / whole;
  }
  return s->auxiliary * s->experts * sum / (tokens * tokens * s->topk);
}

void alf_mixture_forward(alf_mixture *m)
{
  const alf_moe_shape *s = m->shape;
  int64_t f = (int64_t)s->shared * s->hidden, tokens = alf_moe_tokens(s);
  sort_tokens(m);
  alf_moe_each(m->team, ALF_MOE_PIECES, gather_piece, m);
  alf_moe_each(m->team, s->experts, expert_forward, m);
  if (s->shared) {
    alf_dense_forward(m->team, m->x, m->parameter.shared_up, m->shared_pre, tokens, s->width, 2 * f);
    alf_moe_each(m->team, ALF_MOE_PIECES, shared_piece, m);
    alf_dense_forward(m->team, m->shared_active, m->parameter.shared_down, m->out, tokens, f, s->width);
  }
  alf_moe_each(m->team, ALF_MOE_PIECES, combine_piece, m);
  m->auxiliary_loss = auxiliary_loss(m);
}

/* Both sides of a piece of work. */
typedef struct back {
  const alf_mixture *m;
  const alf_mixture_scratch *s;
} back;

/* dγ from the weights of the chosen and from the auxiliary loss; then through the gate's function, in place. */
static void gate_row_back(const back *b, int64_t t, const alf_real *dweight)
{
  const alf_moe_shape *s = b->m->shape;
  const alf_real *row = b->m->affinity + t * s->experts;
  alf_real *d = b->s->daffinity + t * s->experts, whole = normaliser(b->m, t), along = 0, sum = 0, mean = 0;
  double tokens = (double)alf_moe_tokens(s), scale = s->auxiliary * s->experts / (tokens * tokens * s->topk);
  for (int32_t k = 0; k < s->experts; k++) {
    sum += row[k];
    mean += row[k] * (alf_real)(scale * (double)b->m->load[k]);
  }
  for (int32_t k = 0; k < s->experts; k++)
    d[k] = ((alf_real)(scale * (double)b->m->load[k]) - mean / sum) / sum;
  for (int32_t j = 0; s->sigmoid && j < s->topk; j++)
    along += dweight[j] * b->m->weight[b->m->slot_of[t * s->topk + j]];
  for (int32_t j = 0; j < s->topk; j++)
    d[b->m->expert_of[b->m->slot_of[t * s->topk + j]]] += (dweight[j] - along) / whole;
  along = 0;
  for (int32_t k = 0; k < s->experts; k++)
    along += d[k] * row[k];
  for (int32_t k = 0; k < s->experts; k++)
    d[k] = s->sigmoid ? d[k] * row[k] * (1 - row[k]) : row[k] * (d[k] - along);
}

static void spread_piece(void *opaque, int64_t i)
{
  const back *b = opaque;
  const alf_moe_shape *s = b->m->shape;
  int64_t first, end = piece(b->m, i, &first);
  alf_real dweight[ALF_MAX_EXPERTS];
  for (int64_t t = first; t < end; t++) {
    const alf_real *dout = b->s->dout + t * s->width;
    for (int32_t j = 0; j < s->topk; j++) {
      int64_t slot = b->m->slot_of[t * s->topk + j];
      const alf_real *result = b->m->result + slot * s->width, weight = b->m->weight[slot];
      alf_real *dresult = b->s->dresult + slot * s->width;
      dweight[j] = 0;
      for (int32_t d = 0; d < s->width; d++) {
        dweight[j] += dout[d] * result[d];
        dresult[d] = weight * dout[d];
      }
    }
    gate_row_back(b, t, dweight);
  }
}

static void expert_backward(void *opaque, int64_t k)
{
  const back *b = opaque;
  const alf_mixture *m = b->m;
  int64_t d = m->shape->width, f = m->shape->hidden, first = m->offset[k], rows = m->offset[k + 1] - first;
  alf_view x = {m->gathered + first * d, d}, up = {m->parameter.up + k * d * 2 * f, 2 * f},
           active = {m->active + first * f, f}, down = {m->parameter.down + k * f * d, d},
           dresult = {b->s->dresult + first * d, d}, dactive = {b->s->dactive + first * f, f},
           dpre = {b->s->dpre + first * 2 * f, 2 * f}, dx = {b->s->dgathered + first * d, d};
  alf_gemm(true, active, false, dresult, (alf_view){m->gradient.down + k * f * d, d}, f, d, rows, 1, 1);
  alf_gemm(false, dresult, true, down, dactive, rows, f, d, 1, 0);
  activate_back(m->pre + first * 2 * f, dactive.data, dpre.data, rows, f);
  alf_gemm(true, x, false, dpre, (alf_view){m->gradient.up + k * d * 2 * f, 2 * f}, d, 2 * f, rows, 1, 1);
  alf_gemm(false, dpre, true, up, dx, rows, d, 2 * f, 1, 0);
}

static void shared_back_piece(void *opaque, int64_t i)
{
  const back *b = opaque;
  int64_t f = (int64_t)b->m->shape->shared * b->m->shape->hidden, first, end = piece(b->m, i, &first);
  activate_back(b->m->shared_pre + first * 2 * f, b->s->dshared_active + first * f, b->s->dshared_pre + first * 2 * f,
                end - first, f);
}

/* dx += what the slots of each token give back. */
static void collect_piece(void *opaque, int64_t i)
{
  const back *b = opaque;
  const alf_moe_shape *s = b->m->shape;
  int64_t first, end = piece(b->m, i, &first);
  for (int64_t t = first; t < end; t++)
    for (int32_t j = 0; j < s->topk; j++) {
      const alf_real *own = b->s->dgathered + (int64_t)b->m->slot_of[t * s->topk + j] * s->width;
      for (int32_t d = 0; d < s->width; d++)
        b->s->dx[t * s->width + d] += own[d];
    }
}

void alf_mixture_backward(const alf_mixture *m, const alf_mixture_scratch *scratch)
{
  const alf_moe_shape *s = m->shape;
  int64_t f = (int64_t)s->shared * s->hidden, tokens = alf_moe_tokens(s);
  back b = {m, scratch};
  alf_moe_each(m->team, ALF_MOE_PIECES, spread_piece, &b);
  alf_moe_each(m->team, s->experts, expert_backward, &b);
  alf_dense_backward(m->team, m->x, m->parameter.gate, scratch->daffinity, scratch->dx, false, m->gradient.gate, tokens,
                     s->width, s->experts);
  if (s->shared) {
    alf_dense_backward(m->team, m->shared_active, m->parameter.shared_down, scratch->dout, scratch->dshared_active,
                       false, m->gradient.shared_down, tokens, f, s->width);
    alf_moe_each(m->team, ALF_MOE_PIECES, shared_back_piece, &b);
    alf_dense_backward(m->team, m->x, m->parameter.shared_up, scratch->dshared_pre, scratch->dx, true,
                       m->gradient.shared_up, tokens, s->width, 2 * f);
  }
  alf_moe_each(m->team, ALF_MOE_PIECES, collect_piece, &b);
}
