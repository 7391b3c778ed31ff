#include "cli/verifier.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "alf/parallel.h"
#include "cli/input.h"
#include "cli/interrupt.h"

#define DEFAULT_STEPS  2000
#define LONGEST_SEARCH 100000 /* updates until a limit cycle must have shown itself, unless --steps says otherwise */

const char *const alf_cli_built_in[] = {
    "uniform:T=512,E=16",   "softmax:T=512,E=16", "gauss_sigmoid:T=512,E=16", "grid:T=512,E=16",
    "dirichlet:T=512,E=16", "drift:T=512,E=16",   "adversarial:T=512,E=16",   NULL};

alf_status alf_cli_verifier_prepare(alf_cli_verifier *v, const alf_cli_options *o, alf_error *err)
{
  v->options = o;
  pthread_mutex_init(&v->lock, NULL);
  alf_status status = alf_cli_grid_read(&v->grid, o, err);
  if (status != ALF_OK)
    return status;
  size_t results = (size_t)v->grid.cells * (size_t)v->grid.claims;
  v->verdicts = (alf_cli_verdicts){.grid = &v->grid, .instance = &v->instance, .exact = !o->float_mode};
  v->verdicts.result = calloc(results, sizeof *v->verdicts.result);
  v->status = calloc((size_t)v->grid.cells, sizeof *v->status);
  v->settings = (alf_verify_settings){.steps = o->steps ? o->steps : DEFAULT_STEPS,
                                      .cycle_steps = o->steps ? o->steps : LONGEST_SEARCH,
                                      .exact = !o->float_mode,
                                      .claims = v->grid.claim,
                                      .stop = alf_cli_interrupted};
  return v->verdicts.result && v->status ? ALF_OK : alf_fail_memory(err, results * sizeof *v->verdicts.result);
}

void alf_cli_verifier_free(alf_cli_verifier *v)
{
  alf_instance_free(&v->instance);
  alf_affinity_free(&v->raw);
  alf_affinity_free(&v->batch);
  alf_affinity_free(&v->real);
  alf_cli_grid_free(&v->grid);
  free(v->verdicts.result);
  free(v->status);
  pthread_mutex_destroy(&v->lock);
}

static void run_cell(void *opaque, int64_t cell)
{
  alf_cli_verifier *v = opaque;
  alf_error err = {0};
  v->status[cell] = alf_verify_cell(&v->instance, v->settings.exact ? &v->batch : &v->real, &v->grid.cell[cell],
                                    &v->settings, v->verdicts.result + cell * v->grid.claims, &err);
  pthread_mutex_lock(&v->lock);
  alf_cli_progress_tick(&v->progress, ++v->done);
  pthread_mutex_unlock(&v->lock);
}

/* A run that left the grid or was interrupted is told by its verdicts; what is left is lack of memory. */
static alf_status worst_status(const alf_cli_verifier *v, alf_error *err)
{
  for (int cell = 0; cell < v->grid.cells; cell++)
    if (v->status[cell] == ALF_ENOMEM)
      return alf_fail(err, ALF_ENOMEM, "out of memory in the run of cell %d", cell);
  return alf_cli_interrupted() ? alf_fail(err, ALF_EINTERRUPTED, "interrupted") : ALF_OK;
}

static alf_status verify_batch(alf_cli_verifier *v, alf_error *err)
{
  const alf_cli_options *o = v->options;
  alf_instance_settings settings = {.solve = v->grid.needs & ALF_NEEDS_OPTIMUM,
                                    .timeout = o->timeout,
                                    .crowding_count = v->grid.crowdings,
                                    .step_size = v->grid.crowding,
                                    .curvature = v->grid.needs & ALF_NEEDS_CURVATURE,
                                    .family = v->family,
                                    .call = v->call,
                                    .stop = alf_cli_interrupted};
  alf_instance_free(&v->instance);
  alf_status status = alf_check_topk(&v->batch, (int32_t)o->topk, err);
  if (status == ALF_OK)
    status = alf_format_check(&v->grid.format, v->batch.tokens, v->batch.experts, (int32_t)o->topk, err);
  v->judged = alf_format_view(&v->grid.format, &v->batch);
  if (status == ALF_OK)
    status = alf_instance_prepare(&v->instance, &v->judged, (int32_t)o->topk, &settings, err);
  if (status != ALF_OK)
    return status;
  v->done = 0;
  v->progress = alf_cli_progress_start("cells", v->grid.cells, o->quiet);
  alf_parallel_for(v->grid.cells, (int)o->threads, run_cell, v);
  alf_cli_progress_end(&v->progress);
  return ALF_OK;
}

static alf_status next_batch(alf_cli_verifier *v, alf_source *source, alf_error *err)
{
  alf_status status = alf_input_next(source, &v->raw, ALF_DYADIC, &v->batch, err);
  if (status != ALF_OK || v->settings.exact)
    return status;
  alf_affinity_free(&v->real);
  return alf_affinity_convert(&v->raw, ALF_FLOAT64, &v->real, err);
}

alf_status alf_cli_verify_input(alf_cli_verifier *v, const char *input, alf_cli_report report, void *context,
                                alf_error *err)
{
  alf_source *source = NULL;
  alf_affinity_free(&v->raw); /* the input before had batches of its own shape */
  alf_status status = alf_cli_open(&source, input, v->options, err);
  int64_t batches = status == ALF_OK ? alf_source_describe(source)->batches : 0;
  v->family = status == ALF_OK ? alf_source_family(source, &v->call) : NULL;
  for (int64_t b = 0; status == ALF_OK && b < batches; b++) {
    char name[600];
    snprintf(name, sizeof name, batches > 1 ? "%s@%" PRId64 : "%s", input, b);
    v->verdicts.source = name;
    status = next_batch(v, source, err);
    if (status == ALF_OK)
      status = verify_batch(v, err);
    if (status == ALF_OK) {
      report(context, &v->verdicts);
      status = worst_status(v, err);
    }
  }
  v->verdicts.source = NULL;
  alf_source_close(source);
  return status;
}
