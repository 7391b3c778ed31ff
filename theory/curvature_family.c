#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/curvature.h"
#include "alf/population.h"
#include "alf/random.h"
#include "direction.h"

enum { DIRECTIONS = 4, PIECE = 256, FEWEST_PIECES = 128, MOST_PIECES = 1024 };

#define FIRST_BATCH (INT64_C(1) << 47) /* of the samples: behind the longest stream */

/* A sample of tokens against what quadrature says of them. */
typedef struct study {
  alf_population *population;
  const alf_family *family;
  alf_family_call call;
  int32_t experts, topk;
  double step; /* t of the differences F(p + tz) − 2 F(p) + F(p − tz): short against what separates order statistics */
  double *shift[ALF_CURVATURE_POINTS], *moved; /* E each */
  double *z;                                   /* DIRECTIONS×E */
  double *affinity;                            /* PIECE×E */
  int32_t *best;                               /* K */
  gsl_rng *rng;
} study;

/* What one direction at one point must show, and what it shows. */
typedef struct finding {
  double second, along; /* predicted */
  alf_mean_sum seen_second, seen_along;
} finding;

static void free_study(study *s)
{
  alf_population_free(s->population);
  for (int at = 0; at < ALF_CURVATURE_POINTS; at++)
    free(s->shift[at]);
  free(s->moved);
  free(s->z);
  free(s->affinity);
  free(s->best);
  if (s->rng)
    gsl_rng_free(s->rng);
}

static alf_status alloc_study(study *s, alf_error *err)
{
  size_t experts = (size_t)s->experts;
  bool complete = true;
  gsl_set_error_handler_off(); /* else GSL aborts where memory is out */
  for (int at = 0; at < ALF_CURVATURE_POINTS; at++) {
    s->shift[at] = calloc(experts, sizeof(double));
    complete = complete && s->shift[at];
  }
  s->moved = malloc(experts * sizeof(double));
  s->z = malloc(DIRECTIONS * experts * sizeof(double));
  s->affinity = malloc(PIECE * experts * sizeof(double));
  s->best = malloc((size_t)s->topk * sizeof *s->best);
  s->rng = gsl_rng_alloc(alf_rng_philox);
  if (!complete || !s->moved || !s->z || !s->affinity || !s->best || !s->rng)
    return alf_fail_memory(err, PIECE * experts * sizeof(double));
  s->call.rng = s->rng;
  s->call.tokens = PIECE;
  alf_status status = ALF_OK;
  for (int d = 0; status == ALF_OK && d < DIRECTIONS; d++)
    status = alf_draw_direction(s->z + d * s->experts, s->experts, s->call.seed, (uint64_t)(FIRST_BATCH + d), err);
  return status;
}

/* Σ_{k<l} h_kl (z_k − z_l)². */
static double quadratic(const double *tie, const double *z, int32_t experts)
{
  double sum = 0;
  for (int32_t k = 0; k < experts; k++)
    for (int32_t l = k + 1; l < experts; l++)
      sum += tie[k * experts + l] * (z[k] - z[l]) * (z[k] - z[l]);
  return sum;
}

static double curvature_at(study *s, const double *shift, const double *z, double t)
{
  for (int32_t k = 0; k < s->experts; k++)
    s->moved[k] = shift[k] + t * z[k];
  alf_population_point point = alf_population_evaluate(s->population, s->moved, true, ALF_POPULATION_ORDER / 2);
  return quadratic(point.tie, z, s->experts);
}

/* E[F(p + tz) − 2 F(p) + F(p − tz)] = t² ∫ (1 − |s|) q(s) ds and E[z·(x(p + tz) − x(p − tz))] = t ∫ q(s) ds over s from −1
   to 1, with q(s) = zᵀ∇²F(p + stz) z. Odd parts of q cancel; the even one is q_0 + q_2 s² up to t⁴. */
static void predict(study *s, const double *shift, const double *z, finding *p)
{
  const double node = 0.7;
  double middle = curvature_at(s, shift, z, 0);
  double ends = (curvature_at(s, shift, z, node * s->step) + curvature_at(s, shift, z, -node * s->step)) / 2;
  double bend = (ends - middle) / (node * node);
  p->second = s->step * s->step * (middle + bend / 6);
  p->along = s->step * (2 * middle + 2 * bend / 3);
}

/* Tokens of even batches show second differences, those of odd ones differences of the gradient. */
static void observe(study *s, const double *shift, const double *z, bool even, finding *p)
{
  for (int64_t i = 0; i < PIECE; i++) {
    const double *row = s->affinity + i * s->experts;
    double here, ahead, behind;
    double up = alf_sum_of_best(row, shift, s->step, z, s->experts, s->topk, s->best, &ahead);
    double down = alf_sum_of_best(row, shift, -s->step, z, s->experts, s->topk, s->best, &behind);
    if (even) {
      double level = alf_sum_of_best(row, shift, 0, z, s->experts, s->topk, s->best, &here);
      bool still = ahead == here && behind == here; /* what is left then is rounding */
      alf_mean_add(&p->seen_second, still ? 0 : up - 2 * level + down);
    } else {
      alf_mean_add(&p->seen_along, ahead - behind);
    }
  }
}

/* More experts, more ties: fewer tokens show the same. */
static int64_t count_pieces(int32_t experts)
{
  int64_t pieces = 64 * FEWEST_PIECES / experts;
  return pieces < FEWEST_PIECES ? FEWEST_PIECES : pieces > MOST_PIECES ? MOST_PIECES : pieces;
}

static alf_status sample(study *s, int at, finding *findings, bool (*stop)(void), alf_error *err)
{
  for (int64_t piece = 0; piece < count_pieces(s->experts); piece++) {
    if (stop && stop())
      return alf_fail(err, ALF_EINTERRUPTED, "interrupted");
    s->call.batch = FIRST_BATCH + at * MOST_PIECES + piece;
    alf_status status = s->family->fill(&s->call, s->affinity, err);
    if (status != ALF_OK)
      return status;
    for (int d = 0; d < DIRECTIONS; d++)
      observe(s, s->shift[at], s->z + d * s->experts, piece % 2 == 0, &findings[d]);
  }
  return ALF_OK;
}

/* Distance from what was predicted, in standard errors. */
static double compare(const alf_mean_sum *seen, double predicted, alf_curvature *c)
{
  alf_mean mean = alf_mean_of(seen), exact = {.value = predicted};
  c->resolution = fmax(c->resolution, mean.error / fabs(predicted));
  c->sampled = mean.tokens;
  c->least_counted = mean.counted < c->least_counted ? mean.counted : c->least_counted;
  return fabs(alf_mean_distance(&mean, &exact));
}

static alf_status check_point(study *s, int at, alf_curvature *c, bool (*stop)(void), alf_error *err)
{
  finding findings[DIRECTIONS] = {0};
  for (int d = 0; d < DIRECTIONS; d++)
    predict(s, s->shift[at], s->z + d * s->experts, &findings[d]);
  alf_status status = sample(s, at, findings, stop, err);
  for (int d = 0; status == ALF_OK && d < DIRECTIONS; d++) {
    c->by_second_differences = fmax(c->by_second_differences, compare(&findings[d].seen_second, findings[d].second, c));
    c->by_gradients = fmax(c->by_gradients, compare(&findings[d].seen_along, findings[d].along, c));
  }
  return status;
}

static alf_status predict_point(study *s, int at, alf_curvature_point *out, alf_error *err)
{
  int32_t experts = s->experts;
  const double *shift = s->shift[at];
  double rough = 0, highest = shift[0], lowest = shift[0];
  alf_population_point point = alf_population_evaluate(s->population, shift, true, ALF_POPULATION_ORDER / 2);
  alf_status status = alf_laplacian_modulus(point.tie, experts, &rough, err);
  point = alf_population_evaluate(s->population, shift, true, ALF_POPULATION_ORDER);
  if (status == ALF_OK)
    status = alf_laplacian_modulus(point.tie, experts, &out->modulus, err);
  out->quadrature_error = fabs(out->modulus - rough);
  out->least_tie = INFINITY;
  for (int32_t k = 0; k < experts; k++) {
    highest = fmax(highest, shift[k]);
    lowest = fmin(lowest, shift[k]);
    for (int32_t l = 0; l < k; l++)
      out->least_tie = fmin(out->least_tie, point.tie[k * experts + l]);
  }
  out->spread = highest - lowest;
  return status;
}

alf_status alf_curvature_of_family(alf_curvature *c, const alf_family *family, const alf_family_call *call,
                                   int32_t topk, bool (*stop)(void), alf_error *err)
{
  study s = {.family = family, .call = *call, .experts = call->experts, .topk = topk};
  s.step = fmin(0x1p-6, 0.25 / s.experts);
  double gradient;
  *c = (alf_curvature){.independent = true, .bandwidth = NAN, .bias = NAN, .least_counted = INT64_MAX};
  alf_status status = alf_population_alloc(&s.population, family, call, topk, err);
  if (status == ALF_OK)
    status = alloc_study(&s, err);
  if (status == ALF_OK)
    status = alf_population_minimise(s.population, s.shift[ALF_AT_MINIMISER], &gradient, err);
  for (int at = 0; status == ALF_OK && at < ALF_CURVATURE_POINTS; at++) {
    status = predict_point(&s, at, &c->point[at], err);
    if (status == ALF_OK)
      status = check_point(&s, at, c, stop, err);
  }
  if (status == ALF_OK) {
    c->least_density = alf_population_least_density(s.population);
    c->closed_form = strcmp(family->name, "uniform") == 0 ? s.experts / (s.experts - 1.) : NAN;
  }
  free_study(&s);
  return status;
}
