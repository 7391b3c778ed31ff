#include "firstorder/lbfgs.h"

#include <math.h>

static const double least_cosine = 1e-10; /* of step and change */

void alf_lbfgs_open(alf_lbfgs *pairs, int32_t count, alf_memory *memory)
{
  size_t entries = ALF_LBFGS_PAIRS * (size_t)count;
  *pairs = (alf_lbfgs){.count = count};
  pairs->step = alf_memory_take(memory, entries, sizeof *pairs->step);
  pairs->change = alf_memory_take(memory, entries, sizeof *pairs->change);
}

void alf_lbfgs_forget(alf_lbfgs *pairs)
{
  pairs->held = pairs->next = 0;
}

static double dot(const double *a, const double *b, int32_t count)
{
  double sum = 0;
  for (int32_t k = 0; k < count; k++)
    sum += a[k] * b[k];
  return sum;
}

void alf_lbfgs_learn(alf_lbfgs *pairs, const double *from, const double *to, const double *gradient_from,
                     const double *gradient_to)
{
  int32_t n = pairs->count;
  double *step = pairs->step + pairs->next * (int64_t)n, *change = pairs->change + pairs->next * (int64_t)n;
  for (int32_t k = 0; k < n; k++) {
    step[k] = to[k] - from[k];
    change[k] = gradient_to[k] - gradient_from[k];
  }
  double product = dot(step, change, n);
  if (!(product > least_cosine * sqrt(dot(step, step, n) * dot(change, change, n))))
    return;
  pairs->product[pairs->next] = product;
  pairs->next = (pairs->next + 1) % ALF_LBFGS_PAIRS;
  pairs->held += pairs->held < ALF_LBFGS_PAIRS;
}

/* The j-th youngest pair. */
static int32_t pair(const alf_lbfgs *pairs, int32_t j)
{
  return (pairs->next - 1 - j + 2 * ALF_LBFGS_PAIRS) % ALF_LBFGS_PAIRS;
}

static void add(double *to, double factor, const double *vector, int32_t count)
{
  for (int32_t k = 0; k < count; k++)
    to[k] += factor * vector[k];
}

void alf_lbfgs_direction(const alf_lbfgs *pairs, const double *gradient, double scale, double *direction)
{
  int32_t n = pairs->count;
  double along[ALF_LBFGS_PAIRS];
  for (int32_t k = 0; k < n; k++)
    direction[k] = -gradient[k];
  for (int32_t j = 0; j < pairs->held; j++) {
    int64_t at = pair(pairs, j);
    along[j] = dot(pairs->step + at * n, direction, n) / pairs->product[at];
    add(direction, -along[j], pairs->change + at * n, n);
  }
  if (pairs->held > 0) {
    const double *change = pairs->change + pair(pairs, 0) * (int64_t)n;
    scale = pairs->product[pair(pairs, 0)] / dot(change, change, n);
  }
  for (int32_t k = 0; k < n; k++)
    direction[k] *= scale;
  for (int32_t j = pairs->held - 1; j >= 0; j--) {
    int64_t at = pair(pairs, j);
    double back = dot(pairs->change + at * n, direction, n) / pairs->product[at];
    add(direction, along[j] - back, pairs->step + at * n, n);
  }
}
