/* INPUT arguments, and what a run takes: seconds, bytes. */
#ifndef ALF_CLI_INPUT_H
#define ALF_CLI_INPUT_H

#include "alf/source.h"
#include "cli/options.h"

/* Opens INPUT with the seed of the options and, where the command has --topk, checks it against the experts found.
   The caller closes. */
alf_status alf_cli_open(alf_source **source, const char *input, const alf_cli_options *options, alf_error *err);

/* The next batch through the dyadic door; `raw` is the batch as it was before, NULL where nobody asks: it then need not
   exist beside the other. Both are zero-initialised before the first call and freed by the caller. Errors: those of
   alf_source_next and of alf_affinity_convert; ALF_EEND leaves the error's text empty, and `batch` empty. */
alf_status alf_cli_next(alf_source *source, alf_affinity *raw, alf_dtype dtype, alf_affinity *batch, alf_error *err);

/* Seconds of a clock that only goes forward. */
double alf_cli_seconds(void);

/* The largest resident set of this process so far, or of the largest of its children that have ended: some solvers run
   in those. */
int64_t alf_cli_peak_bytes(void);

#endif
