#include <math.h>

#include "alf/schedule.h"

enum { HORIZON, FLOOR };

static const alf_parameter parameters[] = {
    [HORIZON] = {"horizon", 1000, 1, 1e12, 1, "updates from u down to the floor"},
    [FLOOR] = {"floor", 0, 0, 1, 0, "factor from then on"},
    {0}};

/* Half a cosine, Loshchilov and Hutter, arXiv:1608.03983, without restarts: 1 at the first update. */
static double factor(int64_t n, const double *value)
{
  double along = (double)(n - 1) / value[HORIZON], floor = value[FLOOR];
  return along >= 1 ? floor : floor + (1 - floor) * (1 + cos(acos(-1) * along)) / 2;
}

const alf_schedule alf_schedule_cosine = {"cosine", "half a cosine from u down to floor u, then that", false, factor,
                                          parameters};
