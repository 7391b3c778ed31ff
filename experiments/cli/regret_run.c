#include <math.h>
#include <stdlib.h>

#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/regret.h"

enum { CHECKPOINTS = 80 };

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

/* A file is one run, once through its batches; the family behind another input makes as many as are asked for. */
alf_status alf_cli_regret_prepare(alf_cli_regret_run *run, const alf_cli_options *o, const char *input, alf_error *err)
{
  *run = (alf_cli_regret_run){.options = o, .input = input};
  const alf_family_call *call;
  alf_source *source = NULL;
  alf_status status = alf_cli_open(&source, run->input, o, err);
  if (status != ALF_OK) {
    alf_source_close(source); /* K may not fit it */
    return status;
  }
  bool file = !alf_source_family(source, &call);
  int64_t batches = alf_source_describe(source)->batches;
  alf_source_close(source);
  run->repeated = file && batches == 1;
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

static alf_status measure_cell(alf_cli_regret_run *run, int c, alf_error *err)
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

static alf_status measure(alf_cli_regret_run *run, alf_error *err)
{
  run->row = calloc((size_t)run->cells.count, sizeof *run->row);
  if (!run->row)
    return alf_fail(err, ALF_ENOMEM, "out of memory");
  alf_status status = ALF_OK;
  for (int c = 0; status == ALF_OK && c < run->cells.count; c++)
    status = measure_cell(run, c, err);
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
