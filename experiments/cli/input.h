/* INPUT arguments, and what a run takes: seconds, bytes. */
#ifndef ALF_CLI_INPUT_H
#define ALF_CLI_INPUT_H

#include "alf/source.h"
#include "cli/options.h"
#include "measure/input.h"

/* Opens INPUT with the seed of the options and, where the command has --topk, checks it against the experts found.
   The caller closes. */
alf_status alf_cli_open(alf_source **source, const char *input, const alf_cli_options *options, alf_error *err);

/* Seconds of a clock that only goes forward. */
double alf_cli_seconds(void);

/* To be called before anything is read: what is resident now is the program and its libraries. */
void alf_cli_peak_start(void);

/* By how much the largest resident set so far is above that: of this process, or of one of its children that have ended,
   in which some solvers run. */
int64_t alf_cli_peak_bytes(void);

#endif
