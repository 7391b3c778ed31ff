/* How an approximate solver nears the certified optimum: one line of CSV for every iterate looked at. */
#ifndef ALF_CLI_RECORD_H
#define ALF_CLI_RECORD_H

#include "alf/new_file.h"
#include "alf/solver.h"

/* Zero-initialise. `optimum` can also be set by a caller that knows it. */
typedef struct alf_cli_record {
  alf_new_file csv;
  int64_t batch; /* written in front of every line */
  double optimum;
} alf_cli_record;

/* Starts the file with its header: batch, seconds, iterations, objective, dual_bound, violation as in alf_progress,
   gap_primal = (OPT − objective)/|OPT| and gap_dual = (dual_bound − OPT)/|OPT|. Errors: those of alf_new_file_open. */
alf_status alf_cli_record_open(alf_cli_record *record, const char *path, alf_error *err);

/* For alf_solve_settings, with the record as context. */
void alf_cli_record_progress(void *record, const alf_progress *progress);

/* The one line of an exact solver: its end. */
void alf_cli_record_exact(alf_cli_record *record, const alf_solution *solution, const alf_certificate *certificate);

/* (value − optimum)/|optimum|; the difference itself when the optimum is 0. */
double alf_cli_relative_gap(double value, double optimum);

#endif
