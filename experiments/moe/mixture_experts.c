/* The experts of a mixture: products and SwiGLU. */
#include <string.h>

#include "moe/gemm.h"
#include "moe/mixture.h"

/* One expert's matrices, and those of its slots. */
typedef struct expert {
  int64_t d, f, first, rows;
  alf_view up, down, pre, of_slot;
} expert;

static expert expert_of(const alf_mixture *m, const alf_mixture_scratch *s, int64_t k)
{
  int64_t d = m->shape->width, f = m->shape->hidden, first = m->offset[k];
  return (expert){d,
                  f,
                  first,
                  m->offset[k + 1] - first,
                  {m->parameter.up + k * d * 2 * f, 2 * f},
                  {m->parameter.down + k * f * d, d},
                  {m->pre + first * 2 * f, 2 * f},
                  {s->of_slot + first * d, d}};
}

/* The rows of the expert's tokens, one after the other; those some places ahead are fetched meanwhile. */
static void gather(const alf_mixture *m, const expert *e, const alf_real *from, alf_real *to)
{
  enum { AHEAD = 6, LINE = 64 };
  const int32_t *token = m->token_of + e->first;
  for (int64_t r = 0; r < e->rows; r++) {
    const char *ahead = (const char *)(from + token[r + AHEAD < e->rows ? r + AHEAD : r] * e->d);
    for (size_t at = 0; at < (size_t)e->d * sizeof *from; at += LINE)
      __builtin_prefetch(ahead + at);
    memcpy(to + r * e->d, from + token[r] * e->d, (size_t)e->d * sizeof *to);
  }
}

void alf_mixture_expert(const alf_mixture *m, const alf_mixture_scratch *s, int64_t k, int member)
{
  const alf_mixture_bench *b = &s->bench[member];
  expert e = expert_of(m, s, k);
  alf_view_fetch(e.pre, e.rows, 2 * e.f);
  gather(m, &e, m->x, b->x);
  alf_gemm((alf_gemm_shape){false, false, e.rows, 2 * e.f, e.d}, (alf_view){b->x, e.d}, e.up, e.pre, false);
  alf_view_fetch(e.of_slot, e.rows, e.d);
  m->rows->swiglu(e.pre.data, b->active, e.rows, e.f);
  alf_gemm((alf_gemm_shape){false, false, e.rows, e.d, e.f}, (alf_view){b->active, e.f}, e.down, e.of_slot, false);
}

static void no_gradient(const alf_mixture *m, const expert *e, int64_t k)
{
  int64_t cells = e->d * e->f;
  memset(m->gradient.up + k * 2 * cells, 0, (size_t)(2 * cells) * sizeof(alf_real));
  memset(m->gradient.down + k * cells, 0, (size_t)cells * sizeof(alf_real));
}

/* The weight of a slot is put to its active numbers, of which there are fewer than of those that come back. */
void alf_mixture_expert_back(const alf_mixture *m, const alf_mixture_scratch *s, int64_t k, int member)
{
  const alf_mixture_bench *b = &s->bench[member];
  expert e = expert_of(m, s, k);
  alf_view x = {b->x, e.d}, dout = {b->dout, e.d}, active = {b->active, e.f}, dactive = {b->dactive, e.f},
           dpre = {b->dpre, 2 * e.f};
  if (e.rows == 0) {
    no_gradient(m, &e, k);
    return;
  }
  gather(m, &e, m->x, b->x);
  gather(m, &e, s->dout, b->dout);
  alf_gemm((alf_gemm_shape){false, true, e.rows, e.f, e.d}, dout, e.down, dactive, false);
  m->rows->swiglu_back(e.pre.data, b->dactive, m->weight + e.first, b->active, b->dpre, s->dweight + e.first, e.rows,
                       e.f);
  alf_view_fetch(e.of_slot, e.rows, e.d);
  alf_gemm((alf_gemm_shape){true, false, e.f, e.d, e.rows}, active, dout,
           (alf_view){m->gradient.down + k * e.f * e.d, e.d}, false);
  alf_gemm((alf_gemm_shape){true, false, e.d, 2 * e.f, e.rows}, x, dpre,
           (alf_view){m->gradient.up + k * e.d * 2 * e.f, 2 * e.f}, false);
  alf_gemm((alf_gemm_shape){false, true, e.rows, e.d, 2 * e.f}, dpre, e.up, e.of_slot, false);
}

static int64_t shared_width(const alf_mixture *m)
{
  return (int64_t)m->shape->shared * m->shape->hidden;
}

void alf_mixture_shared(const alf_mixture *m, const alf_mixture_scratch *s, alf_range r)
{
  int64_t d = m->shape->width, f = shared_width(m);
  alf_dense_forward(r, m->x, m->parameter.shared_up, m->shared_pre, d, 2 * f);
  m->rows->swiglu(m->shared_pre + r.first * 2 * f, s->shared_active + r.first * f, r.rows, f);
  alf_dense_forward(r, s->shared_active, m->parameter.shared_down, s->shared_out, f, d);
}

void alf_mixture_shared_back(const alf_mixture *m, const alf_mixture_scratch *s, alf_range r)
{
  int64_t d = m->shape->width, f = shared_width(m);
  alf_dense_backward(r, s->dout, m->parameter.shared_down, s->dshared_active, false, f, d);
  m->rows->swiglu_back(m->shared_pre + r.first * 2 * f, s->dshared_active + r.first * f, NULL,
                       s->shared_active + r.first * f, s->dshared_pre + r.first * 2 * f, NULL, r.rows, f);
  alf_dense_backward(r, s->dshared_pre, m->parameter.shared_up, s->dnormed, false, d, 2 * f);
}

void alf_mixture_weights_back(const alf_mixture *m, const alf_mixture_scratch *s, alf_dense_list *list)
{
  int64_t tokens = alf_moe_tokens(m->shape), d = m->shape->width, f = shared_width(m);
  if (f > 0) {
    alf_dense_add(list,
                  (alf_dense_weight){m->x, s->dshared_pre, m->gradient.shared_up, tokens, d, 2 * f, ALF_PART_SHARED});
    alf_dense_add(
        list, (alf_dense_weight){s->shared_active, s->dout, m->gradient.shared_down, tokens, f, d, ALF_PART_SHARED});
  }
  alf_dense_add(
      list, (alf_dense_weight){m->x, s->daffinity, m->gradient.gate, tokens, d, m->shape->experts, ALF_PART_ROUTER});
}
