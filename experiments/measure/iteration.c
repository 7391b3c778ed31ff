#include "measure/iteration.h"

#include <math.h>
#include <stdlib.h>

#include "alf/parallel.h"
#include "measure/input.h"

#define DEFAULT_STEPS 1000

void alf_iteration_free(alf_iteration *it)
{
  free(it->optima.kept);
  alf_sums_free(&it->sums);
  alf_cycle_free(it->cycle);
  alf_iterate_free(it->iterate);
  alf_affinity_free(&it->batch[0]);
  alf_affinity_free(&it->batch[1]);
  *it = (alf_iteration){0};
}

static bool is_stopped(const alf_iteration *it)
{
  return it->settings.stop && it->settings.stop();
}

/* The next batch of the stream, the first one again after the last. */
static alf_status read_batch(alf_iteration *it, alf_affinity *batch, alf_error *err)
{
  alf_status status = alf_input_next(it->source, NULL, it->settings.dtype, batch, err);
  if (status != ALF_EEND)
    return status;
  alf_source_rewind(it->source);
  return alf_input_next(it->source, NULL, it->settings.dtype, batch, err);
}

/* The grid of a stream is that of its first batch: shifts are whole numbers of it. */
static alf_status check_grid(const alf_iteration *it, const alf_affinity *batch, alf_error *err)
{
  int32_t grid_bits = alf_iterate_current(it->iterate)->batch_after->grid_bits;
  if (batch->grid_bits == grid_bits)
    return ALF_OK;
  return alf_fail(err, ALF_ERANGE,
                  "%s: a batch whose values need the grid of 2^%d: expected 2^%d as before, or --float",
                  alf_source_file(it->source), -batch->grid_bits, -grid_bits);
}

static alf_status read_first(alf_iteration *it, alf_error *err)
{
  alf_iteration_settings *s = &it->settings;
  it->batches = alf_source_describe(it->source)->batches;
  it->repeated = it->batches == 1;
  if (s->steps == 0)
    s->steps = it->repeated ? DEFAULT_STEPS : it->batches - 1;
  return read_batch(it, &it->batch[0], err);
}

static alf_status start_iterate(alf_iteration *it, alf_error *err)
{
  const alf_cell *cell = &it->settings.cell;
  alf_iterate_settings settings = {.rule = cell->rule,
                                   .schedule = cell->schedule,
                                   .u = cell->u,
                                   .topk = it->settings.topk,
                                   .shift = cell->shift,
                                   .rule_values = cell->rule_values,
                                   .schedule_values = cell->schedule_values,
                                   .format = cell->format,
                                   .threads = alf_parallel_threads(it->settings.threads)};
  alf_status status = alf_iterate_alloc(&it->iterate, &it->batch[0], &settings, err);
  return status == ALF_OK ? alf_iterate_start(it->iterate, &it->batch[0], err) : status;
}

static alf_status start_cycle(alf_iteration *it, alf_error *err)
{
  if (!it->repeated || !alf_iterate_may_cycle(it->iterate))
    return ALF_OK;
  size_t size = alf_iterate_state(it->iterate).size;
  return alf_cycle_alloc(&it->cycle, it->batch[0].experts, size, it->settings.steps, err);
}

alf_status alf_iteration_start(alf_iteration *it, alf_source *source, const alf_iteration_settings *settings,
                               alf_error *err)
{
  *it = (alf_iteration){.settings = *settings, .source = source, .last_off_target = -1, .balanced_at = -1};
  if (settings->cell.u == 0)
    it->settings.cell.u = alf_rule_usual_u(settings->cell.rule);
  alf_status status = read_first(it, err);
  if (status == ALF_OK)
    status = start_iterate(it, err);
  if (status == ALF_OK)
    status = start_cycle(it, err);
  if (status == ALF_OK)
    status = alf_sums_alloc(&it->sums, it->batch[0].experts, alf_step_slots(alf_iterate_current(it->iterate)), err);
  return status == ALF_OK ? alf_optima_start(it, err) : status;
}

static void observe(alf_iteration *it)
{
  alf_iteration_note(it);
  if (it->settings.every)
    alf_iteration_look(it);
  if (it->settings.observe)
    it->settings.observe(it->settings.context, it);
}

/* The batch of iterate n; of a stream, with its optimum where every iterate is looked at. */
static alf_status take_batch(alf_iteration *it, int64_t n, alf_affinity **next, alf_error *err)
{
  *next = &it->batch[it->repeated ? 0 : n % 2];
  if (it->repeated)
    return ALF_OK;
  alf_status status = read_batch(it, *next, err);
  if (status == ALF_OK)
    status = check_grid(it, *next, err);
  if (status == ALF_OK && it->settings.every)
    alf_optima_find(it, *next, n % it->batches);
  return status;
}

static alf_status update(alf_iteration *it, const alf_affinity *next, alf_error *err)
{
  const alf_step *step = NULL;
  double before = alf_seconds();
  alf_status status = alf_iterate_step(it->iterate, next, &step, err);
  it->seconds += alf_seconds() - before;
  if (status == ALF_OK)
    observe(it);
  return status;
}

bool alf_iteration_is_done(const alf_iteration *it)
{
  bool has_cycle = it->settings.until_cycle && it->cycle && alf_cycle_found(it->cycle);
  return has_cycle || alf_iterate_current(it->iterate)->n >= it->settings.steps;
}

/* An update that finds itself stopped without its optimum is left out: what is reported is then known for all of them. */
static alf_status run_updates(alf_iteration *it, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int64_t n = 1; status == ALF_OK && !alf_iteration_is_done(it) && !is_stopped(it); n++) {
    alf_affinity *next = NULL;
    status = take_batch(it, n, &next, err);
    if (status == ALF_OK && !is_stopped(it))
      status = update(it, next, err);
  }
  return status;
}

alf_status alf_iteration_run(alf_iteration *it, alf_error *err)
{
  if (it->settings.every)
    alf_optima_find(it, &it->batch[0], 0);
  observe(it);
  alf_status status = run_updates(it, err);
  if (status != ALF_OK || it->settings.every)
    return status;
  const alf_step *step = alf_iterate_current(it->iterate);
  alf_optima_find(it, step->batch_after, step->n % it->batches);
  alf_iteration_look(it);
  return ALF_OK;
}

int64_t alf_iteration_settled_at(const alf_iteration *it)
{
  return it->last_off_target < alf_iterate_current(it->iterate)->n ? it->last_off_target + 1 : -1;
}

double alf_iteration_drift(const alf_iteration *it)
{
  const alf_cycle_info *cycle = it->cycle ? alf_cycle_found(it->cycle) : NULL;
  if (!cycle)
    return NAN;
  int32_t grid_bits = alf_iterate_current(it->iterate)->batch_after->grid_bits;
  return cycle->drift == 0 ? 0 : (double)cycle->drift / nearbyint(ldexp(it->settings.cell.u, grid_bits));
}
