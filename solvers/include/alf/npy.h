/* The .npy format, versions 1.0 to 3.0: header reader (small, fuzzed) and writer. */
#ifndef ALF_NPY_H
#define ALF_NPY_H

#include <stddef.h>
#include <stdint.h>

#include "alf/affinity.h"
#include "alf/new_file.h"

#define ALF_NPY_MAX_DIMS   3
#define ALF_NPY_MAX_HEADER 65536 /* bytes before the first element, magic included; more is refused */

typedef struct alf_npy_header {
  alf_dtype dtype;                 /* ALF_FLOAT32 ('<f4') or ALF_FLOAT64 ('<f8'); all else is refused */
  int dims;                        /* 1..3 */
  int64_t shape[ALF_NPY_MAX_DIMS]; /* every length >= 1 */
  int64_t data_offset;             /* bytes before the first element */
  int64_t data_bytes;              /* product of the shape times the element size; checked for overflow */
} alf_npy_header;

/* Parses the header at the start of `bytes`. `length` is what the caller read (the first ALF_NPY_MAX_HEADER bytes, or
   all there are) and `file_size` the size of the whole file or archive member, against which the shape is checked: a
   header that promises more, or less, than the file holds is refused before any memory is taken. `name` goes into
   messages. Errors: ALF_EFORMAT naming the field, its value and what was expected. */
alf_status alf_npy_parse(const unsigned char *bytes, size_t length, int64_t file_size, const char *name,
                         alf_npy_header *header, alf_error *err);

/* Writes float64 or float32 values with the given shape to `path` (by a temporary file beside it and a rename, so that
   `path` never holds half an array). Errors: ALF_EINVAL for another dtype or a shape outside 1..3 axes of length >= 1,
   ALF_EIO, ALF_ENOMEM. */
alf_status alf_npy_write(const char *path, alf_dtype dtype, int dims, const int64_t *shape, const void *values,
                         alf_error *err);

/* A float64 array that grows row by row, and appears when it is complete. Zero-initialise. */
typedef struct alf_npy_rows {
  alf_new_file file;
  int64_t count; /* rows so far */
  int32_t width; /* values of a row */
} alf_npy_rows;

/* `path` is kept. Errors: ALF_EIO naming the file, also for a pipe: the number of rows goes to the front in the end;
   ALF_ENOMEM. */
alf_status alf_npy_rows_open(alf_npy_rows *rows, const char *path, int32_t width, alf_error *err);

/* One more row. What cannot be written shows when it is committed. */
void alf_npy_rows_append(alf_npy_rows *rows, const double *row);

/* Puts the file in its place, as rows × width. Errors: ALF_EIO. */
alf_status alf_npy_rows_commit(alf_npy_rows *rows, alf_error *err);

/* Drops what was not committed. Safe on a zeroed struct and after a commit. */
void alf_npy_rows_close(alf_npy_rows *rows);

#endif
