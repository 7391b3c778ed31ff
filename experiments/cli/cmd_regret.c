#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/regret.h"

enum { CHECKPOINTS = 80 };

typedef struct regret_run {
  const alf_cli_options *options;
  const char *input;
  alf_regret_target target;
  alf_cli_regret_cells cells;
  alf_regret_settings settings;
  alf_regret regret;
  alf_cli_regret_row *row;
  alf_cli_progress progress;
} regret_run;

static void free_run(regret_run *run)
{
  alf_regret_target_free(&run->target);
  alf_cli_regret_cells_free(&run->cells);
  alf_regret_free(&run->regret);
  free(run->row);
}

static void tick(void *opaque, int64_t batches)
{
  regret_run *run = opaque;
  alf_cli_progress_tick(&run->progress, batches);
}

/* A file is one run, once through its batches; the family behind another input makes as many as are asked for. */
static alf_status prepare(regret_run *run, alf_error *err)
{
  const alf_cli_options *o = run->options;
  const alf_family_call *call;
  alf_source *source = NULL;
  alf_status status = alf_cli_open(&source, run->input, o, err);
  if (status != ALF_OK) {
    alf_source_close(source); /* K may not fit what was opened */
    return status;
  }
  bool file = !alf_source_family(source, &call);
  int64_t batches = alf_source_describe(source)->batches;
  alf_source_close(source);
  run->settings = (alf_regret_settings){.input = run->input,
                                        .seed = (uint64_t)o->seed,
                                        .topk = (int32_t)o->topk,
                                        .steps = file && batches > 1 && batches < o->steps ? batches : o->steps,
                                        .repetitions = file ? 1 : o->repetitions,
                                        .hindsight = o->hindsight,
                                        .checkpoints = CHECKPOINTS,
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

/* Dynamic regret a batch between two checkpoints. */
static alf_status rate_between(const alf_regret *regret, int c, int64_t from, int64_t to, alf_interval *rate,
                               alf_error *err)
{
  double *own = malloc((size_t)regret->repetitions * sizeof *own);
  if (!own)
    return alf_fail(err, ALF_ENOMEM, "out of memory");
  for (int64_t r = 0; r < regret->repetitions; r++) {
    const double *curve = regret->dynamic + (c * regret->repetitions + r) * regret->checkpoints;
    double before = from >= 0 ? curve[from] : 0;
    int64_t batches = regret->batches[to] - (from >= 0 ? regret->batches[from] : 0);
    own[r] = (curve[to] - before) / (double)batches;
  }
  alf_status status = alf_bootstrap_mean(own, regret->repetitions, rate, err);
  free(own);
  return status;
}

/* The first and the last tenth of the batches, as far as checkpoints lie there. */
static alf_status measure_rates(const alf_regret *regret, int c, alf_cli_regret_row *row, alf_error *err)
{
  int64_t last = regret->checkpoints - 1, total = regret->batches[last], early = 0, late = last - 1;
  while (early + 1 < last && regret->batches[early] < total / 10)
    early++;
  while (late > 0 && regret->batches[late] > total - total / 10)
    late--;
  alf_status status = rate_between(regret, c, -1, early, &row->early, err);
  return status == ALF_OK ? rate_between(regret, c, late, last, &row->late, err) : status;
}

static alf_status measure_cell(regret_run *run, int c, alf_error *err)
{
  const alf_regret *g = &run->regret;
  alf_cli_regret_row *row = &run->row[c];
  int64_t first = c * g->repetitions * g->checkpoints;
  const double *curve = g->expected ? g->expected : g->dynamic;
  alf_growth_data data = {curve + first, g->repetitions, g->checkpoints, g->batches};
  int64_t from = run->settings.steps >= 1000 ? run->settings.steps / 100 : run->settings.steps / 10;
  alf_status status = alf_growth_fit(&data, from, &row->growth, err);
  if (status == ALF_OK && g->expected)
    status = alf_regret_judge(g, &run->settings, c, &run->target, &row->growth, &row->bound, err);
  if (status == ALF_OK && g->hindsight)
    status = alf_bootstrap_mean(g->hindsight + c * g->repetitions, g->repetitions, &row->hindsight, err);
  return status == ALF_OK && g->dynamic ? measure_rates(g, c, row, err) : status;
}

static alf_status measure(regret_run *run, alf_error *err)
{
  run->row = calloc((size_t)run->cells.count, sizeof *run->row);
  if (!run->row)
    return alf_fail(err, ALF_ENOMEM, "out of memory");
  alf_status status = ALF_OK;
  for (int c = 0; status == ALF_OK && c < run->cells.count; c++)
    status = measure_cell(run, c, err);
  return status;
}

static alf_status report(regret_run *run, alf_error *err)
{
  alf_cli_regret_result result = {run->input, &run->settings, &run->regret, &run->target, run->row};
  alf_status status = run->options->csv ? alf_cli_regret_csv(&result, run->options->csv, err) : ALF_OK;
  if (status != ALF_OK)
    return status;
  if (run->options->json)
    return alf_cli_print_json(alf_cli_regret_json(&result), err);
  alf_cli_regret_print(&result);
  return ALF_OK;
}

static int regret(const alf_cli_options *options, alf_error *err)
{
  regret_run run = {.options = options, .input = options->argument[0]};
  alf_status status = prepare(&run, err);
  if (status == ALF_OK) {
    run.progress = alf_cli_progress_start("batches", run.settings.steps * run.settings.repetitions, options->quiet);
    status = alf_regret_run(&run.regret, &run.settings, err);
    alf_cli_progress_end(&run.progress);
  }
  if (status == ALF_OK)
    status = measure(&run, err);
  if (status == ALF_OK)
    status = report(&run, err);
  int code = alf_cli_exit_code(status);
  for (int c = 0; status == ALF_OK && c < run.cells.count && run.regret.expected; c++)
    code = run.row[c].bound.verdict == ALF_REFUTED ? ALF_CLI_REFUTED : code;
  free_run(&run);
  return status == ALF_OK && alf_cli_interrupted() ? ALF_CLI_INTERRUPTED : code;
}

const alf_cli_command alf_cli_command_regret = {
    .name = "regret",
    .summary = "Online runs over fresh batches: regret, its growth, and the bounds on it",
    .arguments = "INPUT",
    .fewest = 1,
    .most = 1,
    .details =
        "A stationary family gives expected regret against p*, the minimiser of its expected dual function; a stream "
        "that changes (drift, a file) gives dynamic regret against the exact optimum of each batch. Growth is fitted "
        "from N/100 on; intervals are 95 %, by bootstrap over the repetitions. Exit code 1 when a bound whose "
        "hypotheses are met is exceeded.",
    .run = regret,
};
