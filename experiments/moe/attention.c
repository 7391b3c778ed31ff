#include "moe/attention.h"

#include <math.h>
#include <stddef.h>

#include "moe/dense.h"

#define ROTARY_BASE 10000.

void alf_rotary_fill(const alf_moe_shape *s, alf_real *turn)
{
  int32_t size = s->width / s->heads;
  for (int32_t t = 0; t < s->context; t++)
    for (int32_t j = 0; j < size; j += 2) {
      double angle = t * pow(ROTARY_BASE, -(double)j / size);
      turn[t * size + j] = (alf_real)cos(angle);
      turn[t * size + j + 1] = (alf_real)sin(angle);
    }
}

/* One head of one sequence: the S rows of its queries, keys, values or of what comes out. */
typedef struct head {
  int64_t first, size, length; /* row, columns, rows */
  alf_view q, k, v, dq, dk, dv, out, dout;
  alf_real *weight, *dweight; /* S×S */
} head;

static alf_view part(const alf_real *array, int64_t row, int64_t column, int64_t stride)
{
  return (alf_view){array ? (alf_real *)(uintptr_t)(array + row * stride + column) : NULL, stride};
}

static head head_of(const alf_attention *a, int64_t i)
{
  const alf_moe_shape *s = a->shape;
  int64_t d = s->width, size = d / s->heads, column = i % s->heads * size, first = i / s->heads * s->context;
  int64_t square = (int64_t)s->context * s->context;
  return (head){.first = first,
                .size = size,
                .length = s->context,
                .q = part(a->qkv, first, column, 3 * d),
                .k = part(a->qkv, first, d + column, 3 * d),
                .v = part(a->qkv, first, 2 * d + column, 3 * d),
                .dq = part(a->dqkv, first, column, 3 * d),
                .dk = part(a->dqkv, first, d + column, 3 * d),
                .dv = part(a->dqkv, first, 2 * d + column, 3 * d),
                .out = part(a->out, first, column, d),
                .dout = part(a->dout, first, column, d),
                .weight = a->weight + i * square,
                .dweight = a->dweight ? a->dweight + i * square : NULL};
}

/* Turns the pairs of every row by its position's angles, or back. */
static void rotate(const alf_attention *a, const head *h, alf_view rows, alf_real direction)
{
  for (int64_t t = 0; t < h->length; t++) {
    alf_real *x = rows.data + t * rows.stride;
    const alf_real *turn = a->turn + t * h->size;
    for (int64_t j = 0; j < h->size; j += 2) {
      alf_real cosine = turn[j], sine = direction * turn[j + 1], first = x[j], second = x[j + 1];
      x[j] = cosine * first - sine * second;
      x[j + 1] = sine * first + cosine * second;
    }
  }
}

/* Softmax over the positions up to its own; 0 beyond. */
static void normalise_row(alf_real *row, int64_t own, int64_t length)
{
  alf_real largest = row[0], sum = 0;
  for (int64_t j = 1; j <= own; j++)
    largest = row[j] > largest ? row[j] : largest;
  for (int64_t j = 0; j <= own; j++) {
    row[j] = (alf_real)exp((double)(row[j] - largest));
    sum += row[j];
  }
  for (int64_t j = 0; j <= own; j++)
    row[j] /= sum;
  for (int64_t j = own + 1; j < length; j++)
    row[j] = 0;
}

static void forward(void *opaque, int64_t i)
{
  const alf_attention *a = opaque;
  head h = head_of(a, i);
  alf_view weight = {h.weight, h.length};
  rotate(a, &h, h.q, 1);
  rotate(a, &h, h.k, 1);
  alf_gemm(false, h.q, true, h.k, weight, h.length, h.length, h.size, (alf_real)(1 / sqrt((double)h.size)), 0);
  for (int64_t t = 0; t < h.length; t++)
    normalise_row(h.weight + t * h.length, t, h.length);
  alf_gemm(false, weight, false, h.v, h.out, h.length, h.size, h.length, 1, 0);
}

void alf_attention_forward(const alf_attention *a)
{
  alf_moe_each(a->team, (int64_t)a->shape->sequences * a->shape->heads, forward, (void *)(uintptr_t)a);
}

/* Through the softmax: dscore = w (dw − Σ w dw), scaled. */
static void back_through_row(const alf_real *weight, alf_real *dweight, int64_t own, int64_t length, alf_real scale)
{
  alf_real along = 0;
  for (int64_t j = 0; j <= own; j++)
    along += weight[j] * dweight[j];
  for (int64_t j = 0; j < length; j++)
    dweight[j] = j <= own ? scale * weight[j] * (dweight[j] - along) : 0;
}

static void backward(void *opaque, int64_t i)
{
  const alf_attention *a = opaque;
  head h = head_of(a, i);
  alf_view weight = {h.weight, h.length}, dweight = {h.dweight, h.length};
  alf_real scale = (alf_real)(1 / sqrt((double)h.size));
  alf_gemm(false, h.dout, true, h.v, dweight, h.length, h.length, h.size, 1, 0);
  alf_gemm(true, weight, false, h.dout, h.dv, h.length, h.size, h.length, 1, 0);
  for (int64_t t = 0; t < h.length; t++)
    back_through_row(h.weight + t * h.length, h.dweight + t * h.length, t, h.length, scale);
  alf_gemm(false, dweight, false, h.k, h.dq, h.length, h.size, h.length, 1, 0);
  alf_gemm(true, dweight, false, h.q, h.dk, h.length, h.size, h.length, 1, 0);
  rotate(a, &h, h.dq, -1);
  rotate(a, &h, h.dk, -1);
}

void alf_attention_backward(const alf_attention *a)
{
  alf_moe_each(a->team, (int64_t)a->shape->sequences * a->shape->heads, backward, (void *)(uintptr_t)a);
}
