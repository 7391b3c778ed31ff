#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static bool write_file(const char *path, const unsigned char *header, size_t header_bytes, const void *values,
                       size_t bytes)
{
  FILE *file = fopen(path, "wb");
  if (!file)
    return false;
  bool written = fwrite(header, 1, header_bytes, file) == header_bytes && fwrite(values, 1, bytes, file) == bytes;
  int cause = errno;
  bool closed = fclose(file) == 0;
  if (!written)
    errno = cause;
  return written && closed;
}

/* Writes through `temporary`, which is gone afterwards whatever happens. */
static alf_status write_renamed(const char *path, const char *temporary, const char *name, const unsigned char *header,
                                size_t header_bytes, const void *values, size_t bytes, alf_error *err)
{
  if (write_file(temporary, header, header_bytes, values, bytes) && rename(temporary, path) == 0)
    return ALF_OK;
  alf_status status = alf_fail(err, ALF_EIO, "%s: cannot write: %s", name, strerror(errno));
  remove(temporary);
  return status;
}

alf_status alf_npy_write(const char *path, alf_dtype dtype, int dims, const int64_t *shape, const void *values,
                         alf_error *err)
{
  unsigned char header[256];
  size_t bytes = 0, temporary_size = strlen(path) + 32;
  char *name = alf_message_copy(path);
  char *temporary = malloc(temporary_size);
  alf_status status = name && temporary ? shape_bytes(dtype, dims, shape, name, &bytes, err)
                                        : alf_fail_memory(err, (unsigned long long)temporary_size);
  if (status == ALF_OK) {
    snprintf(temporary, temporary_size, "%s.%ld.tmp", path, (long)getpid());
    size_t header_bytes = format_header(header, sizeof header, dtype, dims, shape);
    status = write_renamed(path, temporary, name, header, header_bytes, values, bytes, err);
  }
  free(temporary);
  free(name);
  return status;
}
