/* The dense part of primal-dual methods on the LP of the problem: one pass over T×E cells that moves the iterate and
   predicts the next. With A the row sums and the column sums of x, the method's dual variables are θ for the rows and
   −p for the columns, and γ_ik + p_k − θ_i is what a cell gains. Every column of A has two ones; ‖A‖² = T + E. */
#ifndef ALF_FIRSTORDER_SWEEP_H
#define ALF_FIRSTORDER_SWEEP_H

#include "alf/problem.h"
#include "core/memory.h"

/* Sums are in a fixed order, whatever the instruction set. */
typedef struct alf_sweep {
  int64_t tokens;
  int32_t experts;
  int32_t topk;
  double *affinity;       /* T×E, affinity units */
  double *x;              /* T×E: the iterate; may leave 0..1 */
  double *predicted;      /* T×E: within 0..1 */
  double *threshold;      /* T: θ, affinity units */
  double *price;          /* E: p, affinity units */
  double *target;         /* E: L_k, slots */
  double *row, *load;     /* T and E: row and column sums of the prediction */
  double *row_change;     /* T: row sums of prediction less iterate */
  double *load_change;    /* E: its column sums */
  double *token_shift;    /* T: taken from all of a row when the iterate moves */
  double *expert_shift;   /* E: added to all of a column when it moves */
  double change;          /* Σ (prediction − iterate)² */
  double *mark_x;         /* T×E: see alf_sweep_set_mark; the start before */
  double *mark_threshold; /* T */
  double *mark_price;     /* E */
} alf_sweep;

/* How the iterate moves: x += forward·(prediction − x) + back·(anchor − x) + expert_shift − token_shift. */
typedef struct alf_sweep_move {
  double forward, back;
  const double *anchor; /* T×E; NULL when `back` is 0 */
} alf_sweep_move;

/* Takes what it needs of `memory`, which the caller frees; x, prediction and p are 0 and θ_i is midway between the K-th
   and the (K+1)-th affinity. Errors: ALF_ENOMEM. */
alf_status alf_sweep_open(alf_sweep *sweep, const alf_problem *problem, alf_memory *memory, alf_error *err);

/* Moves x, predicts clamp(x + step·(γ + p − θ), 0, 1), and sums. */
void alf_sweep_run(alf_sweep *sweep, alf_sweep_move move, double step);

/* A first primal weight: the ratio of the norms of γ and of the right-hand sides; 1 where γ is 0. */
double alf_sweep_weight(const alf_sweep *sweep);

/* Sets the mark to the prediction with these θ (T) and p (E). Returns by how much further they have moved from the last
   one than x has, as a ratio of norms; 0 where either has not moved. */
double alf_sweep_set_mark(alf_sweep *sweep, const double *threshold, const double *price);

#endif
