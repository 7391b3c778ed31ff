#include <stdio.h>
#include <string.h>

#include "alf/new_file.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "figures/frame.h"
#include "gnuplot.h"
#include "run/runner.h"

/* A config of a figure. */
typedef struct part {
  alf_config config;
  alf_plan plan;
} part;

/* A figure in the making. */
typedef struct making {
  const alf_figure *figure;
  const alf_cli_options *options;
  part part[ALF_FIGURE_CONFIGS];
  alf_results results[ALF_FIGURE_CONFIGS];
  alf_store *store;
  alf_cli_progress progress;
} making;

static void free_making(making *m)
{
  for (int i = 0; i < ALF_FIGURE_CONFIGS; i++) {
    alf_results_free(&m->results[i]);
    alf_plan_free(&m->part[i].plan);
    alf_config_free(&m->part[i].config);
  }
  alf_store_close(m->store);
}

static void tick(void *opaque, int64_t done, int64_t of)
{
  making *m = opaque;
  m->progress.total = of;
  alf_cli_progress_tick(&m->progress, done);
}

static alf_status read_config(const making *m, part *p, const char *name, alf_error *err)
{
  char path[ALF_FIGURE_PATH];
  alf_status status = alf_figure_config_path(name, path, err);
  if (status != ALF_OK)
    return status;
  status = m->options->quick ? alf_config_read_quick(&p->config, path, NULL, err)
                             : alf_config_read(&p->config, path, NULL, err);
  return status == ALF_OK ? alf_plan_make(&p->plan, &p->config, err) : status;
}

alf_status alf_figure_check_configs(const alf_figure *figure, const alf_cli_options *options, alf_error *err)
{
  making m = {.figure = figure, .options = options};
  alf_status status = ALF_OK;
  for (int i = 0; status == ALF_OK && alf_figure_config(figure, i); i++)
    status = read_config(&m, &m.part[i], alf_figure_config(figure, i), err);
  free_making(&m);
  return status;
}

static alf_status conclude(const making *m, const part *p, const alf_runner_result *result, alf_error *err)
{
  char cell[300];
  if (result->interrupted)
    return alf_fail(err, ALF_EINTERRUPTED, "interrupted; what is done is in %.200s", m->options->store);
  if (result->failed == 0)
    return ALF_OK;
  alf_plan_describe(&p->plan, result->first, cell, sizeof cell);
  return alf_fail(err, ALF_ESOLVER, "%s: %lld of %lld cells failed; cell %lld (%s): %.200s", p->config.name,
                  (long long)result->failed, (long long)result->cells, (long long)result->first, cell, result->message);
}

static alf_status run_cells(making *m, int i, alf_error *err)
{
  part *p = &m->part[i];
  const char *config = alf_figure_config(m->figure, i);
  char folder[ALF_FIGURE_PATH]; /* the one of alflab run */
  if (snprintf(folder, sizeof folder, "%s.cells", m->options->store) >= (int)sizeof folder - 40)
    return alf_fail(err, ALF_EINVAL, "--store %.100s...: expected a shorter path", m->options->store);
  alf_runner_settings settings = {
      .jobs = (int)m->options->jobs, .folder = folder, .stop = alf_cli_interrupted, .tick = tick, .context = m};
  alf_runner_result result = {0};
  alf_status status = read_config(m, p, config, err);
  if (status == ALF_OK && !m->store)
    status = alf_store_open(&m->store, m->options->store, ALF_STORE_WRITE, err);
  if (status != ALF_OK)
    return status;
  m->progress = alf_cli_progress_start(config, p->plan.cells, m->options->quiet);
  status = alf_runner_run(&p->plan, m->store, &settings, &result, err);
  alf_cli_progress_end(&m->progress);
  if (status == ALF_OK)
    status = conclude(m, p, &result, err);
  return status == ALF_OK ? alf_results_of_plan(&m->results[i], m->store, &p->plan, err) : status;
}

static alf_status write_csv(making *m, const char *path, alf_error *err)
{
  alf_figure_data data = {m->results, m->store};
  alf_new_file csv = {0};
  alf_status status = alf_new_file_open(&csv, path, err);
  if (status == ALF_OK)
    status = m->figure->write(csv.file, &data, err);
  if (status == ALF_OK)
    status = alf_figure_sign(csv.file, m->figure, m->options->quick, err);
  if (status == ALF_OK)
    status = alf_new_file_commit(&csv, err);
  alf_new_file_close(&csv);
  return status;
}

alf_status alf_figure_redraw(const alf_figure *figure, const char *folder, alf_error *err)
{
  char csv[ALF_FIGURE_PATH], svg[ALF_FIGURE_PATH];
  alf_status status = alf_figure_path(folder, figure->name, "csv", csv, err);
  if (status == ALF_OK)
    status = alf_figure_path(folder, figure->name, "svg", svg, err);
  return status == ALF_OK ? alf_figure_draw(figure, csv, svg, err) : status;
}

alf_status alf_figure_make(const alf_figure *figure, const alf_cli_options *options, const char *folder, alf_error *err)
{
  making m = {.figure = figure, .options = options};
  char csv[ALF_FIGURE_PATH];
  alf_status status = alf_figure_path(folder, figure->name, "csv", csv, err);
  for (int i = 0; status == ALF_OK && alf_figure_config(figure, i); i++)
    status = run_cells(&m, i, err);
  if (status == ALF_OK)
    status = write_csv(&m, csv, err);
  free_making(&m);
  return status == ALF_OK ? alf_figure_redraw(figure, folder, err) : status;
}
