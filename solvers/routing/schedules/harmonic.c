#include "alf/schedule.h"

static double factor(int64_t n, const double *value)
{
  (void)value;
  return 1.0 / (double)n;
}

const alf_schedule alf_schedule_harmonic = {"1/n", "u/n: logarithmic regret in theory when u >= 1/mu", false, factor};
