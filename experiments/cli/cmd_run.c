#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "run/export.h"
#include "run/parts.h"
#include "run/runner.h"

/* A config at work. */
typedef struct run_state {
  const alf_cli_options *options;
  alf_config config;
  alf_plan plan;
  alf_store *store;
  alf_runner_result result;
  alf_results results;
  alf_cli_progress progress;
  double seconds;
} run_state;

static void free_state(run_state *s)
{
  alf_results_free(&s->results);
  alf_store_close(s->store);
  alf_plan_free(&s->plan);
  alf_config_free(&s->config);
}

static void tick(void *opaque, int64_t done, int64_t of)
{
  run_state *s = opaque;
  s->progress.total = of;
  alf_cli_progress_tick(&s->progress, done);
}

static alf_status prepare(run_state *s, alf_error *err)
{
  const alf_cli_options *o = s->options;
  if (o->series && !o->export)
    return alf_fail(err, ALF_EINVAL, "--series %s: expected --export, too", o->series);
  alf_status status = alf_config_read(&s->config, o->argument[0], o->set, err);
  if (status == ALF_OK && o->threads)
    s->config.threads = (int)o->threads;
  return status == ALF_OK ? alf_plan_make(&s->plan, &s->config, err) : status;
}

static alf_status run_cells(run_state *s, alf_error *err)
{
  const alf_cli_options *o = s->options;
  char folder[ALF_PATH];
  if (snprintf(folder, sizeof folder, "%s.cells", o->store) >= (int)sizeof folder - 40)
    return alf_fail(err, ALF_EINVAL, "--store %.100s...: expected a shorter path", o->store);
  alf_runner_settings settings = {.jobs = (int)o->jobs,
                                  .timeout = o->timeout,
                                  .folder = folder,
                                  .stop = alf_cli_interrupted,
                                  .tick = tick,
                                  .context = s};
  alf_status status = alf_store_open(&s->store, o->store, ALF_STORE_WRITE, err);
  if (status != ALF_OK)
    return status;
  double start = alf_cli_seconds();
  s->progress = alf_cli_progress_start("cells", s->plan.cells, o->quiet);
  status = alf_runner_run(&s->plan, s->store, &settings, &s->result, err);
  alf_cli_progress_end(&s->progress);
  s->seconds = alf_cli_seconds() - start;
  return status;
}

/* What the store has; where it is not there yet, all cells wait. */
static alf_status read_results(run_state *s, alf_error *err)
{
  bool there = s->store || access(s->options->store, F_OK) == 0;
  alf_status status = ALF_OK;
  if (!s->store && there)
    status = alf_store_open(&s->store, s->options->store, ALF_STORE_READ, err);
  return status == ALF_OK ? alf_results_of_plan(&s->results, s->store, &s->plan, err) : status;
}

static alf_status export_csv(const run_state *s, alf_error *err)
{
  const alf_cli_options *o = s->options;
  if (!o->export)
    return ALF_OK;
  return o->series ? alf_export_series(&s->results, s->store, o->series, o->export, o->times, err)
                   : alf_export_cells(&s->results, o->export, o->times, err);
}

static int64_t count_done(const alf_results *results)
{
  int64_t done = 0;
  for (int64_t c = 0; c < results->cells; c++)
    done += results->cell[c].state == ALF_CELL_DONE;
  return done;
}

static json_t *json_cells(const run_state *s)
{
  json_t *list = json_array();
  for (int64_t c = 0; c < s->results.cells; c++) {
    const alf_result *cell = &s->results.cell[c];
    char text[1024];
    alf_plan_describe(&s->plan, c, text, sizeof text);
    alf_cli_json_append(&list, json_pack("{sI ss so so so}", "cell", (json_int_t)c, "state",
                                         alf_cell_state_name(cell->state), "settings", alf_cli_json_text(text), "key",
                                         alf_cli_json_text(cell->key), "message", alf_cli_json_text(cell->message)));
  }
  return list;
}

static alf_status print_json(const run_state *s, alf_error *err)
{
  const alf_cli_options *o = s->options;
  const alf_runner_result *r = &s->result;
  json_t *object = json_pack("{so ss so sI sI so}", "experiment", alf_cli_json_text(s->config.name), "kind",
                             s->config.experiment->name, "title", alf_cli_json_text(s->config.title), "cells",
                             (json_int_t)s->plan.cells, "done", (json_int_t)count_done(&s->results), "store",
                             alf_cli_json_text(o->store));
  if (o->dry_run) {
    alf_cli_json_set(&object, "list", json_cells(s));
  } else {
    alf_cli_json_set(&object, "run", json_integer((json_int_t)(r->done + r->failed)));
    alf_cli_json_set(&object, "failed", json_integer((json_int_t)r->failed));
    alf_cli_json_set(&object, "interrupted", json_boolean(r->interrupted));
    alf_cli_json_set(&object, "seconds", json_real(s->seconds));
  }
  return alf_cli_print_json(object, err);
}

static void print_list(const run_state *s)
{
  for (int64_t c = 0; c < s->results.cells; c++) {
    const alf_result *cell = &s->results.cell[c];
    char text[1024];
    alf_plan_describe(&s->plan, c, text, sizeof text);
    printf("%6lld  %-7s  %s%s%s\n", (long long)c, alf_cell_state_name(cell->state), text, *cell->message ? "  # " : "",
           cell->message);
  }
}

static void print_report(const run_state *s)
{
  const alf_runner_result *r = &s->result;
  if (s->options->dry_run)
    print_list(s);
  alf_cli_row("experiment", "%s, %s%s%s", s->config.name, s->config.experiment->name, *s->config.title ? ": " : "",
              s->config.title);
  if (s->options->dry_run)
    alf_cli_row("cells", "%lld, %lld of them done", (long long)s->plan.cells, (long long)count_done(&s->results));
  else
    alf_cli_row("cells", "%lld: %lld done before, %lld now, %lld failed%s", (long long)r->cells, (long long)r->before,
                (long long)r->done, (long long)r->failed, r->interrupted ? "; interrupted" : "");
  alf_cli_row("store", "%s", s->options->store);
  if (!s->options->dry_run)
    alf_cli_row("seconds", "%.3f", s->seconds);
}

/* The cells have their exit codes, too. */
static int conclude(const run_state *s, alf_error *err)
{
  const alf_runner_result *r = &s->result;
  char text[300];
  if (r->interrupted)
    return ALF_CLI_INTERRUPTED;
  if (r->failed == 0)
    return ALF_CLI_HELD;
  alf_plan_describe(&s->plan, r->first, text, sizeof text);
  alf_fail(err, ALF_ESOLVER, "%lld of %lld cells failed; cell %lld%s%s%s: %.300s", (long long)r->failed,
           (long long)r->cells, (long long)r->first, *text ? " (" : "", text, *text ? ")" : "", r->message);
  return ALF_CLI_FAILED;
}

static int run(const alf_cli_options *options, alf_error *err)
{
  run_state s = {.options = options};
  alf_status status = prepare(&s, err);
  if (status == ALF_OK && !options->dry_run)
    status = run_cells(&s, err);
  if (status == ALF_OK)
    status = read_results(&s, err);
  if (status == ALF_OK && !s.result.interrupted)
    status = export_csv(&s, err);
  if (status == ALF_OK && options->json)
    status = print_json(&s, err);
  else if (status == ALF_OK)
    print_report(&s);
  int code = status == ALF_OK ? conclude(&s, err) : alf_cli_exit_code(status);
  free_state(&s);
  return code;
}

const alf_cli_command alf_cli_command_run = {
    .name = "run",
    .summary = "Run the cells of an experiment and keep their results",
    .arguments = "CONFIG.ini",
    .fewest = 1,
    .most = 1,
    .details =
        "CONFIG.ini has a section [experiment]: kind (alflab list experiments), title, seed, repetitions, threads, "
        "and "
        "the keys of the kind, each with one value or several: lists with | or, where values have no commas of their "
        "own, "
        "with commas, and ranges, 1e-4..10 *10 or 0..8 +2. The cells are the product of all values; sections [also] "
        "and [also NAME] stand for more, which differ in the keys they give. Each runs in a "
        "process "
        "of its own, and its results are in the store as soon as it has ended: a run that was interrupted or killed "
        "goes on "
        "where it was, cells that failed are tried again. All rules see the same batches: a cell's seed is made of the "
        "root "
        "seed, the source and the repetition. Exit code 4 when a cell failed or ran out of time; --dry-run says why.",
    .run = run,
};
