#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/parallel.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verify.h"

#define DEFAULT_STEPS  2000
#define LONGEST_SEARCH 100000 /* updates until a limit cycle must have shown itself, unless --steps says otherwise */

/* What is verified when no INPUT is named: one of each kind of synthetic affinities. */
static const char *const built_in[] = {"uniform:T=512,E=16",    "softmax:T=512,E=16",   "gauss_sigmoid:T=512,E=16",
                                       "grid:T=512,E=16",       "dirichlet:T=512,E=16", "drift:T=512,E=16",
                                       "adversarial:T=512,E=16"};

typedef struct verify_run {
  const alf_cli_options *options;
  alf_cli_grid grid;
  alf_verify_settings settings;
  alf_cli_verdicts verdicts; /* of the batch at hand */
  alf_instance instance;
  alf_affinity raw, batch, real;
  alf_status *status; /* cells: how each run ended */
  pthread_mutex_t lock;
  alf_cli_progress progress;
  int64_t done;                    /* cells of this batch */
  int count[ALF_INCONCLUSIVE + 1]; /* results of all batches, by verdict */
  json_t *list;                    /* --json only */
} verify_run;

static void free_run(verify_run *run)
{
  alf_instance_free(&run->instance);
  alf_affinity_free(&run->raw);
  alf_affinity_free(&run->batch);
  alf_affinity_free(&run->real);
  alf_cli_grid_free(&run->grid);
  free(run->verdicts.result);
  free(run->status);
  json_decref(run->list);
  pthread_mutex_destroy(&run->lock);
}

static alf_status prepare_run(verify_run *run, alf_error *err)
{
  const alf_cli_options *o = run->options;
  alf_status status = alf_cli_grid_read(&run->grid, o, err);
  if (status != ALF_OK)
    return status;
  size_t results = (size_t)run->grid.cells * (size_t)run->grid.claims;
  run->verdicts = (alf_cli_verdicts){.grid = &run->grid, .instance = &run->instance, .exact = !o->float_mode};
  run->verdicts.result = calloc(results, sizeof *run->verdicts.result);
  run->status = calloc((size_t)run->grid.cells, sizeof *run->status);
  run->list = o->json ? json_array() : NULL;
  run->settings = (alf_verify_settings){.steps = o->steps ? o->steps : DEFAULT_STEPS,
                                        .cycle_steps = o->steps ? o->steps : LONGEST_SEARCH,
                                        .exact = !o->float_mode,
                                        .claims = run->grid.claim,
                                        .stop = alf_cli_interrupted};
  return run->verdicts.result && run->status ? ALF_OK : alf_fail_memory(err, results * sizeof(alf_claim_result));
}

static void run_cell(void *opaque, int64_t cell)
{
  verify_run *run = opaque;
  alf_error err = {0};
  run->status[cell] = alf_verify_cell(&run->instance, run->settings.exact ? NULL : &run->real, &run->grid.cell[cell],
                                      &run->settings, run->verdicts.result + cell * run->grid.claims, &err);
  pthread_mutex_lock(&run->lock);
  alf_cli_progress_tick(&run->progress, ++run->done);
  pthread_mutex_unlock(&run->lock);
}

/* A run that left the grid or was interrupted is told by its verdicts; what is left is lack of memory. */
static alf_status worst_status(const verify_run *run, alf_error *err)
{
  for (int cell = 0; cell < run->grid.cells; cell++)
    if (run->status[cell] == ALF_ENOMEM)
      return alf_fail(err, ALF_ENOMEM, "out of memory in the run of cell %d", cell);
  return alf_cli_interrupted() ? alf_fail(err, ALF_EINTERRUPTED, "interrupted") : ALF_OK;
}

static void count_verdicts(verify_run *run)
{
  for (int cell = 0; cell < run->grid.cells; cell++)
    for (int claim = 0; claim < run->grid.claims; claim++)
      if (alf_cli_is_reported(&run->grid, cell, claim))
        run->count[run->verdicts.result[cell * run->grid.claims + claim].verdict]++;
}

static alf_status verify_batch(verify_run *run, const char *name, alf_error *err)
{
  alf_instance_settings settings = {.solve = run->grid.needs & ALF_NEEDS_OPTIMUM,
                                    .timeout = run->options->timeout,
                                    .crowding_count = run->grid.crowdings,
                                    .step_size = run->grid.crowding};
  alf_instance_free(&run->instance);
  alf_status status = alf_instance_prepare(&run->instance, &run->batch, (int32_t)run->options->topk, &settings, err);
  if (status != ALF_OK)
    return status;
  run->done = 0;
  run->progress = alf_cli_progress_start("cells", run->grid.cells, run->options->quiet);
  alf_parallel_for(run->grid.cells, (int)run->options->threads, run_cell, run);
  alf_cli_progress_end(&run->progress);
  run->verdicts.source = name;
  count_verdicts(run);
  if (run->options->json)
    alf_cli_append_verdicts(&run->list, &run->verdicts);
  else
    alf_cli_print_verdicts(&run->verdicts);
  return worst_status(run, err);
}

static alf_status next_batch(verify_run *run, alf_source *source, alf_error *err)
{
  alf_status status = alf_cli_next(source, &run->raw, ALF_DYADIC, &run->batch, err);
  if (status != ALF_OK || run->settings.exact)
    return status;
  alf_affinity_free(&run->real);
  return alf_affinity_convert(&run->raw, ALF_FLOAT64, &run->real, err);
}

/* Every batch of one input, each a fixed batch of its own. */
static alf_status verify_input(verify_run *run, const char *input, alf_error *err)
{
  alf_source *source = NULL;
  alf_status status = alf_cli_open(&source, input, run->options, err);
  int64_t batches = status == ALF_OK ? alf_source_describe(source)->batches : 0;
  for (int64_t b = 0; status == ALF_OK && b < batches; b++) {
    char name[600];
    snprintf(name, sizeof name, batches > 1 ? "%s@%" PRId64 : "%s", input, b);
    status = next_batch(run, source, err);
    if (status == ALF_OK)
      status = verify_batch(run, name, err);
  }
  alf_source_close(source);
  return status;
}

static alf_status verify_inputs(verify_run *run, alf_error *err)
{
  const alf_cli_options *o = run->options;
  alf_status status = ALF_OK;
  for (int i = 0; status == ALF_OK && i < o->arguments; i++)
    status = verify_input(run, o->argument[i], err);
  for (size_t i = 0; o->arguments == 0 && status == ALF_OK && i < sizeof built_in / sizeof *built_in; i++)
    status = verify_input(run, built_in[i], err);
  return status;
}

static alf_status print_total(verify_run *run, alf_error *err)
{
  if (run->options->json) {
    json_t *object = json_object();
    alf_cli_json_set(&object, "claims", run->list);
    run->list = NULL;
    return alf_cli_print_json(object, err);
  }
  printf("%d hold, %d refuted, %d hypothesis not met, %d inconclusive\n", run->count[ALF_HOLDS],
         run->count[ALF_REFUTED], run->count[ALF_HYPOTHESIS_NOT_MET], run->count[ALF_INCONCLUSIVE]);
  return ALF_OK;
}

static int verify(const alf_cli_options *options, alf_error *err)
{
  verify_run run = {.options = options, .lock = PTHREAD_MUTEX_INITIALIZER};
  alf_status status = prepare_run(&run, err);
  if (status == ALF_OK)
    status = verify_inputs(&run, err);
  if (status == ALF_OK || status == ALF_EINTERRUPTED) {
    alf_error ignored;
    alf_status printed = print_total(&run, status == ALF_OK ? err : &ignored);
    status = status == ALF_OK ? printed : status;
  }
  int code = alf_cli_exit_code(status);
  if (status == ALF_OK && run.count[ALF_REFUTED])
    code = ALF_CLI_REFUTED;
  else if (status == ALF_OK && run.count[ALF_INCONCLUSIVE])
    code = ALF_CLI_FAILED;
  free_run(&run);
  return code;
}

const alf_cli_command alf_cli_command_verify = {
    .name = "verify",
    .summary = "Check the claims of the theory along the iteration",
    .arguments = "[INPUT...]",
    .fewest = 0,
    .most = 1000,
    .details = "Claims, rules, schedules and step sizes take comma lists; every combination is a cell, run on every "
               "batch of every INPUT as a fixed batch. Without INPUT the synthetic families are verified. A sign rule "
               "with a constant step runs on to its limit cycle (at most 100000 updates) unless --steps is given.",
    .run = verify,
};
