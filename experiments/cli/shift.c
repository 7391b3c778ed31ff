#include "cli/shift.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static alf_status select_row(alf_cli_shift *shift, const char *row, int64_t batches, alf_error *err)
{
  uint64_t number = 0;
  alf_error cause = {0};
  shift->row = shift->rows.count == 1 ? 0 : -1;
  if (!row && shift->rows.count > 1 && shift->rows.count != batches)
    return alf_fail(err, ALF_EINVAL, "--against %s: has %lld rows for %lld batches: expected FILE.npy@0..%lld",
                    shift->input, (long long)shift->rows.count, (long long)batches, (long long)shift->rows.count - 1);
  if (row && alf_parse_whole(row, "row", (uint64_t)shift->rows.count - 1, &number, &cause))
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
  alf_status status = alf_cli_rows_read(&shift->rows, path, input, "shift", experts, err);
  if (!status)
    status = select_row(shift, row, batches, err);
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
  const double *value = shift->rows.value + alf_cli_shift_row(shift, batch) * shift->rows.experts;
  *rounding = 0;
  for (int32_t k = 0; k < shift->rows.experts; k++) {
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
  alf_cli_rows_free(&shift->rows);
  *shift = (alf_cli_shift){0};
}
