#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/iterate.h"

static int run(const alf_cli_options *options, alf_error *err)
{
  alf_cli_iterate state;
  alf_status status = alf_cli_iterate_start(&state, options, err);
  if (status == ALF_OK)
    status = alf_cli_iterate_run(&state, err);
  if (status == ALF_OK)
    status = alf_cli_iterate_report(&state, err);
  alf_cli_iterate_free(&state);
  if (status == ALF_OK && alf_cli_interrupted())
    return ALF_CLI_INTERRUPTED;
  return alf_cli_exit_code(status);
}

const alf_cli_command alf_cli_command_iterate = {
    .name = "iterate",
    .summary = "Run a balancing rule and report loads, dual value, gap to the optimum and regret",
    .arguments = "INPUT",
    .fewest = 1,
    .most = 1,
    .details =
        "One batch is repeated; the batches of a stream (a 3-D file, a directory of .npy files, a family with batches) "
        "are taken in turn. max_violation is the largest load over the target, less 1. The optimum is that of the "
        "fractional problem of the last batch; with --csv or --regret every batch is solved, and dual value, gap and "
        "swaps are measured at every iterate, which takes a pass over the batch each time; else only at the last. A "
        "limit cycle is looked for where one batch is repeated and the step size stays: a state of shift and rule that "
        "returns. README.md says what each measure is.",
    .run = run,
};
