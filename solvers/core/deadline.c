#include "core/deadline.h"

#include <limits.h>
#include <math.h>
#include <time.h>

double alf_now(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

alf_deadline alf_deadline_after(double timeout, bool (*stop)(void))
{
  return (alf_deadline){timeout > 0 ? alf_now() + timeout : (double)INFINITY, stop};
}

int alf_deadline_left_ms(alf_deadline deadline)
{
  if (deadline.stop && deadline.stop())
    return 0;
  double left = 1e3 * (deadline.at - alf_now());
  if (left >= INT_MAX)
    return INT_MAX;
  return left > 0 ? (int)left : 0;
}
