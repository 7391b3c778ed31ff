/* alflab bench --save and --check: the regression gate. */
#ifndef ALF_BENCH_GATE_H
#define ALF_BENCH_GATE_H

#include "cli/options.h"

/* Runs the cells of the INPUTs, configs, or of the gate's own, anew, keeps them (--save), and holds them against those of
   an earlier --save (--check). Returns the exit code. Errors: ALF_EINVAL for options that do not go with it; those of
   configs, stores, runner and comparison; ALF_ESOLVER when a cell failed. */
int alf_bench_gate(const alf_cli_options *options, alf_error *err);

#endif
