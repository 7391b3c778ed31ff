/* Shift vectors from .npy files. */
#ifndef ALF_CLI_SHIFT_H
#define ALF_CLI_SHIFT_H

#include <stdint.h>

#include "cli/rows.h"

/* Zero-initialise; alf_cli_shift_free copes with any state. */
typedef struct alf_cli_shift {
  const char *input; /* as given; not owned */
  alf_cli_rows rows; /* one shift vector each */
  int64_t row;       /* the one that was named, or −1 */
} alf_cli_shift;

/* Reads "FILE.npy" or "FILE.npy@ROW": float32 or float64, E values or rows × E. A file of several rows without a name
   of one serves an input of as many batches, row by row; `experts` and `batches` are those of the input. Errors:
   ALF_EINVAL for another kind of name or row, ALF_EIO, ALF_EFORMAT, ALF_ENOMEM. */
alf_status alf_cli_shift_read(alf_cli_shift *shift, const char *input, int32_t experts, int64_t batches,
                              alf_error *err);

/* The row that belongs to a batch of the input. */
int64_t alf_cli_shift_row(const alf_cli_shift *shift, int64_t batch);

/* Writes that row in grid units, every value rounded to the nearest; *rounding is the largest error in affinity units.
   Errors: ALF_ERANGE beyond 2^60 units. */
alf_status alf_cli_shift_to_grid(const alf_cli_shift *shift, int64_t batch, int32_t grid_bits, int64_t *grid,
                                 double *rounding, alf_error *err);

void alf_cli_shift_free(alf_cli_shift *shift);

#endif
