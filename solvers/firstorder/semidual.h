/* The semi-dual of the assignment problem with quadratic regularisation and a bound on how many experts a token uses,
   after T. Liu, J. Puigcerver and M. Blondel, "Sparsity-constrained optimal transport", ICLR 2023 (arXiv:2209.15466).
     φ(p) = Σ_i max over y in Y of { Σ_k (γ_ik + p_k) y_k − λ/2 Σ_k y_k² } − Σ_k L_k p_k,
     Y = {0 <= y_k <= 1, Σ_k y_k = K, at most c of them nonzero}.
   The paper's Y is a token's mass, here K, split at will: {y >= 0, Σ y = K, at most c nonzero}. It has no bound y <= 1,
   so that its λ → 0 gives one expert the whole token. With the bound λ → 0 gives D for any c. The maximum is reached on
   the c largest scores (exchange argument, as in the paper): y = clip((s − θ)/λ) with θ such that they add up to K.
   φ is convex, a maximum of affine functions of p, and smooth where the c largest scores are unambiguous or y vanishes
   beyond them anyway; its gradient is load − L. With c = K only y = 1 remains: then φ = D − λKT/2, as unsmooth as D
   (the paper's k = 1). Hence K < c. */
#ifndef ALF_FIRSTORDER_SEMIDUAL_H
#define ALF_FIRSTORDER_SEMIDUAL_H

#include <stdint.h>

typedef struct alf_semidual {
  int64_t tokens;         /* T */
  int32_t experts;        /* E */
  int32_t topk;           /* K */
  const double *affinity; /* T×E, row-major, affinity units; not owned */
  const double *target;   /* E: L_k, slots; not owned */
  double lambda;          /* λ > 0, affinity units */
  int32_t nonzeros;       /* c, K..E */
} alf_semidual;

/* The maximiser y of one token: at most `nonzeros` of the E scores, with their amounts, best first. `expert` and
   `amount` have room for `nonzeros` entries. Ties go to the lower expert index. Returns the number of entries that are
   not 0. */
int32_t alf_semidual_plan(const alf_semidual *f, const double *score, int32_t *expert, double *amount);

/* φ(p) and its gradient (E). `score`, `amount` and `expert` are scratch, E each. */
double alf_semidual_value(const alf_semidual *f, const double *price, double *gradient, double *score, double *amount,
                          int32_t *expert);

/* The plan x (T×E, row-major) at prices p; scratch as before. */
void alf_semidual_fill(const alf_semidual *f, const double *price, double *x, double *score, double *amount,
                       int32_t *expert);

#endif
