#include <stdio.h>

#include "cli/interrupt.h"
#include "cli/iterate.h"

void alf_cli_iterate_free(alf_cli_iterate *run)
{
  alf_cli_iterate_files_free(&run->files);
  alf_iteration_free(&run->iteration);
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

static alf_status find_parts(alf_cli_iterate *run, alf_cell *cell, alf_error *err)
{
  const alf_cli_options *options = run->options;
  *cell = (alf_cell){
      .u = options->u, .rule_values = run->rule_value, .schedule_values = run->schedule_value, .format = &run->format};
  alf_status status = alf_cli_read_rule(options->rule, &cell->rule, run->rule_value, err);
  if (status == ALF_OK)
    status = alf_cli_read_schedule(options->schedule, &cell->schedule, run->schedule_value, err);
  if (status == ALF_OK)
    status = alf_cli_read_format(options->format, &run->format, err);
  if (status == ALF_OK)
    run->name = alf_cli_describe(cell);
  return status;
}

static void note_optimum(alf_cli_iterate *run)
{
  const alf_optima *optima = &run->iteration.optima;
  if (!optima->given_up || run->noted || run->options->quiet || alf_cli_interrupted())
    return;
  fprintf(stderr, "alflab iterate: no optimum: %s\n", optima->why.text);
  run->noted = true;
}

static void observe(void *opaque, const alf_iteration *iteration)
{
  alf_cli_iterate *run = opaque;
  note_optimum(run);
  alf_cli_iterate_files_add(run);
  alf_cli_progress_tick(&run->progress, alf_iterate_current(iteration->iterate)->n);
}

alf_status alf_cli_iterate_start(alf_cli_iterate *run, const alf_cli_options *options, alf_error *err)
{
  *run = (alf_cli_iterate){.options = options};
  alf_iteration_settings settings = {.topk = (int32_t)options->topk,
                                     .dtype = options->float32_mode ? ALF_FLOAT32
                                              : options->float_mode ? ALF_FLOAT64
                                                                    : ALF_DYADIC,
                                     .steps = options->steps,
                                     .every = options->csv || options->regret,
                                     .no_optimum = options->no_optimum,
                                     .threads = (int)options->threads,
                                     .stop = alf_cli_interrupted,
                                     .observe = observe,
                                     .context = run};
  alf_status status = check_options(options, err);
  if (status == ALF_OK)
    status = find_parts(run, &settings.cell, err);
  if (status == ALF_OK)
    status = alf_cli_open(&run->source, options->argument[0], options, err);
  if (status == ALF_OK)
    status = alf_iteration_start(&run->iteration, run->source, &settings, err);
  return status == ALF_OK ? alf_cli_iterate_files_open(run, err) : status;
}

alf_status alf_cli_iterate_run(alf_cli_iterate *run, alf_error *err)
{
  run->progress = alf_cli_progress_start("updates", run->iteration.settings.steps, run->options->quiet);
  alf_status status = alf_iteration_run(&run->iteration, err);
  alf_cli_progress_end(&run->progress);
  if (status == ALF_OK)
    status = alf_cli_iterate_files_commit(run, err);
  note_optimum(run);
  return status;
}
