#include "routing/shift.h"

#include <math.h>
#include <stdlib.h>

bool alf_shift_alloc(alf_shift_buffer *buffer, int32_t experts, bool exact)
{
  buffer->real = calloc((size_t)experts, sizeof *buffer->real);
  buffer->grid = exact ? calloc((size_t)experts, sizeof *buffer->grid) : NULL;
  return buffer->real && (buffer->grid || !exact);
}

void alf_shift_free(alf_shift_buffer *buffer)
{
  free(buffer->grid);
  free(buffer->real);
}

bool alf_shift_to_grid(alf_shift_buffer *buffer, int32_t experts, int32_t grid_bits)
{
  for (int32_t k = 0; k < experts; k++) {
    double units = nearbyint(ldexp(buffer->real[k], grid_bits));
    if (!(fabs(units) < ALF_SHIFT_LIMIT))
      return false;
    buffer->grid[k] = (int64_t)units;
    buffer->real[k] = ldexp((double)buffer->grid[k], -grid_bits); /* never −0 */
  }
  return true;
}

bool alf_shift_round(alf_shift_buffer *buffer, int32_t experts, alf_precision precision)
{
  for (int32_t k = 0; precision && k < experts; k++) {
    double rounded = alf_round_real(precision, buffer->real[k]);
    if (isinf(rounded) && isfinite(buffer->real[k]))
      return false;
    buffer->real[k] = rounded;
  }
  return true;
}

bool alf_shift_store(alf_shift_buffer *buffer, int32_t experts, alf_precision precision, alf_dtype dtype,
                     int32_t grid_bits)
{
  for (int32_t k = 0; k < experts; k++) {
    if (dtype != ALF_DYADIC)
      buffer->real[k] = alf_round_real(precision, buffer->real[k]);
    else if (alf_round_units(precision, grid_bits, &buffer->grid[k]))
      buffer->real[k] = ldexp((double)buffer->grid[k], -grid_bits);
    else
      return false;
    if (dtype == ALF_FLOAT32)
      buffer->real[k] = (double)(float)buffer->real[k];
    if (!isfinite(buffer->real[k]))
      return false;
  }
  return true;
}
