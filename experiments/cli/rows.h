/* Rows of numbers, one for each expert, from .npy files. */
#ifndef ALF_CLI_ROWS_H
#define ALF_CLI_ROWS_H

#include <stdint.h>

#include "alf/status.h"

/* Zero-initialise; alf_cli_rows_free copes with any state. */
typedef struct alf_cli_rows {
  int64_t count;
  int32_t experts; /* E */
  double *value;   /* count×E, row-major, finite */
} alf_cli_rows;

/* Reads E values or rows × E, float32 or float64. In messages `name` is the file and `what` one of its values. Errors:
   ALF_EIO, ALF_EFORMAT, ALF_ENOMEM. */
alf_status alf_cli_rows_read(alf_cli_rows *rows, const char *path, const char *name, const char *what, int32_t experts,
                             alf_error *err);

void alf_cli_rows_free(alf_cli_rows *rows);

#endif
