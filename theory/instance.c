#include "alf/instance.h"

#include <math.h>
#include <stdlib.h>

#include "alf/face.h"
#include "alf/population.h"
#include "alf/solver.h"
#include "crowding.h"
#include "ties.h"

static void measure_values(alf_instance *instance)
{
  const alf_affinity *batch = instance->batch;
  for (int64_t i = 0; i < batch->tokens; i++) {
    const int64_t *row = alf_affinity_row(batch, i);
    int64_t highest = row[0], lowest = row[0];
    for (int32_t k = 1; k < batch->experts; k++) {
      highest = row[k] > highest ? row[k] : highest;
      lowest = row[k] < lowest ? row[k] : lowest;
    }
    instance->range = highest - lowest > instance->range ? highest - lowest : instance->range;
    instance->largest = highest > instance->largest ? highest : instance->largest;
    instance->largest = -lowest > instance->largest ? -lowest : instance->largest;
  }
}

static alf_status measure_crowding(alf_instance *instance, const alf_instance_settings *settings, alf_error *err)
{
  size_t count = (size_t)settings->crowding_count;
  instance->crowding = calloc(count, sizeof *instance->crowding);
  if (!instance->crowding)
    return alf_fail_memory(err, count * sizeof *instance->crowding);
  instance->crowding_count = settings->crowding_count;
  for (size_t c = 0; c < count; c++)
    instance->crowding[c].u = settings->step_size[c];
  return alf_measure_crowding(instance->batch, instance->range, instance->crowding, instance->crowding_count,
                              settings->stop, err);
}

bool alf_instance_is_optimal(const alf_instance *instance, const int64_t *shift)
{
  int32_t experts = instance->batch->experts;
  for (int32_t a = 0; a < experts; a++)
    for (int32_t b = 0; b < experts; b++)
      if (shift[b] - shift[a] > instance->exchange[(int64_t)a * experts + b])
        return false;
  return true;
}

/* Leaves solved = false and the reason when the solver gives up; memory is the only error. */
static alf_status find_optimum(alf_instance *instance, const alf_instance_settings *s, alf_error *err)
{
  alf_problem problem = {instance->batch, instance->topk, ALF_FRACTIONAL};
  alf_solve_settings settings = {.timeout = s->timeout, .threads = 1, .stop = s->stop};
  alf_status status = alf_solve(alf_solver_find("auto"), &problem, &settings, &instance->optimum, &instance->why_not);
  if (status == ALF_OK)
    status = alf_certify(&problem, &instance->optimum, &instance->certificate, &instance->why_not);
  if (status == ALF_ENOMEM)
    return alf_fail(err, status, "%s", instance->why_not.text);
  if (status != ALF_OK)
    return ALF_OK;
  if (!instance->certificate.certified) {
    alf_fail(&instance->why_not, ALF_ESOLVER, "the solution was not certified: gap %g", instance->certificate.gap);
    return ALF_OK;
  }
  instance->optimum_value =
      instance->certificate.primal * (instance->batch->experts / alf_problem_denominator(&problem));
  instance->solved = true;
  size_t arcs = (size_t)instance->batch->experts * (size_t)instance->batch->experts;
  instance->exchange = malloc(arcs * sizeof *instance->exchange);
  if (!instance->exchange)
    return alf_fail_memory(err, arcs * sizeof *instance->exchange);
  status = alf_exchange_costs(&problem, &instance->optimum, instance->exchange, err);
  if (status == ALF_OK)
    status = alf_find_ties(instance->batch, instance->topk, instance->optimum.price, &instance->ties, err);
  return status;
}

/* Of the family where quadrature can; of the batch else. Leaves curved = false and the reason when neither works. */
static alf_status measure_curvature(alf_instance *instance, const alf_instance_settings *s, alf_error *err)
{
  const alf_affinity *batch = instance->batch;
  alf_error *why = &instance->why_not_curved;
  double shift[ALF_MAX_EXPERTS] = {0};
  for (int32_t k = 0; instance->solved && k < batch->experts; k++)
    shift[k] = ldexp((double)instance->optimum.price[k], -batch->grid_bits);
  bool known = s->family && s->family->marginal && batch->experts <= ALF_POPULATION_MAX_EXPERTS;
  alf_status status =
      known ? alf_curvature_of_family(&instance->curvature, s->family, s->call, instance->topk, s->stop, why)
            : alf_curvature_of_batch(&instance->curvature, batch, instance->topk, shift, why);
  instance->curved = status == ALF_OK;
  return status == ALF_ENOMEM || status == ALF_EINTERRUPTED ? alf_fail(err, status, "%s", why->text) : ALF_OK;
}

alf_status alf_instance_prepare(alf_instance *instance, const alf_affinity *batch, int32_t topk,
                                const alf_instance_settings *settings, alf_error *err)
{
  alf_problem problem = {batch, topk, ALF_FRACTIONAL};
  alf_status status = alf_problem_check(&problem, err);
  if (status != ALF_OK)
    return status;
  instance->batch = batch;
  instance->topk = topk;
  alf_fail(&instance->why_not, ALF_EUNSUPPORTED, "the optimum was not asked for");
  alf_fail(&instance->why_not_curved, ALF_EINVAL, "the curvature was not asked for");
  measure_values(instance);
  if (settings->solve)
    status = find_optimum(instance, settings, err);
  if (status == ALF_OK && settings->crowding_count > 0)
    status = measure_crowding(instance, settings, err);
  if (status == ALF_OK && settings->curvature)
    status = measure_curvature(instance, settings, err);
  return status;
}

const alf_crowding *alf_instance_crowding(const alf_instance *instance, double u)
{
  for (int c = 0; c < instance->crowding_count; c++)
    if (instance->crowding[c].u == u)
      return &instance->crowding[c];
  return NULL;
}

void alf_instance_free(alf_instance *instance)
{
  if (!instance)
    return;
  alf_solution_free(&instance->optimum);
  free(instance->crowding);
  free(instance->exchange);
  *instance = (alf_instance){0};
}
