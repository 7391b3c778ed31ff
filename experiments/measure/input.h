/* Batches on their way into a run. */
#ifndef ALF_MEASURE_INPUT_H
#define ALF_MEASURE_INPUT_H

#include "alf/source.h"

/* The next batch as that type, ALF_DYADIC through the dyadic door; `raw` is the batch as it was before, NULL where nobody
   asks: it then need not exist beside the other. Both are zero-initialised before the first call and freed by the caller.
   Errors: those of alf_source_next and of alf_affinity_convert; ALF_EEND leaves the error's text empty, and `batch`
   empty. */
alf_status alf_input_next(alf_source *source, alf_affinity *raw, alf_dtype dtype, alf_affinity *batch, alf_error *err);

/* Seconds of a clock that only goes forward. */
double alf_seconds(void);

#endif
