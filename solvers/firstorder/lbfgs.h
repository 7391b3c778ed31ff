/* Limited-memory BFGS directions (Nocedal, Math. Comp. 35, 1980). */
#ifndef ALF_FIRSTORDER_LBFGS_H
#define ALF_FIRSTORDER_LBFGS_H

#include <stdint.h>

#include "core/memory.h"

enum { ALF_LBFGS_PAIRS = 8 };

typedef struct alf_lbfgs {
  int32_t count;                   /* n, variables */
  int32_t held, next;              /* pairs in memory; where the next one goes */
  double *step, *change;           /* ALF_LBFGS_PAIRS × n: of variables and of gradients */
  double product[ALF_LBFGS_PAIRS]; /* step·change > 0 */
} alf_lbfgs;

/* For n variables, on memory that the caller checks and frees. */
void alf_lbfgs_open(alf_lbfgs *pairs, int32_t count, alf_memory *memory);

/* Drops all pairs. */
void alf_lbfgs_forget(alf_lbfgs *pairs);

/* Learns from a move between two points and their gradients (n each). A pair without curvature is passed over. */
void alf_lbfgs_learn(alf_lbfgs *pairs, const double *from, const double *to, const double *gradient_from,
                     const double *gradient_to);

/* direction = −H·gradient, H the estimate of the inverse Hessian; `scale`·identity while no pair is held. */
void alf_lbfgs_direction(const alf_lbfgs *pairs, const double *gradient, double scale, double *direction);

#endif
