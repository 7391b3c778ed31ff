#include <string.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "report/report.h"

static alf_status print_json(const alf_cli_options *o, const alf_report_result *r, alf_error *err)
{
  return alf_cli_print_json(json_pack("{so sI sI sI sI sI sb}", "out", alf_cli_json_text(o->out), "experiments",
                                      (json_int_t)r->experiments, "cells", (json_int_t)r->cells, "done",
                                      (json_int_t)r->done, "figures", (json_int_t)r->figures, "refuted",
                                      (json_int_t)r->refuted, "gnuplot", r->gnuplot),
                            err);
}

static void print_text(const alf_cli_options *o, const alf_report_result *r)
{
  alf_cli_row("experiments", "%lld", (long long)r->experiments);
  alf_cli_row("cells", "%lld, %lld of them done", (long long)r->cells, (long long)r->done);
  if (r->gnuplot)
    alf_cli_row("figures", "%lld", (long long)r->figures);
  else
    alf_cli_row("figures", "none: gnuplot is not in PATH (gnuplot-nox)");
  alf_cli_row("refuted", "%lld", (long long)r->refuted);
  alf_cli_row("page", "%s", o->out);
}

static int run(const alf_cli_options *options, alf_error *err)
{
  alf_store *store = NULL;
  alf_report_result result = {0};
  alf_status status = alf_store_open(&store, options->argument[0], ALF_STORE_READ, err);
  if (status == ALF_OK)
    status = alf_report_write(store, options->out, alf_cli_interrupted, &result, err);
  alf_store_close(store);
  if (status == ALF_EPROGRAM && alf_cli_interrupted()) /* Ctrl-C ends gnuplot, too */
    status = alf_fail(err, ALF_EINTERRUPTED, "interrupted");
  if (status == ALF_OK && options->json)
    status = print_json(options, &result, err);
  else if (status == ALF_OK)
    print_text(options, &result);
  return alf_cli_exit_code(status);
}

const alf_cli_command alf_cli_command_report = {
    .name = "report",
    .summary = "Make a page about everything in a store: claims, figures, tables",
    .arguments = "STORE",
    .fewest = 1,
    .most = 1,
    .details =
        "STORE is a file of alflab run. The page is one file that needs no network and no other file: what was run, "
        "verdicts on claims with margins and witnesses, figures of the series (drawn by gnuplot; without it there "
        "are none), one table for each experiment, cells that failed. A click on a column sorts by it. The same "
        "store gives the same bytes.",
    .run = run,
};
