#include "moe/attention.h"

#include <math.h>
#include <string.h>

#include "moe/gemm.h"

#define ROTARY_BASE 10000.

enum { BLOCK = 64 }; /* rows of a square of weights that are done together */

void alf_rotary_fill(const alf_moe_shape *s, alf_real *turn)
{
  int32_t size = s->width / s->heads, half = size / 2;
  for (int32_t t = 0; t < s->context; t++)
    for (int32_t j = 0; j < half; j++) {
      double angle = t * pow(ROTARY_BASE, -(double)j / half);
      turn[t * size + j] = (alf_real)cos(angle);
      turn[t * size + half + j] = (alf_real)sin(angle);
    }
}

void alf_attention_enter(const alf_attention *a, alf_range r)
{
  int64_t d = a->shape->width, at = r.first * d;
  a->rows->norm(a->x + at, a->parameter.norm, a->normed + at, a->scale + r.first, r.rows, d);
  alf_dense_forward(r, a->normed, a->parameter.qkv, a->qkv, d, 3 * d);
}

void alf_attention_leave(const alf_attention *a, alf_range r)
{
  int64_t d = a->shape->width, at = r.first * d;
  alf_dense_forward(r, a->out, a->parameter.out, a->middle, d, d);
  a->rows->add(a->middle + at, a->x + at, a->middle + at, r.rows * d);
}

/* One head of one sequence: the S rows of its queries, keys and values, of what comes out, or of their gradients. */
typedef struct head {
  int64_t size, length; /* columns, rows */
  alf_view q, k, v, out, square;
} head;

static head head_of(const alf_moe_shape *s, int64_t i, alf_real *qkv, const alf_real *out, alf_real *square)
{
  int64_t d = s->width, size = d / s->heads, column = i % s->heads * size, first = i / s->heads * s->context;
  alf_real *row = qkv + first * 3 * d + column;
  return (head){size,
                s->context,
                {row, 3 * d},
                {row + d, 3 * d},
                {row + 2 * d, 3 * d},
                alf_view_of(out + first * d + column, d),
                {square, s->context}};
}

static int64_t square_of(const alf_moe_shape *s)
{
  return (int64_t)s->context * s->context;
}

/* What scores are multiplied by: the queries are, for all. */
static alf_real score_scale(const head *h)
{
  return (alf_real)(1 / sqrt((double)h->size));
}

/* Row number `row` and those behind it. */
static alf_view from_row(alf_view view, int64_t row)
{
  return (alf_view){view.data + row * view.stride, view.stride};
}

/* Some rows of the square: columns beyond the last of them are 0, and are left out. */
static int64_t block_rows(const head *h, int64_t first)
{
  return h->length - first < BLOCK ? h->length - first : BLOCK;
}

/* Scores and what they weigh: two products of the same size. */
double alf_attention_operations(const alf_moe_shape *s)
{
  const head h = {.length = s->context};
  double cells = 0;
  for (int64_t first = 0; first < h.length; first += BLOCK)
    cells += (double)block_rows(&h, first) * (double)(first + block_rows(&h, first));
  return 2 * 2 * cells * s->width * s->sequences;
}

void alf_attention_head(const alf_attention *a, int64_t i)
{
  head h = head_of(a->shape, i, a->qkv, a->out, a->weight + i * square_of(a->shape));
  alf_view_fetch(h.q, h.length, h.size);
  alf_view_fetch(h.k, h.length, h.size);
  alf_view_fetch(h.v, h.length, h.size);
  alf_view_fetch(h.square, h.length, h.length);
  alf_view_fetch(h.out, h.length, h.size);
  a->rows->rotate(h.q, a->turn, false, score_scale(&h), h.length, h.size);
  a->rows->rotate(h.k, a->turn, false, 1, h.length, h.size);
  for (int64_t first = 0; first < h.length; first += BLOCK) {
    int64_t rows = block_rows(&h, first), width = first + rows;
    alf_view block = from_row(h.square, first);
    alf_gemm((alf_gemm_shape){false, true, rows, width, h.size}, from_row(h.q, first), h.k, block, false);
    a->rows->softmax_causal(block, first, rows);
    alf_gemm((alf_gemm_shape){false, false, rows, h.size, width}, block, h.v, from_row(h.out, first), false);
  }
}

void alf_attention_leave_back(const alf_attention *a, const alf_attention_scratch *s, alf_range r)
{
  int64_t d = a->shape->width;
  alf_dense_backward(r, s->dmiddle, a->parameter.out, s->dout, false, d, d);
}

/* One block of the square, the first one to come being the last: it has all columns. */
static void block_back(const alf_attention *a, const head *h, const head *d, int64_t first)
{
  int64_t rows = block_rows(h, first), width = first + rows;
  bool adds = width < h->length;
  alf_view block = from_row(h->square, first), dout = from_row(d->out, first), q = from_row(h->q, first);
  alf_gemm((alf_gemm_shape){false, true, rows, width, h->size}, dout, h->v, d->square, false);
  alf_gemm((alf_gemm_shape){true, false, width, h->size, rows}, block, dout, d->v, adds);
  a->rows->softmax_causal_back(block, d->square, first, rows);
  alf_gemm((alf_gemm_shape){false, false, rows, h->size, width}, d->square, h->k, from_row(d->q, first), false);
  alf_gemm((alf_gemm_shape){true, false, width, h->size, rows}, d->square, q, d->k, adds);
}

void alf_attention_head_back(const alf_attention *a, const alf_attention_scratch *s, int64_t i, int member)
{
  int64_t square = square_of(a->shape);
  head h = head_of(a->shape, i, a->qkv, a->out, a->weight + i * square),
       d = head_of(a->shape, i, s->dqkv, s->dout, s->dweight + member * square);
  alf_view_fetch(h.square, h.length, h.length);
  alf_view_fetch(d.q, h.length, h.size);
  alf_view_fetch(d.k, h.length, h.size);
  alf_view_fetch(d.v, h.length, h.size);
  for (int64_t first = (h.length - 1) / BLOCK * BLOCK; first >= 0; first -= BLOCK)
    block_back(a, &h, &d, first);
  a->rows->rotate(d.q, a->turn, true, score_scale(&h), h.length, h.size);
  a->rows->rotate(d.k, a->turn, true, 1, h.length, h.size);
}

void alf_attention_enter_back(const alf_attention *a, const alf_attention_scratch *s, alf_range r)
{
  int64_t d = a->shape->width, at = r.first * d;
  alf_real *dnorm = s->dnorm + r.number * d;
  alf_dense_backward(r, s->dqkv, a->parameter.qkv, s->dnormed, false, d, 3 * d);
  memset(dnorm, 0, (size_t)d * sizeof *dnorm);
  a->rows->norm_back(a->x + at, a->parameter.norm, a->scale + r.first, s->dnormed + at, s->dmiddle + at, s->dx + at,
                     dnorm, r.rows, d);
}

alf_dense_weight alf_attention_out_weight(const alf_attention *a, const alf_attention_scratch *s)
{
  int64_t d = a->shape->width;
  return (alf_dense_weight){a->out, s->dmiddle, a->gradient.out, alf_moe_tokens(a->shape), d, d, ALF_PART_ATTENTION};
}

alf_dense_weight alf_attention_qkv_weight(const alf_attention *a, const alf_attention_scratch *s)
{
  int64_t d = a->shape->width;
  return (alf_dense_weight){a->normed, s->dqkv, a->gradient.qkv,   alf_moe_tokens(a->shape),
                            d,         3 * d,   ALF_PART_ATTENTION};
}
