/* What online runs over a source are measured against: the best fixed shift and the curvature there. */
#ifndef ALF_REGRET_TARGET_H
#define ALF_REGRET_TARGET_H

#include <stdbool.h>

#include "alf/source.h"

/* Zero-initialise; alf_regret_target_free copes with any state. */
typedef struct alf_regret_target {
  int32_t experts;
  int64_t tokens;  /* T of a batch */
  bool stationary; /* batches are alike: shift is p*; else that of the pooled tokens, which no batch need share */
  bool by_quadrature;
  int64_t pooled;  /* tokens that p* is the exact optimum of; 0 by quadrature */
  double *shift;   /* E, Σ = 0 */
  double gradient; /* max_k |Pr(k chosen) − K/E| at it: by quadrature, or of fresh tokens with its sampling error;
                        NaN where not stationary */
  double modulus;  /* μ: T λ_2 of the tie densities there; NaN where it could not be estimated */
  double *tie;     /* E×E tie densities; NULL where they are estimated only */
} alf_regret_target;

/* Errors: those of sources, alf_population_minimise and solvers. */
alf_status alf_regret_target_find(alf_regret_target *target, const char *input, uint64_t seed, int32_t topk,
                                  bool (*stop)(void), alf_error *err);

void alf_regret_target_free(alf_regret_target *target);

#endif
