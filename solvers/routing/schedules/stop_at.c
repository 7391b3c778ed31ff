#include "alf/schedule.h"

static const alf_parameter parameters[] = {{"after", 500, 0, 1e12, 1, "updates before the shift is frozen"}, {0}};

/* DeepSeek-V3 (arXiv:2412.19437, section 4.2) ends like this: bias update speed 0.001 for the first 14.3T tokens, 0.0
   for the remaining 500B. */
static double factor(int64_t n, const double *value)
{
  return (double)n <= value[0] ? 1 : 0;
}

const alf_schedule alf_schedule_stop_at = {"stop-at", "u for some updates, then 0: the shift is frozen", false, factor,
                                           parameters};
