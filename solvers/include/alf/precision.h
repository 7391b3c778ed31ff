/* The number formats that training programs keep biases and counts in, and rounding to them. */
#ifndef ALF_PRECISION_H
#define ALF_PRECISION_H

#include <stdbool.h>
#include <stdint.h>

typedef enum alf_precision {
  ALF_PRECISION_EXACT, /* whatever the run has: no rounding beyond its own */
  ALF_PRECISION_FLOAT32,
  ALF_PRECISION_BFLOAT16,
  ALF_PRECISION_FLOAT16
} alf_precision;

/* "exact", "float32", "bfloat16", "float16"; null-terminated, so that it serves as the choices of a parameter. */
extern const char *const alf_precision_names[];

/* The nearest number of the format, ties to even, as IEEE 754 has it, subnormal ones too; beyond the largest one an
   infinity. Never −0 for a finite value. */
double alf_round_real(alf_precision precision, double value);

/* The same for a whole number of units of 2^-grid_bits, below 2^62 in size, without a detour over double; the result is
   a whole number of units, too. False when it is infinite: *units is then left as it is. */
bool alf_round_units(alf_precision precision, int32_t grid_bits, int64_t *units);

#endif
