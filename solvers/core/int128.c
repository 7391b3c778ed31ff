#include "alf/int128.h"

#include <math.h>

double alf_int128_to_double(alf_int128 value, int grid_bits, double divisor)
{
  return ldexp((double)value, -grid_bits) / divisor;
}
