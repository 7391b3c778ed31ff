#include "cli/shift.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alf/npy.h"
#include "alf/number.h"

/* Cuts "@ROW" off, which follows the last '@' of a name that does not end in .npy. */
static const char *cut_row(char *path)
{
  char *at = strrchr(path, '@');
  size_t length = strlen(path);
  if (!at || (length >= 4 && !strcmp(path + length - 4, ".npy")))
    return NULL;
  *at = '\0';
  return at + 1;
}

static alf_status check_shape(alf_cli_shift *shift, const alf_npy_header *header, int32_t experts, alf_error *err)
{
  if (header->dims > 2)
    return alf_fail(err, ALF_EFORMAT, "%s: shape: found %d axes, expected experts or rows x experts", shift->input,
                    header->dims);
  if (header->shape[header->dims - 1] != experts)
    return alf_fail(err, ALF_EFORMAT, "%s: shape: found %lld experts, expected %d as in the input", shift->input,
                    (long long)header->shape[header->dims - 1], (int)experts);
  shift->rows = header->dims == 2 ? header->shape[0] : 1;
  shift->experts = experts;
  return ALF_OK;
}

static alf_status read_values(alf_cli_shift *shift, FILE *file, const alf_npy_header *header, alf_error *err)
{
  size_t count = (size_t)(shift->rows * shift->experts), size = header->dtype == ALF_FLOAT32 ? 4 : 8;
  shift->value = malloc(count * sizeof *shift->value);
  if (!shift->value)
    return alf_fail_memory(err, count * sizeof *shift->value);
  if (fseeko(file, header->data_offset, SEEK_SET) || fread(shift->value, size, count, file) != count)
    return alf_fail(err, ALF_EIO, "%s: %s", shift->input, ferror(file) ? strerror(errno) : "the file has shrunk");
  for (size_t c = count; c-- > 0 && size == 4;) { /* in place, from the end: doubles are wider */
    float narrow;
    memcpy(&narrow, (char *)shift->value + 4 * c, 4);
    shift->value[c] = (double)narrow;
  }
  for (size_t c = 0; c < count; c++)
    if (!isfinite(shift->value[c]))
      return alf_fail(err, ALF_EFORMAT, "%s: row %zu, expert %zu: shift %g, expected a finite number", shift->input,
                      c / (size_t)shift->experts, c % (size_t)shift->experts, shift->value[c]);
  return ALF_OK;
}

static alf_status read_file(alf_cli_shift *shift, FILE *file, int32_t experts, alf_error *err)
{
  unsigned char head[ALF_NPY_MAX_HEADER];
  struct stat about;
  alf_npy_header header;
  if (fstat(fileno(file), &about))
    return alf_fail(err, ALF_EIO, "%s: %s", shift->input, strerror(errno));
  if (!S_ISREG(about.st_mode))
    return alf_fail(err, ALF_EIO, "%s: is not a regular file", shift->input);
  size_t length = fread(head, 1, sizeof head, file);
  if (ferror(file))
    return alf_fail(err, ALF_EIO, "%s: %s", shift->input, strerror(errno));
  alf_status status = alf_npy_parse(head, length, about.st_size, shift->input, &header, err);
  if (!status)
    status = check_shape(shift, &header, experts, err);
  return status ? status : read_values(shift, file, &header, err);
}

static alf_status select_row(alf_cli_shift *shift, const char *row, int64_t batches, alf_error *err)
{
  uint64_t number = 0;
  alf_error cause = {0};
  shift->row = shift->rows == 1 ? 0 : -1;
  if (!row && shift->rows > 1 && shift->rows != batches)
    return alf_fail(err, ALF_EINVAL, "--against %s: has %lld rows for %lld batches: expected FILE.npy@0..%lld",
                    shift->input, (long long)shift->rows, (long long)batches, (long long)shift->rows - 1);
  if (row && alf_parse_whole(row, "row", (uint64_t)shift->rows - 1, &number, &cause))
    return alf_fail(err, ALF_EINVAL, "--against %s: %.400s", shift->input, cause.text);
  if (row)
    shift->row = (int64_t)number;
  return ALF_OK;
}

alf_status alf_cli_shift_read(alf_cli_shift *shift, const char *input, int32_t experts, int64_t batches, alf_error *err)
{
  char *path = strdup(input);
  if (!path)
    return alf_fail_memory(err, strlen(input) + 1);
  shift->input = input;
  const char *row = cut_row(path);
  FILE *file = fopen(path, "rb");
  alf_status status =
      file ? read_file(shift, file, experts, err) : alf_fail(err, ALF_EIO, "%s: %s", input, strerror(errno));
  if (!status)
    status = select_row(shift, row, batches, err);
  if (file)
    fclose(file);
  free(path);
  return status;
}

int64_t alf_cli_shift_row(const alf_cli_shift *shift, int64_t batch)
{
  return shift->row < 0 ? batch : shift->row;
}

alf_status alf_cli_shift_to_grid(const alf_cli_shift *shift, int64_t batch, int32_t grid_bits, int64_t *grid,
                                 double *rounding, alf_error *err)
{
  const double *value = shift->value + alf_cli_shift_row(shift, batch) * shift->experts;
  *rounding = 0;
  for (int32_t k = 0; k < shift->experts; k++) {
    double units = nearbyint(ldexp(value[k], grid_bits));
    if (!(fabs(units) <= ldexp(1, 60)))
      return alf_fail(err, ALF_ERANGE, "%s: shift %g of expert %d: expected at most %g", shift->input, value[k], (int)k,
                      ldexp(1, 60 - grid_bits));
    grid[k] = (int64_t)units;
    *rounding = fmax(*rounding, fabs(ldexp(units, -grid_bits) - value[k]));
  }
  return ALF_OK;
}

void alf_cli_shift_free(alf_cli_shift *shift)
{
  free(shift->value);
  *shift = (alf_cli_shift){0};
}
