/* Passes over rows of numbers: norms, softmax, SwiGLU, AdamW. One kernel for each instruction set; all give the same bits:
   nothing is contracted or reassociated, and sums run in 16 lanes that are added up in a fixed order. Arrays of one call do
   not overlap, unless it says so. */
#ifndef ALF_MOE_ROWS_H
#define ALF_MOE_ROWS_H

#include "moe/real.h"

/* How AdamW moves a parameter (moe/adam.h). */
typedef struct alf_adam_factors {
  alf_real clip;                   /* of the gradient */
  alf_real keep_mean, keep_square; /* β₁, β₂ */
  alf_real rate;                   /* over 1 − β₁^n */
  alf_real root;                   /* 1/sqrt(1 − β₂^n) */
  alf_real epsilon;                /* added to the root of the square */
  alf_real left;                   /* of the parameter after decay */
} alf_adam_factors;

typedef struct alf_rows_kernel {
  const char *name;
  bool (*runs_here)(void);

  /* y = x·g/rms(x), row by row; scale, one a row: 1/rms. (Zhang and Sennrich, arXiv:1910.07467) */
  void (*norm)(const alf_real *x, const alf_real *g, alf_real *y, alf_real *scale, int64_t rows, int64_t width);

  /* dx = passed + what comes back through the norm from dy; dg += its own. */
  void (*norm_back)(const alf_real *x, const alf_real *g, const alf_real *scale, const alf_real *dy,
                    const alf_real *passed, alf_real *dx, alf_real *dg, int64_t rows, int64_t width);

  /* Turns number j and number j + size/2 of row t by an angle, or back by it, and scales them; turn: rows × size, the
     cosines of a row and then its sines. */
  void (*rotate)(alf_view x, const alf_real *turn, bool back, alf_real scale, int64_t rows, int64_t size);

  /* Softmax in place over a row. */
  void (*softmax)(alf_real *row, int64_t rows, int64_t width);

  /* Of the rows first, first + 1, … of a square, and their columns up to the last of these rows: softmax over the first
     t + 1 numbers of row t; 0 beyond. */
  void (*softmax_causal)(alf_view block, int64_t first, int64_t rows);

  /* dscore = w (dw − Σ w dw) in place of dw. */
  void (*softmax_causal_back)(alf_view block, alf_view dblock, int64_t first, int64_t rows);

  /* 1/(1 + e^−x) in place. */
  void (*sigmoid)(alf_real *x, int64_t count);

  /* active = silu(gate)·value of rows that hold both side by side. (SwiGLU: Shazeer, arXiv:2002.05202) */
  void (*swiglu)(const alf_real *pre, alf_real *active, int64_t rows, int64_t hidden);

  /* Where the rows' output is multiplied by weight (NULL: 1) and dactive is what comes back behind that: active again, times
     weight, for the next matrix's gradient; dweight (NULL: not wanted), and dpre. */
  void (*swiglu_back)(const alf_real *pre, const alf_real *dactive, const alf_real *weight, alf_real *active,
                      alf_real *dpre, alf_real *dweight, int64_t rows, int64_t hidden);

  /* From the logits of a row its loss, −ln softmax at the target, and in place the gradient of loss·share. */
  void (*loss)(alf_real *logit, const int32_t *target, alf_real share, double *loss, int64_t rows, int64_t width);

  /* out = x + y; out may be x. */
  void (*add)(const alf_real *x, const alf_real *y, alf_real *out, int64_t count);

  /* to += Σ_i weight[place[i]] · row number place[i] of `from` (weight NULL: 1). Where it goes on, the next call is for the
     places behind these. */
  void (*add_places)(const alf_real *from, int64_t width, const int32_t *place, const alf_real *weight, int32_t places,
                     alf_real *to, bool goes_on);

  /* Σ x y, and Σ x² in double precision. */
  alf_real (*dot)(const alf_real *x, const alf_real *y, int64_t count);
  double (*squares)(const alf_real *x, int64_t count);

  /* Through the gate's function, in place of dγ: softmax γ (dγ − Σ γ dγ) or sigmoid dγ γ (1 − γ). */
  void (*softmax_back)(const alf_real *affinity, alf_real *d, int64_t count);
  void (*sigmoid_back)(const alf_real *affinity, alf_real *d, int64_t count);

  void (*adam)(const alf_adam_factors *factors, const alf_real *gradient, alf_real *mean, alf_real *square,
               alf_real *parameter, int64_t count);

  /* e^x in place: tests look at it. */
  void (*exponential)(alf_real *x, int64_t count);
} alf_rows_kernel;

/* The fastest that runs here. */
const alf_rows_kernel *alf_rows_fastest(void);

/* Null-terminated, the fastest first; runs_here says which may be called. */
extern const alf_rows_kernel *const alf_rows_kernels[];

#endif
