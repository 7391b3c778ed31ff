/* Limited-memory BFGS directions (Nocedal, Math. Comp. 35, 1980). */
#ifndef ALF_FIRSTORDER_LBFGS_H
#define ALF_FIRSTORDER_LBFGS_H

#include "alf/status.h"

#include <stdint.h>

enum { ALF_LBFGS_PAIRS = 8 };

/* Zero-initialise; alf_lbfgs_free copes with any state. */
typedef struct alf_lbfgs {
  int32_t count;                   /* n, variables */
  int32_t held, next;              /* pairs in memory; where the next one goes */
  double *step, *change;           /* ALF_LBFGS_PAIRS × n: of variables and of gradients */
  double product[ALF_LBFGS_PAIRS]; /* step·change > 0 */
} alf_lbfgs;

/* Takes memory for n variables. Errors: ALF_ENOMEM. */
alf_status alf_lbfgs_alloc(alf_lbfgs *memory, int32_t count, alf_error *err);

void alf_lbfgs_free(alf_lbfgs *memory);

/* Drops all pairs. */
void alf_lbfgs_forget(alf_lbfgs *memory);

/* Learns from a move between two points and their gradients (n each). A pair without curvature is passed over. */
void alf_lbfgs_learn(alf_lbfgs *memory, const double *from, const double *to, const double *gradient_from,
                     const double *gradient_to);

/* direction = −H·gradient, H the estimate of the inverse Hessian; `scale`·identity while no pair is held. */
void alf_lbfgs_direction(const alf_lbfgs *memory, const double *gradient, double scale, double *direction);

#endif
