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

double alf_deadline_after(double timeout)
{
  return timeout > 0 ? alf_now() + timeout : (double)INFINITY;
}

int alf_deadline_left_ms(double deadline)
{
  double left = 1e3 * (deadline - alf_now());
  if (left >= INT_MAX)
    return INT_MAX;
  return left > 0 ? (int)left : 0;
}
