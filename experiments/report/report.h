/* A page of HTML about everything in a store: what was run, the verdicts on claims, figures, tables. */
#ifndef ALF_REPORT_H
#define ALF_REPORT_H

#include "run/results.h"

/* What is told of a page that was written. */
typedef struct alf_report_result {
  int64_t experiments, cells, done; /* cells: summed over the experiments */
  int64_t figures, refuted;         /* verdicts */
  bool gnuplot;                     /* without it there are no figures, and the page says so */
} alf_report_result;

/* Writes one file that refers to nothing outside of itself; it appears whole or not at all. Bytes depend on the results
   in the store alone, and those of figures on gnuplot's version. `stop` may be NULL; true ends it before the next panel of
   a figure. Errors: those of the store; ALF_EEND when it has no experiment; ALF_EIO for the file; ALF_EPROGRAM when
   gnuplot fails; ALF_EINTERRUPTED; ALF_ENOMEM. */
alf_status alf_report_write(const alf_store *store, const char *path, bool (*stop)(void), alf_report_result *result,
                            alf_error *err);

#endif
