#include <stdlib.h>

#include "alf/parallel.h"
#include "cli/interrupt.h"
#include "cli/iterate.h"
#include "cli/progress.h"

#define DEFAULT_STEPS 1000

void alf_cli_iterate_free(alf_cli_iterate *run)
{
  alf_cli_iterate_files_free(&run->files);
  free(run->optima.kept);
  alf_cli_sums_free(&run->sums);
  alf_cycle_free(run->cycle);
  alf_iterate_free(run->iterate);
  alf_affinity_free(&run->batch[0]);
  alf_affinity_free(&run->batch[1]);
  alf_source_close(run->source);
}

static alf_status check_options(const alf_cli_options *options, alf_error *err)
{
  if (options->float_mode && options->float32_mode)
    return alf_fail(err, ALF_EINVAL, "--float with --float32: expected one of them");
  if (options->regret && options->no_optimum)
    return alf_fail(err, ALF_EINVAL, "--regret with --no-optimum: expected one of them");
  return ALF_OK;
}

static alf_status find_parts(alf_cli_iterate *run, alf_error *err)
{
  const alf_cli_options *options = run->options;
  run->cell =
      (alf_cell){.rule_values = run->rule_value, .schedule_values = run->schedule_value, .format = &run->format};
  alf_status status = alf_cli_read_rule(options->rule, &run->cell.rule, run->rule_value, err);
  if (status == ALF_OK)
    status = alf_cli_read_schedule(options->schedule, &run->cell.schedule, run->schedule_value, err);
  if (status == ALF_OK)
    status = alf_cli_read_format(options->format, &run->format, err);
  if (status != ALF_OK)
    return status;
  run->name = alf_cli_describe(&run->cell);
  run->cell.u = options->u != 0 ? options->u : alf_rule_usual_u(run->cell.rule);
  run->dtype = options->float32_mode ? ALF_FLOAT32 : options->float_mode ? ALF_FLOAT64 : ALF_DYADIC;
  return ALF_OK;
}

/* The next batch of the stream, the first one again after the last. */
static alf_status read_batch(alf_cli_iterate *run, alf_affinity *batch, alf_error *err)
{
  alf_status status = alf_cli_next(run->source, NULL, run->dtype, batch, err);
  if (status != ALF_EEND)
    return status;
  alf_source_rewind(run->source);
  return alf_cli_next(run->source, NULL, run->dtype, batch, err);
}

/* The grid of a stream is that of its first batch: shifts are whole numbers of it. */
static alf_status check_grid(const alf_cli_iterate *run, const alf_affinity *batch, alf_error *err)
{
  int32_t grid_bits = alf_iterate_current(run->iterate)->batch_after->grid_bits;
  if (batch->grid_bits == grid_bits)
    return ALF_OK;
  return alf_fail(err, ALF_ERANGE,
                  "%s: a batch whose values need the grid of 2^%d: expected 2^%d as before, or --float",
                  alf_source_file(run->source), -batch->grid_bits, -grid_bits);
}

static alf_status read_first(alf_cli_iterate *run, alf_error *err)
{
  const alf_cli_options *options = run->options;
  alf_status status = alf_cli_open(&run->source, options->argument[0], options, err);
  if (status != ALF_OK)
    return status;
  run->batches = alf_source_describe(run->source)->batches;
  run->repeated = run->batches == 1;
  run->steps = options->steps ? options->steps : run->repeated ? DEFAULT_STEPS : run->batches - 1;
  run->every = options->csv || options->regret;
  return read_batch(run, &run->batch[0], err);
}

static alf_status start_iterate(alf_cli_iterate *run, alf_error *err)
{
  alf_iterate_settings settings = {.rule = run->cell.rule,
                                   .schedule = run->cell.schedule,
                                   .u = run->cell.u,
                                   .topk = (int32_t)run->options->topk,
                                   .rule_values = run->rule_value,
                                   .schedule_values = run->schedule_value,
                                   .format = &run->format,
                                   .threads = alf_parallel_threads((int)run->options->threads)};
  alf_status status = alf_iterate_alloc(&run->iterate, &run->batch[0], &settings, err);
  return status == ALF_OK ? alf_iterate_start(run->iterate, &run->batch[0], err) : status;
}

static alf_status start_cycle(alf_cli_iterate *run, alf_error *err)
{
  if (!run->repeated || !alf_iterate_may_cycle(run->iterate))
    return ALF_OK;
  size_t size = alf_iterate_state(run->iterate).size;
  return alf_cycle_alloc(&run->cycle, run->batch[0].experts, size, run->steps, err);
}

alf_status alf_cli_iterate_start(alf_cli_iterate *run, const alf_cli_options *options, alf_error *err)
{
  *run = (alf_cli_iterate){.options = options, .last_off_target = -1};
  alf_status status = check_options(options, err);
  if (status == ALF_OK)
    status = find_parts(run, err);
  if (status == ALF_OK)
    status = read_first(run, err);
  if (status == ALF_OK)
    status = start_iterate(run, err);
  if (status == ALF_OK)
    status = start_cycle(run, err);
  if (status == ALF_OK)
    status = alf_cli_sums_alloc(&run->sums, run->batch[0].experts,
                                alf_cli_iterate_slots(alf_iterate_current(run->iterate)), err);
  if (status == ALF_OK)
    status = alf_cli_optima_start(run, err);
  return status == ALF_OK ? alf_cli_iterate_files_open(run, err) : status;
}

static void observe(alf_cli_iterate *run)
{
  alf_cli_iterate_note(run);
  if (run->every)
    alf_cli_iterate_look(run);
  alf_cli_iterate_files_add(run);
}

/* The batch of iterate n; of a stream, with its optimum where every iterate is looked at. */
static alf_status take_batch(alf_cli_iterate *run, int64_t n, alf_affinity **next, alf_error *err)
{
  *next = &run->batch[run->repeated ? 0 : n % 2];
  if (run->repeated)
    return ALF_OK;
  alf_status status = read_batch(run, *next, err);
  if (status == ALF_OK)
    status = check_grid(run, *next, err);
  if (status == ALF_OK && run->every)
    alf_cli_optima_find(run, *next, n % run->batches);
  return status;
}

static alf_status update(alf_cli_iterate *run, const alf_affinity *next, alf_error *err)
{
  const alf_step *step = NULL;
  double before = alf_cli_seconds();
  alf_status status = alf_iterate_step(run->iterate, next, &step, err);
  run->seconds += alf_cli_seconds() - before;
  if (status == ALF_OK)
    observe(run);
  return status;
}

/* An update that Ctrl-C finds without its optimum is left out: what is reported is then known for all of them. */
static alf_status run_updates(alf_cli_iterate *run, alf_error *err)
{
  alf_cli_progress progress = alf_cli_progress_start("updates", run->steps, run->options->quiet);
  alf_status status = ALF_OK;
  for (int64_t n = 1; status == ALF_OK && n <= run->steps && !alf_cli_interrupted(); n++) {
    alf_affinity *next = NULL;
    status = take_batch(run, n, &next, err);
    if (status == ALF_OK && !alf_cli_interrupted())
      status = update(run, next, err);
    alf_cli_progress_tick(&progress, n);
  }
  alf_cli_progress_end(&progress);
  return status;
}

alf_status alf_cli_iterate_run(alf_cli_iterate *run, alf_error *err)
{
  if (run->every)
    alf_cli_optima_find(run, &run->batch[0], 0);
  observe(run);
  alf_status status = run_updates(run, err);
  if (status == ALF_OK)
    status = alf_cli_iterate_files_commit(run, err);
  if (status != ALF_OK || run->every)
    return status;
  const alf_step *step = alf_iterate_current(run->iterate);
  alf_cli_optima_find(run, step->batch_after, step->n % run->batches);
  alf_cli_iterate_look(run);
  return ALF_OK;
}
