/* AdamW (Loshchilov and Hutter, arXiv:1711.05101) with clipping by the gradient's norm. */
#ifndef ALF_MOE_ADAM_H
#define ALF_MOE_ADAM_H

#include "moe/crew.h"
#include "moe/rows.h"
#include "moe/shape.h"

typedef struct alf_adam {
  double rate, first, second, epsilon, decay; /* of this step */
  double clip;                                /* largest norm of the gradient; 0: no clipping */
  alf_real *mean, *square;                    /* of every parameter, from 0 */
} alf_adam;

/* Update number step = 1, 2, …; weights decay, norms do not. Returns the gradient's norm before clipping. */
double alf_adam_step(const alf_adam *adam, alf_crew *crew, const alf_moe_shape *shape, int64_t step,
                     alf_real *parameter, const alf_real *gradient);

/* Linear warm-up over `warm_up` steps, then a half cosine down to `least` of the peak at `steps`. step = 1, 2, … */
double alf_learning_rate(double peak, double least, int64_t warm_up, int64_t steps, int64_t step);

#endif
