#include "bench/gate.h"
#include "bench/group.h"
#include "cli/command.h"

static int run(const alf_cli_options *options, alf_error *err)
{
  if (options->save || options->base)
    return alf_bench_gate(options, err);
  return alf_bench_run(options->group, options, err);
}

const alf_cli_command alf_cli_command_bench = {
    .name = "bench",
    .summary = "Compare solvers, speeds and balancing rules; check that a change makes nothing worse",
    .arguments = "[INPUT...]",
    .fewest = 0,
    .most = 64,
    .details =
        "exact: the solvers of the assignment problem, with certificates and referees. iterate: a step of the sign "
        "rule "
        "against reading the batch and against plain loops, by instruction set, threads and arithmetic; then whole "
        "runs, in which most tokens need not be looked at. Each time is the least of several that are taken in turns. "
        "Synthetic instances, ordinary and hard, and router affinities: every batch of the INPUTs, or of the traces in "
        "experiments/data; a stream (more than 8 batches) is one batch of all its tokens. LEMON and CLP take part "
        "where "
        "they were found at configure time. Exit code 1 when objectives, selections or loads differ, 4 when an optimum "
        "is not proven. rules: every balancing rule at several schedules, step sizes and parameters: balance, updates "
        "until "
        "then, objective lost, stability, by default and at its best, and what number formats and bugs do to that; on "
        "a "
        "fixed suite of batches and streams, or on the INPUTs instead; takes about 13 minutes of one processor. train: "
        "a "
        "step of alflab train on one thread and on two, against OpenBLAS doing nothing but its matrix products; INPUTs "
        "are configs then. "
        "ALFLAB_DATA names another folder of traces. --save and --check are the regression gate: cells of experiments, "
        "kept before a change and compared after it as alflab compare does; ALFLAB_CONFIGS names another folder for "
        "its configs gate_*.ini.",
    .run = run,
};
