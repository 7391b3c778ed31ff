/* Gate, order of slots, and what is done to tokens; experts are in mixture_experts.c. */
#include "moe/mixture.h"

#include <string.h>

#include "alf/routing.h"

void alf_mixture_gate(const alf_mixture *m, alf_range r)
{
  int64_t d = m->shape->width, experts = m->shape->experts, at = r.first * d;
  alf_real *affinity = m->affinity + r.first * experts;
  m->rows->norm(m->middle + at, m->parameter.norm, m->x + at, m->scale + r.first, r.rows, d);
  alf_dense_forward(r, m->x, m->parameter.gate, m->affinity, d, experts);
  if (m->shape->sigmoid)
    m->rows->sigmoid(affinity, r.rows * experts);
  else
    m->rows->softmax(affinity, r.rows, experts);
}

/* Slots in the order of experts, and of tokens within an expert. */
void alf_mixture_sort(const alf_mixture *m)
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

static void combine_token(const alf_mixture *m, const alf_mixture_scratch *scratch, int64_t t, bool goes_on,
                          alf_real *out)
{
  const alf_moe_shape *s = m->shape;
  const int32_t *slot = m->slot_of + t * s->topk;
  alf_real whole = normaliser(m, t);
  for (int32_t j = 0; j < s->topk; j++)
    m->weight[slot[j]] = m->affinity[t * s->experts + m->expert_of[slot[j]]] / whole;
  m->rows->add_places(scratch->of_slot, s->width, slot, m->weight, s->topk, out, goes_on);
}

/* α E Σ_k f_k P_k, f_k the share of slots, P_k the mean of γ over the sum of its row: what a range of tokens adds to it.
   (Switch Transformer, Fedus et al., arXiv:2101.03961, for K slots) */
static double auxiliary_of(const alf_mixture *m, alf_range r)
{
  const alf_moe_shape *s = m->shape;
  double sum = 0, tokens = (double)r.tokens;
  for (int64_t t = r.first; s->auxiliary > 0 && t < r.first + r.rows; t++) {
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

double alf_mixture_auxiliary_loss(const alf_mixture *m)
{
  double sum = 0;
  for (int64_t i = 0; i < alf_moe_pieces(m->shape); i++)
    sum += m->auxiliary[i];
  return sum;
}

void alf_mixture_combine(const alf_mixture *m, const alf_mixture_scratch *s, alf_range r, alf_real *out)
{
  int64_t d = m->shape->width, at = r.first * d;
  if (m->shape->shared)
    m->rows->add(m->middle + at, s->shared_out + at, out + at, r.rows * d);
  else
    memcpy(out + at, m->middle + at, (size_t)(r.rows * d) * sizeof *out);
  for (int64_t t = r.first; t < r.first + r.rows; t++)
    combine_token(m, s, t, t + 1 < r.first + r.rows, out + t * d);
  m->auxiliary[r.number] = auxiliary_of(m, r);
}

/* dγ of the auxiliary loss. */
static void auxiliary_back(const alf_mixture *m, int64_t t, alf_real *d)
{
  const alf_moe_shape *s = m->shape;
  const alf_real *row = m->affinity + t * s->experts;
  double tokens = (double)alf_moe_tokens(s), scale = s->auxiliary * s->experts / (tokens * tokens * s->topk);
  alf_real sum = 0, mean = 0;
  for (int32_t k = 0; k < s->experts; k++) {
    sum += row[k];
    mean += row[k] * (alf_real)(scale * (double)m->load[k]);
  }
  for (int32_t k = 0; k < s->experts; k++)
    d[k] = ((alf_real)(scale * (double)m->load[k]) - mean / sum) / sum;
}

/* dγ from the weights of the chosen and from the auxiliary loss; then through the gate's function, in place. */
static void gate_row_back(const alf_mixture *m, int64_t t, const alf_real *dweight, alf_real *d)
{
  const alf_moe_shape *s = m->shape;
  const alf_real *row = m->affinity + t * s->experts;
  const int32_t *slot = m->slot_of + t * s->topk;
  alf_real whole = normaliser(m, t), along = 0;
  memset(d, 0, (size_t)s->experts * sizeof *d);
  if (s->auxiliary > 0)
    auxiliary_back(m, t, d);
  for (int32_t j = 0; s->sigmoid && j < s->topk; j++)
    along += dweight[slot[j]] * m->weight[slot[j]];
  for (int32_t j = 0; j < s->topk; j++)
    d[m->expert_of[slot[j]]] += (dweight[slot[j]] - along) / whole;
  if (s->sigmoid)
    m->rows->sigmoid_back(row, d, s->experts);
  else
    m->rows->softmax_back(row, d, s->experts);
}

void alf_mixture_gate_back(const alf_mixture *m, const alf_mixture_scratch *s, alf_range r)
{
  int64_t d = m->shape->width, experts = m->shape->experts;
  for (int64_t t = r.first; t < r.first + r.rows; t++)
    gate_row_back(m, t, s->dweight, s->daffinity + t * experts);
  alf_dense_backward(r, s->daffinity, m->parameter.gate, s->dnormed, m->shape->shared > 0, d, experts);
}

/* What the slots of each token give back, and the norm. */
void alf_mixture_collect_back(const alf_mixture *m, const alf_mixture_scratch *s, alf_range r)
{
  int64_t d = m->shape->width, at = r.first * d;
  int32_t topk = m->shape->topk;
  alf_real *dnorm = s->dnorm + r.number * d;
  for (int64_t t = r.first; t < r.first + r.rows; t++)
    m->rows->add_places(s->of_slot, d, m->slot_of + t * topk, NULL, topk, s->dnormed + t * d, t + 1 < r.first + r.rows);
  memset(dnorm, 0, (size_t)d * sizeof *dnorm);
  m->rows->norm_back(m->middle + at, m->parameter.norm, m->scale + r.first, s->dnormed + at, s->dout + at,
                     s->dmiddle + at, dnorm, r.rows, d);
}
