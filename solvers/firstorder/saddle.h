/* The problem as a saddle point, for primal-dual methods:
     min over u, p  max over 0 <= x <= 1  of  Σ_ik (γ_ik + u_i + p_k) x_ik − K Σ_i u_i − Σ_k min(p_k lower_k, p_k upper_k),
   with a price u_i for each token's row and p_k for each expert's column. The matrix of these T + E rows has two ones in
   each column: the mean eigenvalue of AᵀA is 2, the largest T + E (at the vector of ones). Weighted by 1/E for rows of
   tokens and 1/T for rows of experts, A Aᵀ has a diagonal of ones, mean eigenvalue 1 and largest eigenvalue 2. */
#ifndef ALF_FIRSTORDER_SADDLE_H
#define ALF_FIRSTORDER_SADDLE_H

#include "alf/problem.h"

typedef struct alf_saddle {
  int64_t tokens;        /* T */
  int32_t experts;       /* E */
  int32_t topk;          /* K */
  alf_affinity affinity; /* T×E, ALF_FLOAT64, owned: exact, since cells are below 2^41 grid units */
  const double *value;   /* its cells, row-major */
  double *lower, *upper; /* E: bounds of the load, slots */
} alf_saddle;

/* Zero-initialise before. Errors: ALF_ENOMEM. */
alf_status alf_saddle_open(alf_saddle *saddle, const alf_problem *problem, alf_error *err);

/* Releases and zeroes. Safe on a zeroed struct and on a half-open one. */
void alf_saddle_close(alf_saddle *saddle);

/* Mean over tokens of largest minus smallest affinity; 1 where all of them are equal. */
double alf_saddle_spread(const alf_saddle *saddle);

/* sqrt(Σ (γ_ik − mean of row i)²); a price on rows makes the rest of γ immaterial. */
double alf_saddle_norm(const alf_saddle *saddle);

/* Primal step of one row: next = x + (γ + u + p)·step, cut to 0..1. */
static inline void alf_saddle_cells(const double *x, const double *affinity, double u, const double *price, double step,
                                    int32_t experts, double *next)
{
  for (int32_t k = 0; k < experts; k++) {
    double moved = x[k] + (affinity[k] + u + price[k]) * step;
    moved = moved > 0 ? moved : 0;
    next[k] = moved < 1 ? moved : 1;
  }
}

/* Dual step of one column: argmin over q of q·load − min(q·lower, q·upper) + (q − price)²/(2·step). */
static inline double alf_saddle_price(double price, double step, double load, double lower, double upper)
{
  double above = price - step * (load - lower), below = price - step * (load - upper);
  return above > 0 ? above : below < 0 ? below : 0;
}

/* Σ value, in eight interleaved sums and then these in order: the same bits whatever the width of the vectors. */
static inline double alf_saddle_sum(const double *value, int32_t count)
{
  double lane[8] = {0}, sum = 0;
  int32_t k = 0;
  for (; k + 8 <= count; k += 8)
    for (int32_t l = 0; l < 8; l++)
      lane[l] += value[k + l];
  for (int32_t l = 0; k < count; k++, l++)
    lane[l] += value[k];
  for (int32_t l = 0; l < 8; l++)
    sum += lane[l];
  return sum;
}

#endif
