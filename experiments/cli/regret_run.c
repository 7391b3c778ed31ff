#include <stdlib.h>

#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/regret.h"

void alf_cli_regret_free(alf_cli_regret_run *run)
{
  alf_regret_target_free(&run->target);
  alf_cli_regret_cells_free(&run->cells);
  alf_regret_free(&run->regret);
  free(run->row);
}

static void tick(void *opaque, int64_t batches)
{
  alf_cli_regret_run *run = opaque;
  alf_cli_progress_tick(&run->progress, batches);
}

alf_status alf_cli_regret_prepare(alf_cli_regret_run *run, const alf_cli_options *o, const char *input, alf_error *err)
{
  *run = (alf_cli_regret_run){.options = o, .input = input};
  alf_source *source = NULL;
  alf_status status = alf_cli_open(&source, run->input, o, err);
  if (status != ALF_OK) {
    alf_source_close(source); /* K may not fit it */
    return status;
  }
  alf_regret_extent extent = alf_regret_find_extent(source, o->steps, o->repetitions);
  alf_source_close(source);
  run->repeated = extent.repeated;
  run->settings = (alf_regret_settings){.input = run->input,
                                        .seed = (uint64_t)o->seed,
                                        .topk = (int32_t)o->topk,
                                        .steps = extent.steps,
                                        .repetitions = extent.repetitions,
                                        .hindsight = o->hindsight,
                                        .checkpoints = ALF_REGRET_CHECKPOINTS,
                                        .threads = (int)o->threads,
                                        .stop = alf_cli_interrupted,
                                        .tick = tick,
                                        .context = run};
  status =
      alf_regret_target_find(&run->target, run->input, (uint64_t)o->seed, (int32_t)o->topk, alf_cli_interrupted, err);
  if (status == ALF_OK)
    status = alf_cli_regret_cells_read(&run->cells, o, &run->target, err);
  run->settings.cell = run->cells.cell;
  run->settings.cells = run->cells.count;
  run->settings.optimum = run->target.stationary ? run->target.shift : NULL;
  run->settings.dynamic = !run->target.stationary;
  return status;
}

static alf_status measure(alf_cli_regret_run *run, alf_error *err)
{
  run->row = calloc((size_t)run->cells.count, sizeof *run->row);
  if (!run->row)
    return alf_fail(err, ALF_ENOMEM, "out of memory");
  alf_status status = ALF_OK;
  for (int c = 0; status == ALF_OK && c < run->cells.count; c++)
    status = alf_regret_row_measure(&run->regret, &run->settings, &run->target, c, &run->row[c], err);
  return status;
}

alf_status alf_cli_regret_do(alf_cli_regret_run *run, alf_error *err)
{
  run->progress =
      alf_cli_progress_start("batches", run->settings.steps * run->settings.repetitions, run->options->quiet);
  alf_status status = alf_regret_run(&run->regret, &run->settings, err);
  alf_cli_progress_end(&run->progress);
  if (status == ALF_OK && run->regret.hindsight)
    alf_hindsight_judge(&run->regret, &run->hindsight);
  return status == ALF_OK ? measure(run, err) : status;
}
