/* One line of a figure: the mean over repetitions at each x, within the smallest and the largest. */
#ifndef ALF_REPORT_CURVE_H
#define ALF_REPORT_CURVE_H

#include <stdint.h>

#include "alf/status.h"

#define ALF_CURVE_MOST_POINTS 300

typedef struct alf_curve_point {
  double x, y, low, high;
} alf_curve_point;

/* Zero-initialise; alf_curve_free copes with any state. */
typedef struct alf_curve {
  int64_t count, room;
  alf_curve_point *point;
} alf_curve;

/* One more value; one that is not finite is left out. Errors: ALF_ENOMEM. */
alf_status alf_curve_add(alf_curve *curve, double x, double y, alf_error *err);

/* Puts the values in order of x, those of one x together, and neighbours too where there would be more than
   ALF_CURVE_MOST_POINTS: what swings faster than that is seen as a band. */
void alf_curve_settle(alf_curve *curve);

void alf_curve_free(alf_curve *curve);

#endif
