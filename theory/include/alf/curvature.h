/* Strong convexity of the expected dual function: tie densities predicted by quadrature or estimated from tokens, and how
   they compare with the curvature that tokens show. All values are for one token: T of them give T times as much.
   (theory.md C8) */
#ifndef ALF_CURVATURE_H
#define ALF_CURVATURE_H

#include <stdbool.h>

#include "alf/source.h"

enum { ALF_AT_ZERO, ALF_AT_MINIMISER, ALF_CURVATURE_POINTS };

/* At one shift. */
typedef struct alf_curvature_point {
  double modulus;          /* λ_2 of the Laplacian of h: μ/T */
  double least_tie;        /* min h_kl over pairs */
  double spread;           /* max p − min p */
  double quadrature_error; /* how much λ_2 changes with half the nodes */
} alf_curvature_point;

typedef struct alf_curvature {
  bool independent; /* a family whose tie densities follow from its marginals; else they are estimated from tokens, and
                       only the first point, the optimal prices or 0, is there */
  alf_curvature_point point[ALF_CURVATURE_POINTS];
  double least_density; /* c of the bound h >= c^E κ^(E−1) / (E−1); NaN where not independent */
  double closed_form;   /* what λ_2 at 0 must be where that is known, else NaN */
  double bandwidth;     /* of the estimate, in affinity units; NaN where independent */
  double bias;          /* relative: how much the estimate changes with half the bandwidth; NaN where independent */
  /* zᵀ∇²F z along random z, predicted and measured: the largest distance in standard errors */
  double by_second_differences; /* of the dual function */
  double by_gradients;          /* by differences of the loads; NaN where not independent */
  double resolution;            /* the largest standard error of a measurement over what it measures */
  int64_t sampled,
      least_counted; /* tokens of a measurement; those of them that lay near enough to a tie, at the least */
} alf_curvature;

/* `call` as for alf_population_alloc. Draws its own tokens, in batches that no stream reaches. Errors: those of
   alf_population_alloc and alf_population_minimise; ALF_EINTERRUPTED when stop (may be NULL) says so. */
alf_status alf_curvature_of_family(alf_curvature *curvature, const alf_family *family, const alf_family_call *call,
                                   int32_t topk, bool (*stop)(void), alf_error *err);

/* From the tokens of a batch (any type): even ones give the estimate, odd ones the measurement. `shift`: E numbers.
   Errors: ALF_ENOMEM, ALF_EUNSUPPORTED for fewer than 64 tokens. */
alf_status alf_curvature_of_batch(alf_curvature *curvature, const alf_affinity *batch, int32_t topk,
                                  const double *shift, alf_error *err);

#endif
