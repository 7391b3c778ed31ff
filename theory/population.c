#include "alf/population.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GOOD 1e-8 /* a gradient, in shares of the tokens */

enum { FEWEST = 8, RULES = 5 }; /* quadrature rules of 8, 16, … 128 nodes */

struct alf_population {
  const alf_family *family;
  double value[ALF_MAX_PARAMETERS];
  int32_t experts, topk;
  double *own;               /* E */
  double *end;               /* 2E: ends of shifted supports, ascending */
  double *density, *above;   /* E, at a node */
  double *before, *after;    /* (E+1)×K: probability that exactly c of the experts below k, or from k on, lie above */
  double *running;           /* K */
  double *share, *tie;       /* E, E×E */
  double *system, *gradient; /* E×E, E: of Newton's method */
  gsl_integration_glfixed_table *rule[RULES];
};

static bool alloc_arrays(alf_population *p)
{
  size_t experts = (size_t)p->experts, counts = (experts + 1) * (size_t)p->topk;
  p->own = malloc(experts * sizeof *p->own);
  p->end = malloc(2 * experts * sizeof *p->end);
  p->density = malloc(experts * sizeof *p->density);
  p->above = malloc(experts * sizeof *p->above);
  p->before = malloc(counts * sizeof *p->before);
  p->after = malloc(counts * sizeof *p->after);
  p->running = malloc((size_t)p->topk * sizeof *p->running);
  p->share = malloc(experts * sizeof *p->share);
  p->tie = malloc(experts * experts * sizeof *p->tie);
  p->system = malloc(experts * experts * sizeof *p->system);
  p->gradient = malloc(experts * sizeof *p->gradient);
  return p->own && p->end && p->density && p->above && p->before && p->after && p->running && p->share && p->tie &&
         p->system && p->gradient;
}

static bool alloc_rules(alf_population *p)
{
  gsl_set_error_handler_off(); /* else GSL aborts where memory is out */
  for (int r = 0; r < RULES; r++)
    if (!(p->rule[r] = gsl_integration_glfixed_table_alloc((size_t)FEWEST << r)))
      return false;
  return true;
}

static alf_status check(const alf_family *family, const alf_family_call *call, int32_t topk, alf_error *err)
{
  if (!family->marginal)
    return alf_fail(err, ALF_EUNSUPPORTED, "family %s: its experts are not independent, or its batches not alike",
                    family->name);
  if (call->experts > ALF_POPULATION_MAX_EXPERTS)
    return alf_fail(err, ALF_EUNSUPPORTED, "E = %d: quadrature takes at most %d experts", call->experts,
                    ALF_POPULATION_MAX_EXPERTS);
  if (topk < 1 || topk >= call->experts)
    return alf_fail(err, ALF_EINVAL, "K = %d: expected 1 to %d", topk, call->experts - 1);
  return ALF_OK;
}

alf_status alf_population_alloc(alf_population **out, const alf_family *family, const alf_family_call *call,
                                int32_t topk, alf_error *err)
{
  *out = NULL;
  alf_status status = check(family, call, topk, err);
  if (status != ALF_OK)
    return status;
  alf_population *p = calloc(1, sizeof *p);
  if (p) {
    p->family = family;
    p->experts = call->experts;
    p->topk = topk;
    for (int i = 0; i < alf_parameter_count(family->parameters); i++)
      p->value[i] = call->value[i];
  }
  if (!p || !alloc_arrays(p) || !alloc_rules(p)) {
    alf_population_free(p);
    return alf_fail_memory(err, 2 * (unsigned long long)call->experts * (unsigned)call->experts * sizeof(double));
  }
  family->own(call, p->own);
  *out = p;
  return ALF_OK;
}

void alf_population_free(alf_population *p)
{
  if (!p)
    return;
  free(p->own);
  free(p->end);
  free(p->density);
  free(p->above);
  free(p->before);
  free(p->after);
  free(p->running);
  free(p->share);
  free(p->tie);
  free(p->system);
  free(p->gradient);
  for (int r = 0; r < RULES; r++)
    gsl_integration_glfixed_table_free(p->rule[r]);
  free(p);
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void sort_ends(alf_population *p, const double *shift)
{
  for (int32_t k = 0; k < p->experts; k++) {
    p->end[2 * k] = shift[k];
    p->end[2 * k + 1] = 1 + shift[k];
  }
  qsort(p->end, 2 * (size_t)p->experts, sizeof *p->end, compare);
}

/* Densities of all scores γ_k + p_k at v, and the probabilities that they lie above. */
static void look_at(alf_population *p, const double *shift, double v)
{
  for (int32_t k = 0; k < p->experts; k++) {
    double own = v - shift[k];
    alf_marginal m = {0, own <= 0 ? 1 : 0};
    if (own > 0 && own < 1)
      m = p->family->marginal(p->value, p->own[k], own);
    p->density[k] = m.density;
    p->above[k] = m.above;
  }
}

/* out[c] = Pr(exactly c of the experts of `in` and of one more lie above), c < K. */
static void add_expert(const double *in, double above, int32_t topk, double *out)
{
  for (int32_t c = topk - 1; c > 0; c--)
    out[c] = in[c] * (1 - above) + in[c - 1] * above;
  out[0] = in[0] * (1 - above);
}

static void count_above(alf_population *p)
{
  int32_t experts = p->experts, topk = p->topk;
  size_t row = (size_t)topk * sizeof *p->before;
  memset(p->before, 0, row);
  memset(p->after + (size_t)experts * (size_t)topk, 0, row);
  p->before[0] = p->after[(size_t)experts * (size_t)topk] = 1;
  for (int32_t k = 0; k < experts; k++)
    add_expert(p->before + (size_t)k * (size_t)topk, p->above[k], topk, p->before + (size_t)(k + 1) * (size_t)topk);
  for (int32_t k = experts - 1; k >= 0; k--)
    add_expert(p->after + (size_t)(k + 1) * (size_t)topk, p->above[k], topk, p->after + (size_t)k * (size_t)topk);
}

/* Pr(exactly `count` experts of two sets lie above), count < K. */
static double joint(const double *a, const double *b, int32_t count)
{
  double sum = 0;
  for (int32_t c = 0; c <= count; c++)
    sum += a[c] * b[count - c];
  return sum;
}

static double add_shares(alf_population *p, double weight, double v)
{
  int32_t topk = p->topk;
  double value = 0;
  for (int32_t k = 0; k < p->experts; k++) {
    double chosen = 0;
    for (int32_t count = 0; p->density[k] > 0 && count < topk; count++)
      chosen += joint(p->before + (size_t)k * (size_t)topk, p->after + (size_t)(k + 1) * (size_t)topk, count);
    p->share[k] += weight * p->density[k] * chosen;
    value += weight * p->density[k] * chosen * v;
  }
  return value;
}

/* For every pair that exactly K − 1 of the other experts lie above. */
static void add_ties(alf_population *p, double weight)
{
  int32_t experts = p->experts, topk = p->topk;
  for (int32_t k = 0; k < experts; k++) {
    if (!(p->density[k] > 0))
      continue;
    memcpy(p->running, p->before + (size_t)k * (size_t)topk, (size_t)topk * sizeof *p->running);
    for (int32_t l = k + 1; l < experts; l++) {
      if (p->density[l] > 0)
        p->tie[k * experts + l] += weight * p->density[k] * p->density[l] *
                                   joint(p->running, p->after + (size_t)(l + 1) * (size_t)topk, topk - 1);
      add_expert(p->running, p->above[l], topk, p->running);
    }
  }
}

/* A piece [a, b] between two ends. v = a + (b − a) t² (3 − 2t) takes the edge off what densities do there. */
static double add_piece(alf_population *p, const double *shift, double a, double b, bool ties, int order)
{
  int r = 0;
  double value = 0;
  while (r + 1 < RULES && (FEWEST << (r + 1)) <= order && (FEWEST << r) < FEWEST + order * sqrt(b - a))
    r++;
  for (size_t i = 0; i < p->rule[r]->n; i++) {
    double t, weight;
    gsl_integration_glfixed_point(0, 1, i, &t, &weight, p->rule[r]);
    double v = a + (b - a) * t * t * (3 - 2 * t);
    weight *= (b - a) * 6 * t * (1 - t);
    look_at(p, shift, v);
    count_above(p);
    value += add_shares(p, weight, v);
    if (ties)
      add_ties(p, weight);
  }
  return value;
}

alf_population_point alf_population_evaluate(alf_population *p, const double *shift, bool ties, int order)
{
  size_t experts = (size_t)p->experts;
  double dual = 0;
  memset(p->share, 0, experts * sizeof *p->share);
  memset(p->tie, 0, experts * experts * sizeof *p->tie);
  sort_ends(p, shift);
  for (size_t j = 0; j + 1 < 2 * experts; j++)
    if (p->end[j] < p->end[j + 1])
      dual += add_piece(p, shift, p->end[j], p->end[j + 1], ties, order);
  for (size_t k = 0; k < experts; k++) {
    dual -= p->topk * shift[k] / p->experts;
    for (size_t l = 0; l < k; l++)
      p->tie[k * experts + l] = p->tie[l * experts + k];
  }
  return (alf_population_point){dual, p->share, ties ? p->tie : NULL};
}

double alf_population_least_density(const alf_population *p)
{
  double least = INFINITY;
  for (int32_t k = 0; k < p->experts; k++)
    for (int j = 0; j < 1000; j++)
      least = fmin(least, p->family->marginal(p->value, p->own[k], (j + 0.5) / 1000).density);
  return least;
}

static void fill_laplacian(const double *weight, size_t experts, double *out)
{
  for (size_t k = 0; k < experts; k++) {
    double sum = 0;
    for (size_t l = 0; l < experts; l++) {
      sum += weight[k * experts + l];
      out[k * experts + l] = -weight[k * experts + l];
    }
    out[k * experts + k] = sum;
  }
}

alf_status alf_laplacian_modulus(const double *weight, int32_t experts, double *modulus, alf_error *err)
{
  size_t n = (size_t)experts, bytes = (n * n + n) * sizeof(double);
  gsl_set_error_handler_off();
  gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc(n);
  double *memory = malloc(bytes);
  alf_status status = work && memory ? ALF_OK : alf_fail_memory(err, bytes);
  if (status == ALF_OK) {
    gsl_matrix_view matrix = gsl_matrix_view_array(memory, n, n);
    gsl_vector_view values = gsl_vector_view_array(memory + n * n, n);
    fill_laplacian(weight, n, memory);
    gsl_eigen_symm(&matrix.matrix, &values.vector, work);
    qsort(memory + n * n, n, sizeof *memory, compare);
    *modulus = fmax(0, memory[n * n + 1]); /* rounding may leave less */
  }
  free(memory);
  gsl_eigen_symm_free(work);
  return status;
}

/* Solves (H + 11ᵀ/E + tiny) d = −g in place of `gradient`; false when H is singular on Σ z = 0. */
static bool newton_step(alf_population *p)
{
  size_t n = (size_t)p->experts;
  fill_laplacian(p->tie, n, p->system);
  for (size_t j = 0; j < n * n; j++)
    p->system[j] += 1. / p->experts;
  gsl_matrix_view matrix = gsl_matrix_view_array(p->system, n, n);
  gsl_vector_view vector = gsl_vector_view_array(p->gradient, n);
  return gsl_linalg_cholesky_decomp1(&matrix.matrix) == GSL_SUCCESS &&
         gsl_linalg_cholesky_svx(&matrix.matrix, &vector.vector) == GSL_SUCCESS;
}

static double fill_gradient(alf_population *p)
{
  double largest = 0;
  for (int32_t k = 0; k < p->experts; k++) {
    p->gradient[k] = p->share[k] - (double)p->topk / p->experts;
    largest = fmax(largest, fabs(p->gradient[k]));
  }
  return largest;
}

alf_status alf_population_minimise(alf_population *p, double *shift, double *gradient, alf_error *err)
{
  enum { MOST = 200 };
  const double longest = 0.1; /* of a step: the Hessian changes over such distances */
  double last = INFINITY;
  memset(shift, 0, (size_t)p->experts * sizeof *shift);
  for (int n = 0; n < MOST; n++, last = *gradient) {
    alf_population_evaluate(p, shift, true, ALF_POPULATION_ORDER / 2);
    *gradient = fill_gradient(p);
    if (*gradient<GOOD && * gradient> last / 2) /* quadrature says no more */
      return ALF_OK;
    double largest = 0, mean = 0;
    if (*gradient == 0 || !newton_step(p))
      break;
    for (int32_t k = 0; k < p->experts; k++) {
      largest = fmax(largest, fabs(p->gradient[k]));
      mean += p->gradient[k] / p->experts;
    }
    for (int32_t k = 0; k < p->experts; k++)
      shift[k] -= (p->gradient[k] - mean) * (largest > longest ? longest / largest : 1);
  }
  if (*gradient < GOOD)
    return ALF_OK;
  return alf_fail(err, ALF_ESOLVER, "minimiser of the population: gradient %g after Newton's method, expected %g",
                  *gradient, GOOD);
}
