#include "routing/project.h"

#include <math.h>

/* What cutting to [low, low + width] adds to the sum: it grows with low. */
static double added(const double *shift, int32_t experts, double low, double width)
{
  double sum = 0;
  for (int32_t k = 0; k < experts; k++)
    sum += fmin(fmax(shift[k], low), low + width) - shift[k];
  return sum;
}

/* The mean is taken off; then everything is cut to an interval of that width, which lies so that the sum stays: the
   nearest point, as the interval's place is where the derivative of the squared distance vanishes. */
void alf_project_shift(double *shift, int32_t experts, double width)
{
  double mean = 0, highest = -INFINITY, lowest = INFINITY;
  for (int32_t k = 0; k < experts; k++)
    mean += shift[k] / experts;
  for (int32_t k = 0; k < experts; k++) {
    shift[k] -= mean;
    highest = fmax(highest, shift[k]);
    lowest = fmin(lowest, shift[k]);
  }
  if (highest - lowest <= width)
    return;
  double low = lowest, high = highest - width;
  for (int halvings = 0; halvings < 100 && low < high; halvings++) {
    double middle = low + (high - low) / 2;
    if (added(shift, experts, middle, width) > 0)
      high = middle;
    else
      low = middle;
  }
  for (int32_t k = 0; k < experts; k++)
    shift[k] = fmin(fmax(shift[k], low), low + width);
}
