/* Whole files in memory. */
#ifndef ALF_RUN_FILE_H
#define ALF_RUN_FILE_H

#include <stddef.h>

#include "alf/status.h"

/* A file with a 0 behind its bytes; the caller frees, after an error, too. Errors: ALF_EIO, ALF_ENOMEM. */
alf_status alf_file_read(const char *path, char **text, size_t *length, alf_error *err);

#endif
