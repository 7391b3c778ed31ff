/* Matrix products and norms on the rows of a batch, in fixed pieces: results do not depend on the number of threads. */
#ifndef ALF_MOE_DENSE_H
#define ALF_MOE_DENSE_H

#include "core/team.h"
#include "moe/real.h"

/* Calls task(context, i) for 0 <= i < count, shared out over the team. */
void alf_moe_each(alf_team *team, int64_t count, void (*task)(void *context, int64_t i), void *context);

/* y (T×n) = x (T×m)·w (m×n). */
void alf_dense_forward(alf_team *team, const alf_real *x, const alf_real *w, alf_real *y, int64_t tokens, int64_t m,
                       int64_t n);

/* dw += xᵀ·dy, and dx = dy·wᵀ, or dx += that where `adds` (dx NULL: not wanted). */
void alf_dense_backward(alf_team *team, const alf_real *x, const alf_real *w, const alf_real *dy, alf_real *dx,
                        bool adds, alf_real *dw, int64_t tokens, int64_t m, int64_t n);

/* y = x·g/rms(x), row by row; `scale`, T: 1/rms. (Zhang and Sennrich, arXiv:1910.07467) */
void alf_norm_forward(alf_team *team, const alf_real *x, const alf_real *g, alf_real *y, alf_real *scale,
                      int64_t tokens, int64_t width);

/* dx += what comes back through the norm, dg += its own. `partial` has room for ALF_MOE_PIECES·width. */
void alf_norm_backward(alf_team *team, const alf_real *x, const alf_real *g, const alf_real *scale, const alf_real *dy,
                       alf_real *dx, alf_real *dg, alf_real *partial, int64_t tokens, int64_t width);

enum { ALF_MOE_PIECES = 16 };

#endif
