#include "moe/dense.h"

#include <math.h>

#define NORM_EPSILON 1e-6

/* Tasks i, i + size, … are one thread's. */
typedef struct sharing {
  int64_t count;
  int size;
  void (*task)(void *context, int64_t i);
  void *context;
} sharing;

static void run_part(void *opaque, int part)
{
  sharing *s = opaque;
  for (int64_t i = part; i < s->count; i += s->size)
    s->task(s->context, i);
}

void alf_moe_each(alf_team *team, int64_t count, void (*task)(void *context, int64_t i), void *context)
{
  sharing s = {count, alf_team_size(team), task, context};
  alf_team_run(team, run_part, &s);
}

/* Piece i of `total`: [*first, *first + returned). */
static int64_t piece(int64_t total, int64_t i, int64_t *first)
{
  *first = total * i / ALF_MOE_PIECES;
  return total * (i + 1) / ALF_MOE_PIECES - *first;
}

typedef struct product {
  const alf_real *x, *w, *dy;
  alf_real *y, *dx, *dw;
  int64_t tokens, m, n;
  bool adds;
} product;

/* A const matrix as an operand. */
static alf_view view(const alf_real *data, int64_t stride)
{
  return (alf_view){(alf_real *)(uintptr_t)data, stride};
}

static void forward_piece(void *opaque, int64_t i)
{
  product *p = opaque;
  int64_t first, rows = piece(p->tokens, i, &first);
  alf_gemm(false, view(p->x + first * p->m, p->m), false, view(p->w, p->n), view(p->y + first * p->n, p->n), rows, p->n,
           p->m, 1, 0);
}

void alf_dense_forward(alf_team *team, const alf_real *x, const alf_real *w, alf_real *y, int64_t tokens, int64_t m,
                       int64_t n)
{
  product p = {.x = x, .w = w, .y = y, .tokens = tokens, .m = m, .n = n};
  alf_moe_each(team, ALF_MOE_PIECES, forward_piece, &p);
}

static void input_piece(void *opaque, int64_t i)
{
  product *p = opaque;
  int64_t first, rows = piece(p->tokens, i, &first);
  alf_gemm(false, view(p->dy + first * p->n, p->n), true, view(p->w, p->n), view(p->dx + first * p->m, p->m), rows,
           p->m, p->n, 1, p->adds ? 1 : 0);
}

static void weight_piece(void *opaque, int64_t i)
{
  product *p = opaque;
  int64_t first, rows = piece(p->m, i, &first);
  alf_gemm(true, view(p->x + first, p->m), false, view(p->dy, p->n), view(p->dw + first * p->n, p->n), rows, p->n,
           p->tokens, 1, 1);
}

void alf_dense_backward(alf_team *team, const alf_real *x, const alf_real *w, const alf_real *dy, alf_real *dx,
                        bool adds, alf_real *dw, int64_t tokens, int64_t m, int64_t n)
{
  product p = {.x = x, .w = w, .dy = dy, .dx = dx, .dw = dw, .tokens = tokens, .m = m, .n = n, .adds = adds};
  alf_moe_each(team, ALF_MOE_PIECES, weight_piece, &p);
  if (dx)
    alf_moe_each(team, ALF_MOE_PIECES, input_piece, &p);
}

typedef struct norm {
  const alf_real *x, *g, *dy, *known_scale;
  alf_real *y, *scale, *dx, *partial;
  int64_t tokens, width;
} norm;

static void norm_piece(void *opaque, int64_t i)
{
  norm *n = opaque;
  int64_t first, rows = piece(n->tokens, i, &first);
  for (int64_t t = first; t < first + rows; t++) {
    const alf_real *x = n->x + t * n->width;
    alf_real squares = 0;
    for (int64_t d = 0; d < n->width; d++)
      squares += x[d] * x[d];
    n->scale[t] = (alf_real)(1 / sqrt((double)squares / (double)n->width + NORM_EPSILON));
    for (int64_t d = 0; d < n->width; d++)
      n->y[t * n->width + d] = x[d] * n->scale[t] * n->g[d];
  }
}

void alf_norm_forward(alf_team *team, const alf_real *x, const alf_real *g, alf_real *y, alf_real *scale,
                      int64_t tokens, int64_t width)
{
  norm n = {.x = x, .g = g, .y = y, .scale = scale, .tokens = tokens, .width = width};
  alf_moe_each(team, ALF_MOE_PIECES, norm_piece, &n);
}

/* With r = 1/scale: dx_d = g_d dy_d / r − x_d (Σ g dy x)/(D r³). */
static void norm_back_piece(void *opaque, int64_t i)
{
  norm *n = opaque;
  int64_t first, rows = piece(n->tokens, i, &first);
  alf_real *own = n->partial + i * n->width;
  for (int64_t d = 0; d < n->width; d++)
    own[d] = 0;
  for (int64_t t = first; t < first + rows; t++) {
    const alf_real *x = n->x + t * n->width, *dy = n->dy + t * n->width;
    alf_real scale = n->known_scale[t], along = 0;
    for (int64_t d = 0; d < n->width; d++)
      along += n->g[d] * dy[d] * x[d];
    along *= scale * scale * scale / (alf_real)n->width;
    for (int64_t d = 0; d < n->width; d++) {
      n->dx[t * n->width + d] += n->g[d] * dy[d] * scale - x[d] * along;
      own[d] += dy[d] * x[d] * scale;
    }
  }
}

void alf_norm_backward(alf_team *team, const alf_real *x, const alf_real *g, const alf_real *scale, const alf_real *dy,
                       alf_real *dx, alf_real *dg, alf_real *partial, int64_t tokens, int64_t width)
{
  norm n = {
      .x = x, .g = g, .dy = dy, .known_scale = scale, .dx = dx, .partial = partial, .tokens = tokens, .width = width};
  alf_moe_each(team, ALF_MOE_PIECES, norm_back_piece, &n);
  for (int64_t i = 0; i < ALF_MOE_PIECES; i++)
    for (int64_t d = 0; d < width; d++)
      dg[d] += partial[i * width + d];
}
