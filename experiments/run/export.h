/* Results as CSV, for gnuplot and for people. */
#ifndef ALF_RUN_EXPORT_H
#define ALF_RUN_EXPORT_H

#include "run/results.h"

/* Writes one row for each cell, in the order of the plan: its settings, repetition, seed and state, then its metrics, in
   the order in which the cells have them. With `times` also metrics that are seconds, and seconds, start and commit of the
   cell and the code, which differ from run to run; without, the bytes depend on the results alone. Reals have 17 digits; what is not known, and what a cell that is
   not done has not, is empty. The file appears whole or not at all. Errors: those of alf_new_file_open, ALF_ENOMEM. */
alf_status alf_export_cells(const alf_results *results, const char *path, bool times, alf_error *err);

/* Writes one row for each step of each cell's series of that name: the settings, repetition, step, and the columns of the
   series. Errors: the same, and those of alf_series_read; ALF_EINVAL when no cell has such a series. */
alf_status alf_export_series(const alf_results *results, const alf_store *store, const char *name, const char *path,
                             bool times, alf_error *err);

#endif
