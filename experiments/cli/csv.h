/* A CSV file that appears whole or not at all. */
#ifndef ALF_CLI_CSV_H
#define ALF_CLI_CSV_H

#include <stdio.h>

#include "alf/status.h"

/* Zero-initialise before first use. */
typedef struct alf_cli_csv {
  FILE *file;       /* to print to */
  const char *path; /* as given */
  char *temporary;  /* beside it, until renamed; NULL for a device or a pipe, which is written directly */
} alf_cli_csv;

/* Errors: ALF_EIO naming the file, ALF_ENOMEM. */
alf_status alf_cli_csv_open(alf_cli_csv *csv, const char *path, alf_error *err);

/* Puts the file in its place. Errors: ALF_EIO when anything could not be written. */
alf_status alf_cli_csv_commit(alf_cli_csv *csv, alf_error *err);

/* Drops what was not committed. Safe on a zeroed struct and after a commit. */
void alf_cli_csv_close(alf_cli_csv *csv);

#endif
