#include <math.h>

#include "alf/schedule.h"

static const alf_parameter parameters[] = {{"ratio", 0.999, 0, 1, 0, "of one step size to that before it"}, {0}};

static double factor(int64_t n, const double *value)
{
  return pow(value[0], (double)(n - 1));
}

const alf_schedule alf_schedule_geometric = {"geometric", "u times ratio^(n-1)", false, factor, parameters};
