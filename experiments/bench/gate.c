#include "bench/gate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/choice.h"
#include "cli/command.h"
#include "cli/comparison.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/words.h"
#include "run/parts.h"
#include "run/runner.h"
#include "shipped.h"

enum { MOST_CONFIGS = 64, TIMINGS = 3 };

/* In experiments/configs, or where they are installed. */
static const char *const own_configs[] = {"gate_balance.ini",
                                          "gate_stream.ini",
                                          "gate_claims.ini",
                                          "gate_regret.ini",
                                          "gate_solve.ini",
                                          "gate_large.ini",
                                          NULL};

typedef struct gate {
  const alf_cli_options *options;
  char set[ALF_PATH]; /* the rules, for alf_config_read; "": none */
  int plans;
  alf_config config[MOST_CONFIGS];
  alf_plan plan[MOST_CONFIGS];
  char path[ALF_PATH]; /* where the new store grows: beside --save, or in memory */
  alf_store *base, *fresh;
  alf_runner_result total;
  char where[300]; /* of the first cell that failed */
  alf_cli_progress progress;
  int64_t before; /* cells of the plans before the one that runs */
  double seconds;
} gate;

static alf_status check_options(const alf_cli_options *o, alf_error *err)
{
  const struct {
    const char *name;
    bool given;
  } others[] = {{"--group", o->group}, {"--csv", o->csv}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (others[i].given)
      return alf_fail(err, ALF_EINVAL, "%s: does not go with --save and --check, whose cells are those of configs",
                      others[i].name);
  return ALF_OK;
}

/* A rule in a file is looked for from the folder of a config, where nobody expects it: it gets its whole path. */
static alf_status add_rule(gate *g, const char *rule, alf_error *err)
{
  double values[ALF_MAX_PARAMETERS];
  const alf_rule *found;
  char folder[ALF_PATH] = "";
  size_t used = strlen(g->set), room = sizeof g->set - used;
  alf_status status = alf_cli_read_rule(rule, &found, values, err);
  if (status != ALF_OK)
    return status;
  bool relative = alf_rule_is_file(rule) && *rule != '/';
  if (relative && !getcwd(folder, sizeof folder))
    return alf_fail(err, ALF_EIO, "--rule %.300s: %s", rule, strerror(errno));
  int length = snprintf(g->set + used, room, "%s%s%s%s", used ? "," : "rule=", folder, relative ? "/" : "", rule);
  return length < (int)room ? ALF_OK : alf_fail(err, ALF_EINVAL, "--rule: expected a shorter path");
}

static alf_status add_rules(gate *g, alf_error *err)
{
  const char *rules = g->options->rule;
  alf_cli_words words = {0};
  alf_status status = rules ? alf_cli_split(&words, "--rule", rules, err) : ALF_OK;
  for (int i = 0; i < words.count && status == ALF_OK; i++)
    status = add_rule(g, words.word[i], err);
  return status;
}

static bool has_rule(const alf_config *config)
{
  for (int k = 0; k < config->keys; k++)
    if (config->values[k].key->type == ALF_KEY_RULE)
      return true;
  return false;
}

/* With --rule a config that has none is left out. */
static alf_status add_config(gate *g, const char *path, alf_error *err)
{
  alf_config *config = &g->config[g->plans];
  alf_status status = alf_config_read(config, path, NULL, err);
  if (status == ALF_OK && *g->set && !has_rule(config)) {
    alf_config_free(config);
    return ALF_OK;
  }
  if (status == ALF_OK && *g->set) {
    alf_config_free(config);
    status = alf_config_read(config, path, g->set, err);
  }
  g->plans++;
  return status == ALF_OK ? alf_plan_make(&g->plan[g->plans - 1], config, err) : status;
}

static alf_status add_configs(gate *g, alf_error *err)
{
  const alf_cli_options *o = g->options;
  char folder[ALF_SHIPPED_PATH], path[ALF_SHIPPED_PATH + 40];
  alf_status status = o->arguments ? ALF_OK : alf_shipped_folder("ALFLAB_CONFIGS", "configs", folder, err);
  for (int i = 0; status == ALF_OK && i < o->arguments; i++)
    status = add_config(g, o->argument[i], err);
  for (int i = 0; status == ALF_OK && o->arguments == 0 && own_configs[i]; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, own_configs[i]);
    status = add_config(g, path, err);
  }
  if (status == ALF_OK && g->plans == 0)
    return alf_fail(err, ALF_EINVAL, "--rule %.200s: no config has a rule", o->rule);
  return status;
}

/* What is there is replaced only if it is a store. */
static alf_status check_place(const char *path, alf_error *err)
{
  alf_store *old = NULL;
  alf_status status = access(path, F_OK) == 0 ? alf_store_open(&old, path, ALF_STORE_READ, err) : ALF_OK;
  alf_store_close(old);
  return status;
}

/* The store of --save is replaced when all cells are done. */
static alf_status open_stores(gate *g, alf_error *err)
{
  const alf_cli_options *o = g->options;
  if (snprintf(g->path, sizeof g->path, o->save ? "%s.new" : ":memory:", o->save) >= (int)sizeof g->path - 40)
    return alf_fail(err, ALF_EINVAL, "--save %.100s...: expected a shorter path", o->save);
  alf_status status = o->base ? alf_store_open(&g->base, o->base, ALF_STORE_READ, err) : ALF_OK;
  if (status == ALF_OK && o->save)
    status = check_place(o->save, err);
  if (status == ALF_OK && o->save)
    status = check_place(g->path, err);
  if (status == ALF_OK && o->save && unlink(g->path) != 0 && errno != ENOENT)
    status = alf_fail(err, ALF_EIO, "%.300s: %s", g->path, strerror(errno));
  return status == ALF_OK ? alf_store_open(&g->fresh, g->path, ALF_STORE_WRITE, err) : status;
}

static void tick(void *opaque, int64_t done, int64_t of)
{
  gate *g = opaque;
  (void)of;
  alf_cli_progress_tick(&g->progress, g->before + done);
}

static void add_result(gate *g, int p, const alf_runner_result *r)
{
  g->total.cells += r->cells;
  g->total.done += r->done;
  if (r->failed && !g->total.failed) {
    memcpy(g->total.message, r->message, sizeof r->message);
    char cell[200];
    alf_plan_describe(&g->plan[p], r->first, cell, sizeof cell);
    snprintf(g->where, sizeof g->where, "%.60s, cell %lld%s%s%s", g->config[p].name, (long long)r->first,
             *cell ? " (" : "", cell, *cell ? ")" : "");
  }
  g->total.failed += r->failed;
  g->total.interrupted = g->total.interrupted || r->interrupted;
}

/* One after the other, unless more are asked for: times are taken. */
static alf_status run_cells(gate *g, alf_error *err)
{
  const alf_cli_options *o = g->options;
  char folder[ALF_PATH + 10];
  snprintf(folder, sizeof folder, "%s.cells", o->save ? o->save : o->base);
  alf_runner_settings settings = {.jobs = (int)o->threads,
                                  .timings = o->no_times ? 0
                                             : o->quick  ? 1
                                                         : TIMINGS,
                                  .folder = folder,
                                  .stop = alf_cli_interrupted,
                                  .tick = tick,
                                  .context = g};
  double start = alf_cli_seconds();
  int64_t cells = 0;
  alf_status status = ALF_OK;
  for (int p = 0; p < g->plans; p++)
    cells += g->plan[p].cells;
  g->progress = alf_cli_progress_start("cells", cells, o->quiet);
  for (int p = 0; status == ALF_OK && p < g->plans && !g->total.interrupted; p++) {
    alf_runner_result result;
    status = alf_runner_run(&g->plan[p], g->fresh, &settings, &result, err);
    add_result(g, p, &result);
    g->before += g->plan[p].cells;
  }
  alf_cli_progress_end(&g->progress);
  g->seconds = alf_cli_seconds() - start;
  return status;
}

/* Renames the new store, which is then complete. */
static alf_status keep(gate *g, alf_error *err)
{
  alf_store_close(g->fresh);
  g->fresh = NULL;
  if (rename(g->path, g->options->save) != 0)
    return alf_fail(err, ALF_EIO, "%.300s: %s", g->options->save, strerror(errno));
  return ALF_OK;
}

static alf_status report_saved(const gate *g, alf_error *err)
{
  const alf_cli_options *o = g->options;
  if (o->json)
    return alf_cli_print_json(json_pack("{so sI sf}", "store", alf_cli_json_text(o->save), "cells",
                                        (json_int_t)g->total.cells, "seconds", g->seconds),
                              err);
  alf_cli_row("cells", "%lld", (long long)g->total.cells);
  alf_cli_row("store", "%s", o->save);
  alf_cli_row("seconds", "%.3f", g->seconds);
  return ALF_OK;
}

static alf_status refuse_failed(const gate *g, alf_error *err)
{
  return alf_fail(err, ALF_ESOLVER, "%lld of %lld cells failed; %.300s: %.180s", (long long)g->total.failed,
                  (long long)g->total.cells, g->where, g->total.message);
}

/* A base has no cells that fail; where they fail now that is worse than before. */
static int conclude(gate *g, alf_error *err)
{
  const alf_cli_options *o = g->options;
  alf_comparison comparison = {0};
  if (g->total.interrupted)
    return alf_cli_exit_code(alf_fail(err, ALF_EINTERRUPTED, "interrupted"));
  if (g->total.failed && !o->base)
    return alf_cli_exit_code(refuse_failed(g, err));
  alf_status status =
      o->base ? alf_compare_stores(&comparison, g->base, g->fresh, !o->no_times, err) : report_saved(g, err);
  int code = status != ALF_OK ? alf_cli_exit_code(status) : ALF_CLI_HELD;
  if (status == ALF_OK && o->base)
    code = alf_cli_report_comparison(&comparison, o->base, o->save ? o->save : "(this run)", o, err);
  alf_comparison_free(&comparison);
  if (status == ALF_OK && g->total.failed) {
    refuse_failed(g, err);
    return code == ALF_CLI_REFUTED ? code : ALF_CLI_FAILED;
  }
  status = status == ALF_OK && o->save ? keep(g, err) : status;
  return status == ALF_OK ? code : alf_cli_exit_code(status);
}

static void free_gate(gate *g)
{
  alf_store_close(g->base);
  alf_store_close(g->fresh);
  if (g->fresh && g->options->save)
    unlink(g->path);
  for (int p = 0; p < g->plans; p++) {
    alf_plan_free(&g->plan[p]);
    alf_config_free(&g->config[p]);
  }
  free(g);
}

int alf_bench_gate(const alf_cli_options *options, alf_error *err)
{
  gate *g = calloc(1, sizeof *g);
  if (!g)
    return alf_cli_exit_code(alf_fail_memory(err, sizeof *g));
  g->options = options;
  alf_status status = check_options(options, err);
  if (status == ALF_OK)
    status = add_rules(g, err);
  if (status == ALF_OK)
    status = add_configs(g, err);
  if (status == ALF_OK)
    status = open_stores(g, err);
  if (status == ALF_OK)
    status = run_cells(g, err);
  int code = status == ALF_OK ? conclude(g, err) : alf_cli_exit_code(status);
  free_gate(g);
  return code;
}
