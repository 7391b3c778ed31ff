/* Shifts and steps in the arithmetic of a run: memory and rounding. */
#ifndef ALF_ROUTING_SHIFT_H
#define ALF_ROUTING_SHIFT_H

#include "alf/iterate.h"

/* |p| in grid units; leaves room for an affinity below 2^41 units in 64 bits. */
#define ALF_SHIFT_LIMIT 0x1p61

/* A shift with the memory behind it. */
typedef struct alf_shift_buffer {
  int64_t *grid; /* E; NULL in float mode */
  double *real;  /* E */
} alf_shift_buffer;

/* Zeros. False when out of memory; alf_shift_free copes with what is there. */
bool alf_shift_alloc(alf_shift_buffer *buffer, int32_t experts, bool exact);
void alf_shift_free(alf_shift_buffer *buffer);

static inline alf_shift alf_shift_view(const alf_shift_buffer *buffer)
{
  return (alf_shift){buffer->grid, buffer->real};
}

/* Rounds E affinity units to the grid and reads them back; false when one leaves the range. */
bool alf_shift_to_grid(alf_shift_buffer *buffer, int32_t experts, int32_t grid_bits);

/* Rounds `real` to a precision, whatever the mode; false when that makes one infinite. */
bool alf_shift_round(alf_shift_buffer *buffer, int32_t experts, alf_precision precision);

/* What is kept of a shift that was computed exactly, or in double: rounds it to a precision, and to single precision
   where batches are ALF_FLOAT32. Fills `real` from the grid of an exact run. False when one is not finite then. */
bool alf_shift_store(alf_shift_buffer *buffer, int32_t experts, alf_precision precision, alf_dtype dtype,
                     int32_t grid_bits);

#endif
