#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alf/new_file.h"
#include "alf/npy.h"
#include "data/text.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "arrays are read and written as they lie in memory");

#define PREFIX_LENGTH 10 /* magic, version 1.0, two bytes of length */
#define ALIGNMENT     64 /* of the first element, as numpy does it */

static alf_status shape_bytes(alf_dtype dtype, int dims, const int64_t *shape, const char *name, size_t *bytes,
                              alf_error *err)
{
  if (dtype != ALF_FLOAT32 && dtype != ALF_FLOAT64)
    return alf_fail(err, ALF_EINVAL, "%s: dtype %d: expected ALF_FLOAT32 or ALF_FLOAT64", name, (int)dtype);
  if (dims < 1 || dims > ALF_NPY_MAX_DIMS)
    return alf_fail(err, ALF_EINVAL, "%s: %d axes: expected 1 to %d", name, dims, ALF_NPY_MAX_DIMS);
  int64_t product = dtype == ALF_FLOAT32 ? 4 : 8;
  for (int i = 0; i < dims; i++)
    if (shape[i] < 1 || __builtin_mul_overflow(product, shape[i], &product))
      return alf_fail(err, ALF_EINVAL, "%s: axis %d has length %lld: expected 1 or more, and an array below 2^63 bytes",
                      name, i, (long long)shape[i]);
  *bytes = (size_t)product;
  return ALF_OK;
}

/* Fills prefix, dict, padding and newline; returns their length. */
static size_t format_header(unsigned char *out, size_t size, alf_dtype dtype, int dims, const int64_t *shape)
{
  char axes[3 * 24] = "";
  for (int i = 0; i < dims; i++)
    snprintf(axes + strlen(axes), sizeof axes - strlen(axes), "%s%lld", i > 0 ? ", " : "", (long long)shape[i]);
  char *text = (char *)out + PREFIX_LENGTH;
  int length = snprintf(text, size - PREFIX_LENGTH, "{'descr': '<f%d', 'fortran_order': False, 'shape': (%s%s), }",
                        dtype == ALF_FLOAT32 ? 4 : 8, axes, dims == 1 ? "," : "");
  size_t used = PREFIX_LENGTH + (size_t)length + 1;
  size_t total = (used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  memset(text + length, ' ', total - used);
  out[total - 1] = '\n';
  memcpy(out, "\x93NUMPY\x01\x00", 8);
  out[8] = (unsigned char)((total - PREFIX_LENGTH) & 0xff);
  out[9] = (unsigned char)((total - PREFIX_LENGTH) >> 8);
  return total;
}

alf_status alf_npy_write(const char *path, alf_dtype dtype, int dims, const int64_t *shape, const void *values,
                         alf_error *err)
{
  unsigned char header[256];
  size_t bytes = 0;
  alf_new_file file = {0};
  alf_status status = shape_bytes(dtype, dims, shape, path, &bytes, err);
  if (status == ALF_OK)
    status = alf_new_file_open(&file, path, err);
  if (status == ALF_OK) {
    size_t header_bytes = format_header(header, sizeof header, dtype, dims, shape);
    fwrite(header, 1, header_bytes, file.file);
    fwrite(values, 1, bytes, file.file);
    status = alf_new_file_commit(&file, err); /* notices whatever was not written */
  }
  alf_new_file_close(&file);
  return status;
}

/* Any number of rows leaves the header at the same length: 128 bytes. */
static void write_header(alf_npy_rows *rows)
{
  unsigned char header[256];
  size_t bytes = format_header(header, sizeof header, ALF_FLOAT64, 2, (int64_t[]){rows->count, rows->width});
  fwrite(header, 1, bytes, rows->file.file);
}

alf_status alf_npy_rows_open(alf_npy_rows *rows, const char *path, int32_t width, alf_error *err)
{
  *rows = (alf_npy_rows){.width = width};
  alf_status status = alf_new_file_open(&rows->file, path, err);
  if (status == ALF_OK && fseeko(rows->file.file, 0, SEEK_SET) != 0)
    status = alf_fail(err, ALF_EIO, "%s: cannot write: is a pipe, expected a file", path);
  if (status == ALF_OK)
    write_header(rows);
  else
    alf_npy_rows_close(rows);
  return status;
}

void alf_npy_rows_append(alf_npy_rows *rows, const double *row)
{
  fwrite(row, sizeof *row, (size_t)rows->width, rows->file.file);
  rows->count++;
}

alf_status alf_npy_rows_commit(alf_npy_rows *rows, alf_error *err)
{
  if (fseeko(rows->file.file, 0, SEEK_SET) != 0) /* it writes what is left first */
    return alf_fail(err, ALF_EIO, "%s: cannot write: %s", rows->file.path, strerror(errno));
  write_header(rows);
  return alf_new_file_commit(&rows->file, err);
}

void alf_npy_rows_close(alf_npy_rows *rows)
{
  alf_new_file_close(&rows->file);
  *rows = (alf_npy_rows){0};
}
