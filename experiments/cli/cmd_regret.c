#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/regret.h"

static alf_status report(const alf_cli_regret_run *run, alf_error *err)
{
  alf_status status = run->options->csv ? alf_cli_regret_csv(run, run->options->csv, err) : ALF_OK;
  if (status != ALF_OK)
    return status;
  if (run->options->json)
    return alf_cli_print_json(alf_cli_regret_json(run), err);
  alf_cli_regret_print(run);
  return ALF_OK;
}

static bool is_refuted(const alf_cli_regret_run *run)
{
  bool refuted = run->regret.hindsight && run->hindsight.verdict == ALF_REFUTED;
  for (int c = 0; c < run->cells.count && run->regret.expected; c++)
    refuted = refuted || run->row[c].bound.verdict == ALF_REFUTED;
  return refuted;
}

static int regret(const alf_cli_options *options, alf_error *err)
{
  alf_cli_regret_run run;
  alf_status status = alf_cli_regret_prepare(&run, options, options->argument[0], err);
  if (status == ALF_OK)
    status = alf_cli_regret_do(&run, err);
  if (status == ALF_OK)
    status = report(&run, err);
  int code = alf_cli_exit_code(status);
  if (status == ALF_OK)
    code = alf_cli_interrupted() ? ALF_CLI_INTERRUPTED : is_refuted(&run) ? ALF_CLI_REFUTED : ALF_CLI_HELD;
  alf_cli_regret_free(&run);
  return code;
}

const alf_cli_command alf_cli_command_regret = {
    .name = "regret",
    .summary = "Online runs over fresh batches: regret, its growth, and the bounds on it",
    .arguments = "INPUT",
    .fewest = 1,
    .most = 1,
    .details =
        "A stationary family gives expected regret, f^n(p^n) - f^n(p*) summed, p* the minimiser of its expected dual "
        "function; a stream that changes (drift, a file) gives dynamic regret, against the exact optimum of each "
        "batch. "
        "Rules, schedules, step sizes and widths take comma lists; every combination is a cell, and all run on the "
        "same "
        "batches. Over N/100..N: what a factor of ten in N adds, the exponent of N, and how far a + b ln N, a + b sqrt "
        "N "
        "and a + b N miss the mean, over its range. Intervals are 95 %, by bootstrap over the repetitions. C9 compares "
        "with the bound, C10 (--hindsight) is about the pooled problem. Exit code 1 when either is refuted.",
    .run = regret,
};
