/* The batches of one run. */
#ifndef ALF_THEORY_REGRET_STREAM_H
#define ALF_THEORY_REGRET_STREAM_H

#include <gsl/gsl_rng.h>

#include "alf/source.h"

/* Zero-initialise. */
typedef struct alf_regret_stream {
  alf_source *source;
  const alf_family *family; /* a stationary one: its batches are made here; else NULL */
  alf_family_call call;
  gsl_rng *rng;
  int64_t first; /* number of the run's first batch */
} alf_regret_stream;

/* Run number `repetition` of `steps` batches. Errors: those of alf_source_open. */
alf_status alf_regret_stream_open(alf_regret_stream *stream, const char *input, uint64_t seed, int64_t repetition,
                                  int64_t steps, alf_error *err);

/* Batch number n of the run, in turn from 0; a file begins again after its last batch. Fills *batch as ALF_FLOAT64. */
alf_status alf_regret_stream_next(alf_regret_stream *stream, int64_t n, alf_affinity *batch, alf_error *err);

void alf_regret_stream_close(alf_regret_stream *stream);

#endif
