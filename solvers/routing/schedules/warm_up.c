#include "alf/schedule.h"

static const alf_parameter parameters[] = {{"over", 100, 1, 1e12, 1, "updates until the step size is u"}, {0}};

static double factor(int64_t n, const double *value)
{
  return (double)n < value[0] ? (double)n / value[0] : 1;
}

const alf_schedule alf_schedule_warm_up = {"warm-up", "u n / over up to update number over, then u", false, factor,
                                           parameters};
