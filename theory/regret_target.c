#include "alf/regret_target.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/certificate.h"
#include "alf/curvature.h"
#include "alf/face.h"
#include "alf/population.h"
#include "alf/random.h"
#include "alf/routing.h"
#include "alf/solver.h"

enum { POOLED = 1 << 17 };             /* tokens */
#define FIRST_BATCH (INT64_C(3) << 46) /* of the pool: no run reaches it */

static alf_status by_quadrature(alf_regret_target *t, const alf_family *family, const alf_family_call *call,
                                int32_t topk, alf_error *err)
{
  alf_population *population = NULL;
  size_t squares = (size_t)t->experts * (size_t)t->experts * sizeof *t->tie;
  t->by_quadrature = true;
  t->tie = malloc(squares);
  if (!t->tie)
    return alf_fail_memory(err, squares);
  alf_status status = alf_population_alloc(&population, family, call, topk, err);
  if (status == ALF_OK)
    status = alf_population_minimise(population, t->shift, &t->gradient, err);
  if (status == ALF_OK) {
    alf_population_point point = alf_population_evaluate(population, t->shift, true, ALF_POPULATION_ORDER);
    memcpy(t->tie, point.tie, squares);
    status = alf_laplacian_modulus(t->tie, t->experts, &t->modulus, err);
    t->modulus *= (double)t->tokens;
  }
  alf_population_free(population);
  return status;
}

/* `tokens` fresh tokens of a family, from that batch on. */
static alf_status draw_pool(const alf_family *family, const alf_family_call *behind, int64_t first, int64_t tokens,
                            alf_affinity *pool, alf_error *err)
{
  alf_family_call call = *behind;
  gsl_set_error_handler_off(); /* else GSL aborts where memory is out */
  gsl_rng *rng = call.rng = gsl_rng_alloc(alf_rng_philox);
  call.tokens = tokens;
  call.batch = first;
  alf_status status =
      rng ? alf_affinity_alloc(pool, ALF_FLOAT64, tokens, call.experts, err) : alf_fail_memory(err, sizeof *rng);
  if (status == ALF_OK)
    status = family->fill(&call, pool->storage, err);
  if (rng)
    gsl_rng_free(rng);
  return status;
}

/* Batches of a source from its first on, up to POOLED tokens. */
static alf_status read_pool(alf_source *source, alf_affinity *pool, alf_error *err)
{
  const alf_source_info *info = alf_source_describe(source);
  int64_t batches = (POOLED + info->tokens - 1) / info->tokens;
  batches = batches > info->batches ? info->batches : batches;
  size_t bytes = (size_t)(info->tokens * info->experts) * sizeof(double);
  alf_status status = alf_affinity_alloc(pool, ALF_FLOAT64, info->tokens * batches, info->experts, err);
  for (int64_t b = 0; status == ALF_OK && b < batches; b++) {
    alf_affinity raw = {0}, real = {0};
    status = alf_source_next(source, &raw, err);
    if (status == ALF_OK)
      status = alf_affinity_take(&raw, ALF_FLOAT64, &real, err);
    if (status == ALF_OK)
      memcpy((char *)pool->storage + (size_t)b * bytes, real.values, bytes);
    alf_affinity_free(&raw);
    alf_affinity_free(&real);
  }
  return status;
}

/* The centre of the optimal prices of all tokens of the pool, less its mean. */
static alf_status solve_pool(alf_regret_target *t, const alf_affinity *pool, int32_t topk, bool (*stop)(void),
                             alf_error *err)
{
  alf_affinity dyadic = {0};
  alf_solution solution = {0};
  alf_certificate certificate = {0};
  alf_problem problem = {&dyadic, topk, ALF_FRACTIONAL};
  alf_solve_settings settings = {.threads = 0, .stop = stop};
  alf_status status = alf_affinity_convert(pool, ALF_DYADIC, &dyadic, err);
  if (status == ALF_OK)
    status = alf_solve(alf_solver_find("auto"), &problem, &settings, &solution, err);
  if (status == ALF_OK)
    status = alf_certify(&problem, &solution, &certificate, err);
  if (status == ALF_OK && !certificate.certified)
    status = alf_fail(err, ALF_ESOLVER, "the optimum of the pooled tokens was not certified");
  double mean = 0;
  for (int32_t k = 0; status == ALF_OK && k < t->experts; k++) {
    t->shift[k] = ldexp((double)solution.price[k], -dyadic.grid_bits);
    mean += t->shift[k] / t->experts;
  }
  for (int32_t k = 0; k < t->experts; k++)
    t->shift[k] -= mean;
  alf_solution_free(&solution);
  alf_affinity_free(&dyadic);
  return status;
}

/* How far fresh tokens are from balance at the shift. */
static double measure_gradient(const alf_regret_target *t, const alf_affinity *fresh, int32_t topk)
{
  int64_t count[ALF_MAX_EXPERTS] = {0}, score[ALF_MAX_EXPERTS];
  alf_expert chosen[ALF_MAX_EXPERTS];
  double worst = 0;
  for (int64_t i = 0; i < fresh->tokens; i++) {
    for (int32_t k = 0; k < t->experts; k++)
      score[k] = alf_score_key(alf_affinity_get(fresh, i, k) + t->shift[k]);
    alf_topk_row(score, t->experts, topk, chosen);
    for (int32_t j = 0; j < topk; j++)
      count[chosen[j]]++;
  }
  for (int32_t k = 0; k < t->experts; k++)
    worst = fmax(worst, fabs((double)count[k] / (double)fresh->tokens - (double)topk / t->experts));
  return worst;
}

static alf_status by_pool(alf_regret_target *t, alf_source *source, int32_t topk, bool (*stop)(void), alf_error *err)
{
  const alf_family_call *call;
  const alf_family *family = alf_source_family(source, &call);
  alf_affinity pool = {0}, fresh = {0};
  alf_curvature curvature;
  alf_status status =
      t->stationary ? draw_pool(family, call, FIRST_BATCH, POOLED, &pool, err) : read_pool(source, &pool, err);
  if (status == ALF_OK)
    status = solve_pool(t, &pool, topk, stop, err);
  if (status == ALF_OK && t->stationary)
    status = draw_pool(family, call, FIRST_BATCH + 1, POOLED, &fresh, err);
  if (status == ALF_OK && t->stationary)
    t->gradient = measure_gradient(t, &fresh, topk);
  if (status == ALF_OK && alf_curvature_of_batch(&curvature, &pool, topk, t->shift, NULL) == ALF_OK)
    t->modulus = (double)t->tokens * curvature.point[0].modulus;
  t->pooled = pool.tokens;
  alf_affinity_free(&pool);
  alf_affinity_free(&fresh);
  return status;
}

alf_status alf_regret_target_find(alf_regret_target *t, const char *input, uint64_t seed, int32_t topk,
                                  bool (*stop)(void), alf_error *err)
{
  alf_source *source = NULL;
  const alf_family_call *call;
  alf_status status = alf_source_open(&source, input, seed, err);
  if (status != ALF_OK)
    return status;
  const alf_source_info *info = alf_source_describe(source);
  const alf_family *family = alf_source_family(source, &call);
  *t = (alf_regret_target){.experts = info->experts, .tokens = info->tokens, .gradient = NAN, .modulus = NAN};
  t->stationary = family && family->stationary;
  t->shift = calloc((size_t)t->experts, sizeof *t->shift);
  if (!t->shift)
    status = alf_fail_memory(err, (size_t)t->experts * sizeof *t->shift);
  else if (family && family->marginal && info->experts <= ALF_POPULATION_MAX_EXPERTS)
    status = by_quadrature(t, family, call, topk, err);
  else
    status = by_pool(t, source, topk, stop, err);
  alf_source_close(source);
  return status;
}

void alf_regret_target_free(alf_regret_target *t)
{
  if (!t)
    return;
  free(t->shift);
  free(t->tie);
  *t = (alf_regret_target){0};
}
