#include "cli/rows.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alf/npy.h"

static alf_status check_shape(alf_cli_rows *rows, const alf_npy_header *header, const char *name, int32_t experts,
                              alf_error *err)
{
  if (header->dims > 2)
    return alf_fail(err, ALF_EFORMAT, "%s: shape: found %d axes, expected experts or rows x experts", name,
                    header->dims);
  if (header->shape[header->dims - 1] != experts)
    return alf_fail(err, ALF_EFORMAT, "%s: shape: found %lld experts, expected %d as in the input", name,
                    (long long)header->shape[header->dims - 1], (int)experts);
  rows->count = header->dims == 2 ? header->shape[0] : 1;
  rows->experts = experts;
  return ALF_OK;
}

static alf_status read_values(alf_cli_rows *rows, FILE *file, const alf_npy_header *header, const char *name,
                              const char *what, alf_error *err)
{
  size_t count = (size_t)(rows->count * rows->experts), size = header->dtype == ALF_FLOAT32 ? 4 : 8;
  rows->value = malloc(count * sizeof *rows->value);
  if (!rows->value)
    return alf_fail_memory(err, count * sizeof *rows->value);
  if (fseeko(file, header->data_offset, SEEK_SET) || fread(rows->value, size, count, file) != count)
    return alf_fail(err, ALF_EIO, "%s: %s", name, ferror(file) ? strerror(errno) : "the file has shrunk");
  for (size_t c = count; c-- > 0 && size == 4;) { /* in place, from the end: doubles are wider */
    float narrow;
    memcpy(&narrow, (char *)rows->value + 4 * c, 4);
    rows->value[c] = (double)narrow;
  }
  for (size_t c = 0; c < count; c++)
    if (!isfinite(rows->value[c]))
      return alf_fail(err, ALF_EFORMAT, "%s: row %zu, expert %zu: %s %g, expected a finite number", name,
                      c / (size_t)rows->experts, c % (size_t)rows->experts, what, rows->value[c]);
  return ALF_OK;
}

static alf_status read_file(alf_cli_rows *rows, FILE *file, const char *name, const char *what, int32_t experts,
                            alf_error *err)
{
  unsigned char head[ALF_NPY_MAX_HEADER];
  struct stat about;
  alf_npy_header header;
  if (fstat(fileno(file), &about))
    return alf_fail(err, ALF_EIO, "%s: %s", name, strerror(errno));
  if (!S_ISREG(about.st_mode))
    return alf_fail(err, ALF_EIO, "%s: is not a regular file", name);
  size_t length = fread(head, 1, sizeof head, file);
  if (ferror(file))
    return alf_fail(err, ALF_EIO, "%s: %s", name, strerror(errno));
  alf_status status = alf_npy_parse(head, length, about.st_size, name, &header, err);
  if (!status)
    status = check_shape(rows, &header, name, experts, err);
  return status ? status : read_values(rows, file, &header, name, what, err);
}

alf_status alf_cli_rows_read(alf_cli_rows *rows, const char *path, const char *name, const char *what, int32_t experts,
                             alf_error *err)
{
  FILE *file = fopen(path, "rb");
  if (!file)
    return alf_fail(err, ALF_EIO, "%s: %s", name, strerror(errno));
  alf_status status = read_file(rows, file, name, what, experts, err);
  fclose(file);
  return status;
}

void alf_cli_rows_free(alf_cli_rows *rows)
{
  free(rows->value);
  *rows = (alf_cli_rows){0};
}
