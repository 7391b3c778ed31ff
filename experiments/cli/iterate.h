/* The parts of alflab iterate. */
#ifndef ALF_CLI_ITERATE_H
#define ALF_CLI_ITERATE_H

#include "alf/new_file.h"
#include "alf/npy.h"
#include "cli/choice.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "measure/iteration.h"

typedef struct alf_cli_iterate_files {
  alf_new_file csv;
  alf_npy_rows loads, shifts; /* iterates × E */
  double *row;                /* E */
} alf_cli_iterate_files;

typedef struct alf_cli_iterate {
  const alf_cli_options *options;
  double rule_value[ALF_MAX_PARAMETERS], schedule_value[ALF_MAX_PARAMETERS];
  alf_format format;
  alf_cli_cell_text name;
  alf_source *source;
  alf_iteration iteration;
  alf_cli_iterate_files files;
  alf_cli_progress progress;
  bool noted; /* why there is no optimum */
} alf_cli_iterate;

/* Checks the options, opens INPUT, routes its first batch. Errors: those of the library; ALF_EINVAL. */
alf_status alf_cli_iterate_start(alf_cli_iterate *run, const alf_cli_options *options, alf_error *err);

/* All updates, until Ctrl-C; then what is said in the end is known. The first optimum that cannot be had is explained on
   stderr. Errors: those of alf_iteration_run and of the files. */
alf_status alf_cli_iterate_run(alf_cli_iterate *run, alf_error *err);

/* Safe on what alf_cli_iterate_start left behind, whatever it returned. */
void alf_cli_iterate_free(alf_cli_iterate *run);

/* The files that were asked for: opened, given one more iterate, put in their places, dropped. Errors: those of
   alf_new_file_open and alf_new_file_commit, ALF_ENOMEM. */
alf_status alf_cli_iterate_files_open(alf_cli_iterate *run, alf_error *err);
void alf_cli_iterate_files_add(alf_cli_iterate *run);
alf_status alf_cli_iterate_files_commit(alf_cli_iterate *run, alf_error *err);
void alf_cli_iterate_files_free(alf_cli_iterate_files *files);

/* What the run ends with, as text or as JSON. Errors: ALF_ENOMEM. */
alf_status alf_cli_iterate_report(const alf_cli_iterate *run, alf_error *err);

#endif
