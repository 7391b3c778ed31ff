/* A file that appears whole or not at all: written beside its place, then renamed. */
#ifndef ALF_NEW_FILE_H
#define ALF_NEW_FILE_H

#include <stdio.h>

#include "alf/status.h"

/* Zero-initialise before first use. */
typedef struct alf_new_file {
  FILE *file;       /* to print to */
  const char *path; /* as given */
  char *temporary;  /* beside it, until renamed; NULL for a device or a pipe, which is written directly */
} alf_new_file;

/* Errors: ALF_EIO naming the file, ALF_ENOMEM. */
alf_status alf_new_file_open(alf_new_file *new_file, const char *path, alf_error *err);

/* Puts the file in its place. Errors: ALF_EIO when anything could not be written. */
alf_status alf_new_file_commit(alf_new_file *new_file, alf_error *err);

/* Drops what was not committed. Safe on a zeroed struct and after a commit. */
void alf_new_file_close(alf_new_file *new_file);

#endif
