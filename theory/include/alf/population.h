/* The population behind a family of independent affinities: what a fresh token does at a given shift, by quadrature.
   All values are for one token; T of them give T times as much. (theory.md C8) */
#ifndef ALF_POPULATION_H
#define ALF_POPULATION_H

#include <stdbool.h>

#include "alf/source.h"

#define ALF_POPULATION_MAX_EXPERTS 256

/* Opaque. */
typedef struct alf_population alf_population;

/* At one shift p. Arrays are valid until the next evaluation. */
typedef struct alf_population_point {
  double dual;         /* E[sum of the K largest of γ + p] − (K/E) Σ p */
  const double *share; /* E: Pr(expert k is chosen); the gradient of the dual is share_k − K/E */
  const double *tie;   /* E×E, row-major, symmetric, diagonal 0: the tie densities h_kl; its Laplacian is the Hessian.
                          NULL when not asked for */
} alf_population_point;

/* `call` says T, E, the family's parameters and the seed of what its experts have of their own. Errors: ALF_EUNSUPPORTED
   for a family without marginals and for more than ALF_POPULATION_MAX_EXPERTS; ALF_EINVAL for K; ALF_ENOMEM. */
alf_status alf_population_alloc(alf_population **population, const alf_family *family, const alf_family_call *call,
                                int32_t topk, alf_error *err);

/* Evaluates at a shift of E numbers. Gauss–Legendre quadrature between the ends of the shifted supports; `order` is the
   most nodes in one piece: ALF_POPULATION_ORDER, or half of it to see how much the result depends on it. */
#define ALF_POPULATION_ORDER 128
alf_population_point alf_population_evaluate(alf_population *population, const double *shift, bool ties, int order);

/* The least density of any expert in (0, 1): the c of C8's bound. On a grid of 1000 points, so an upper estimate. */
double alf_population_least_density(const alf_population *population);

/* p*: minimises the dual, Σ p* = 0, by Newton's method. *gradient is max_k |share_k − K/E| there. Errors: ALF_ESOLVER when
   it does not get below 1e-8; it goes on as far as quadrature carries. */
alf_status alf_population_minimise(alf_population *population, double *shift, double *gradient, alf_error *err);

/* The second smallest eigenvalue of the Laplacian of E×E weights: its modulus on Σ z = 0. Errors: ALF_ENOMEM. */
alf_status alf_laplacian_modulus(const double *weight, int32_t experts, double *modulus, alf_error *err);

/* Safe on NULL. */
void alf_population_free(alf_population *population);

#endif
