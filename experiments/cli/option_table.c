#include <stddef.h>

#include "cli/command.h"

#define FIELD(name) offsetof(alf_cli_options, name)
#define FLAG        NULL, ALF_CLI_FLAG, 0, 0, NULL, false

const alf_cli_option alf_cli_option_table[] = {
    {"topk", 'k', "K", ALF_CLI_INTEGER, 1, 4095, NULL, true, ALF_CLI_ON(solve) | ALF_CLI_ON(iterate), FIELD(topk),
     "experts per token, below their number"},
    {"solver", 0, "NAME", ALF_CLI_STRING, 0, 0, "auto", false, ALF_CLI_ON(solve), FIELD(solver),
     "exact solver, see alflab list solvers; auto: the fastest one for any size"},
    {"rounded", 0, FLAG, ALF_CLI_ON(solve), FIELD(rounded),
     "where experts do not divide the slots: whole slots, loads rounded down or up, instead of equal fractional loads"},
    {"timeout", 0, "S", ALF_CLI_REAL, 0, 1e9, "0", false, ALF_CLI_ON(solve), FIELD(timeout),
     "seconds for one batch; 0: no limit"},
    {"rule", 0, "RULE", ALF_CLI_STRING, 0, 0, "sign", false, ALF_CLI_ON(iterate), FIELD(rule),
     "how loads move the shift, see alflab list rules"},
    {"schedule", 0, "NAME", ALF_CLI_STRING, 0, 0, "constant", false, ALF_CLI_ON(iterate), FIELD(schedule),
     "how the step size falls, see alflab list schedules"},
    {"step-size", 'u', "U", ALF_CLI_REAL, 1e-15, 1e15, "0.001", false, ALF_CLI_ON(iterate), FIELD(u),
     "step size before the schedule's factor"},
    {"steps", 'n', "STEPS", ALF_CLI_INTEGER, 1, 1e9, NULL, false, ALF_CLI_ON(iterate), FIELD(steps),
     "updates; default: 1000 on one batch, once through a stream. A longer run reads the stream again"},
    {"csv", 0, "FILE", ALF_CLI_STRING, 0, 0, NULL, false, ALF_CLI_ON(iterate), FIELD(csv),
     "write one line for every iterate"},
    {"float", 0, FLAG, ALF_CLI_ON(iterate), FIELD(float_mode), "double precision instead of exact integers"},
    {"no-optimum", 0, FLAG, ALF_CLI_ON(iterate), FIELD(no_optimum), "do not solve the last batch exactly"},
    {"tokens", 0, "N", ALF_CLI_INTEGER, 1, 1e12, NULL, false, ALF_CLI_ON(trace_cut), FIELD(tokens),
     "the first N tokens of each batch; default: all"},
    {"batches", 0, "A:B", ALF_CLI_STRING, 0, 0, NULL, false, ALF_CLI_ON(trace_cut), FIELD(batches),
     "batches A to B - 1, counted from 0; default: all"},
    {"dtype", 0, "TYPE", ALF_CLI_STRING, 0, 0, "f8", false, ALF_CLI_ON(trace_synth), FIELD(dtype),
     "f4 or f8: single or double precision"},
    {"seed", 0, "N", ALF_CLI_INTEGER, 0, 9e15, "0", false, ALF_CLI_EVERYWHERE, FIELD(seed),
     "seed of the synthetic sources that name none"},
    {"threads", 0, "N", ALF_CLI_INTEGER, 0, 4096, "0", false, ALF_CLI_EVERYWHERE, FIELD(threads),
     "0: all; results do not depend on it"},
    {"json", 0, FLAG, ALF_CLI_EVERYWHERE, FIELD(json), "print one JSON object"},
    {"quiet", 0, FLAG, ALF_CLI_EVERYWHERE, FIELD(quiet), "no notes on stderr, only errors"},
    {"help", 'h', FLAG, ALF_CLI_EVERYWHERE, FIELD(help), "print this help"},
    {"version", 0, FLAG, ALF_CLI_EVERYWHERE, FIELD(version), "print the version"},
    {0},
};
