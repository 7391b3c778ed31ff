/* The curvature of the dual function along a direction, measured on tokens: what C8's formula is compared with. */
#ifndef ALF_THEORY_DIRECTION_H
#define ALF_THEORY_DIRECTION_H

#include <stdint.h>

#include "alf/affinity.h"

/* A mean over independent tokens with its standard error. */
typedef struct alf_mean {
  double value, error;
  int64_t tokens;
  int64_t counted; /* tokens that contributed something else than 0 */
} alf_mean;

/* Sums that make one. Zero-initialise. */
typedef struct alf_mean_sum {
  long double sum, squares;
  int64_t tokens, counted;
} alf_mean_sum;

void alf_mean_add(alf_mean_sum *sum, double value);
alf_mean alf_mean_of(const alf_mean_sum *sum);

/* How far two independent means lie apart, in standard errors of the difference. */
double alf_mean_distance(const alf_mean *a, const alf_mean *b);

/* One token, E affinities: sum of the K largest of γ + p + t z, and z over those K in *along (may be NULL). `best` has room
   for K experts. */
double alf_sum_of_best(const double *affinity, const double *shift, double t, const double *z, int32_t experts,
                       int32_t topk, int32_t *best, double *along);

/* A direction with Σ z = 0 and max |z| = 1, a function of seed and number alone. */
alf_status alf_draw_direction(double *z, int32_t experts, uint64_t seed, uint64_t number, alf_error *err);

#endif
