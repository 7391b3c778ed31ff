/* Matrix products on the rows of a batch, in fixed pieces: how they are cut depends on the shape alone, and so does every
   bit of what comes out. */
#ifndef ALF_MOE_DENSE_H
#define ALF_MOE_DENSE_H

#include "moe/crew.h"
#include "moe/shape.h"

/* Tokens of a piece. */
typedef struct alf_range {
  int64_t number, first, rows;
  int64_t tokens; /* of all */
} alf_range;

/* How many pieces a batch is cut into, and piece number i: of about 256 tokens, which fit a core's cache with all that is
   done to them; fewer where there are few. */
int64_t alf_moe_pieces(const alf_moe_shape *shape);
alf_range alf_moe_piece(const alf_moe_shape *shape, int64_t i);

/* The rows of the range: y (T×n) = x (T×m)·w (m×n). */
void alf_dense_forward(alf_range range, const alf_real *x, const alf_real *w, alf_real *y, int64_t m, int64_t n);

/* And dx = dy·wᵀ, or dx += that. */
void alf_dense_backward(alf_range range, const alf_real *dy, const alf_real *w, alf_real *dx, bool adds, int64_t m,
                        int64_t n);

/* dw (m×n) = xᵀ·dy, all tokens, cut into tasks of some columns. */
typedef struct alf_dense_weight {
  const alf_real *x, *dy;
  alf_real *dw;
  int64_t tokens, m, n;
  alf_moe_part part; /* what it is for */
} alf_dense_weight;

enum { ALF_DENSE_WEIGHTS = 4 };

/* Products that can be done at the same time. Zero-initialise. */
typedef struct alf_dense_list {
  alf_dense_weight weight[ALF_DENSE_WEIGHTS];
  int weights;
  int64_t tasks;
} alf_dense_list;

void alf_dense_add(alf_dense_list *list, alf_dense_weight weight);

/* Task 0 <= i < tasks. Returns what it was for. */
alf_moe_part alf_dense_task(const alf_dense_list *list, int64_t i);

#endif
