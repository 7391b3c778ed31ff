#include "bench/group.h"
#include "cli/command.h"

static int run(const alf_cli_options *options, alf_error *err)
{
  return alf_bench_run(options->group, options, err);
}

const alf_cli_command alf_cli_command_bench = {
    .name = "bench",
    .summary = "Compare the exact solvers, and the balancing rules, side by side",
    .arguments = "[INPUT...]",
    .fewest = 0,
    .most = 64,
    .details =
        "exact: seconds of the exact solvers, with certificates and referees. Synthetic instances, ordinary and hard, "
        "and "
        "router affinities: every batch of the INPUTs, or of the traces in experiments/data; a stream (more than 8 "
        "batches) is one problem of all its tokens. Each time is the least of several runs that take turns. LEMON and "
        "CLP "
        "take part where they were found at configure time. Exit code 1 when objectives differ, 4 when an optimum is "
        "not "
        "proven. rules: every balancing rule at several schedules, step sizes and parameters: balance, updates until "
        "then, objective lost, stability, by default and at its best, and what number formats and bugs do to that; on "
        "a "
        "fixed suite of batches and streams, or on the INPUTs instead. Takes about 13 minutes of one processor. "
        "ALFLAB_DATA names another folder of traces.",
    .run = run,
};
