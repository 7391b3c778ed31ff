#include "moe/dense.h"

#include "moe/gemm.h"

enum { PIECE = 256, FEW = 4, MOST = 64, COLUMNS = 256 };

int64_t alf_moe_pieces(const alf_moe_shape *shape)
{
  int64_t tokens = alf_moe_tokens(shape), pieces = tokens / PIECE, least = tokens < FEW ? tokens : FEW;
  return pieces < least ? least : pieces > MOST ? MOST : pieces;
}

alf_range alf_moe_piece(const alf_moe_shape *shape, int64_t i)
{
  int64_t tokens = alf_moe_tokens(shape), pieces = alf_moe_pieces(shape), first = tokens * i / pieces;
  return (alf_range){i, first, tokens * (i + 1) / pieces - first, tokens};
}

/* The whole product of which a range of rows is a piece. */
static alf_gemm_shape piece_of(alf_range range, alf_gemm_shape shape)
{
  if (range.number == 0)
    alf_gemm_note(shape);
  shape.m = range.rows;
  return shape;
}

void alf_dense_forward(alf_range range, const alf_real *x, const alf_real *w, alf_real *y, int64_t m, int64_t n)
{
  alf_gemm_piece(piece_of(range, (alf_gemm_shape){false, false, range.tokens, n, m}),
                 alf_view_of(x + range.first * m, m), alf_view_of(w, n), (alf_view){y + range.first * n, n}, false);
}

void alf_dense_backward(alf_range range, const alf_real *dy, const alf_real *w, alf_real *dx, bool adds, int64_t m,
                        int64_t n)
{
  alf_gemm_piece(piece_of(range, (alf_gemm_shape){false, true, range.tokens, m, n}),
                 alf_view_of(dy + range.first * n, n), alf_view_of(w, n), (alf_view){dx + range.first * m, m}, adds);
}

static int64_t tasks_of(const alf_dense_weight *weight)
{
  return (weight->n + COLUMNS - 1) / COLUMNS;
}

void alf_dense_add(alf_dense_list *list, alf_dense_weight weight)
{
  list->weight[list->weights++] = weight;
  list->tasks += tasks_of(&weight);
}

alf_moe_part alf_dense_task(const alf_dense_list *list, int64_t i)
{
  const alf_dense_weight *w = list->weight;
  for (; i >= tasks_of(w); w++)
    i -= tasks_of(w);
  int64_t first = w->n * i / tasks_of(w), columns = w->n * (i + 1) / tasks_of(w) - first;
  if (i == 0)
    alf_gemm_note((alf_gemm_shape){true, false, w->m, w->n, w->tokens});
  alf_gemm_piece((alf_gemm_shape){true, false, w->m, columns, w->tokens}, alf_view_of(w->x, w->m),
                 alf_view_of(w->dy + first, w->n), (alf_view){w->dw + first, w->n}, false);
  return w->part;
}
