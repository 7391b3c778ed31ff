#include <math.h>

#include "alf/schedule.h"

static double factor(int64_t n, const double *value)
{
  (void)value;
  return 1.0 / sqrt((double)n);
}

const alf_schedule alf_schedule_inverse_sqrt = {"1/sqrt(n)", "u/sqrt(n)", false, factor};
