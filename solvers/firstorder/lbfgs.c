#include "firstorder/lbfgs.h"

#include <math.h>
#include <stdlib.h>

static const double least_cosine = 1e-10; /* of step and change */

alf_status alf_lbfgs_alloc(alf_lbfgs *memory, int32_t count, alf_error *err)
{
  size_t bytes = ALF_LBFGS_PAIRS * (size_t)count * sizeof *memory->step;
  *memory = (alf_lbfgs){.count = count};
  memory->step = malloc(bytes);
  memory->change = malloc(bytes);
  return memory->step && memory->change ? ALF_OK : alf_fail_memory(err, 2 * bytes);
}

void alf_lbfgs_free(alf_lbfgs *memory)
{
  free(memory->step);
  free(memory->change);
  *memory = (alf_lbfgs){0};
}

void alf_lbfgs_forget(alf_lbfgs *memory)
{
  memory->held = memory->next = 0;
}

static double dot(const double *a, const double *b, int32_t count)
{
  double sum = 0;
  for (int32_t k = 0; k < count; k++)
    sum += a[k] * b[k];
  return sum;
}

void alf_lbfgs_learn(alf_lbfgs *memory, const double *from, const double *to, const double *gradient_from,
                     const double *gradient_to)
{
  int32_t n = memory->count;
  double *step = memory->step + memory->next * (int64_t)n, *change = memory->change + memory->next * (int64_t)n;
  for (int32_t k = 0; k < n; k++) {
    step[k] = to[k] - from[k];
    change[k] = gradient_to[k] - gradient_from[k];
  }
  double product = dot(step, change, n);
  if (!(product > least_cosine * sqrt(dot(step, step, n) * dot(change, change, n))))
    return;
  memory->product[memory->next] = product;
  memory->next = (memory->next + 1) % ALF_LBFGS_PAIRS;
  memory->held += memory->held < ALF_LBFGS_PAIRS;
}

/* The j-th youngest pair. */
static int32_t pair(const alf_lbfgs *memory, int32_t j)
{
  return (memory->next - 1 - j + 2 * ALF_LBFGS_PAIRS) % ALF_LBFGS_PAIRS;
}

static void add(double *to, double factor, const double *vector, int32_t count)
{
  for (int32_t k = 0; k < count; k++)
    to[k] += factor * vector[k];
}

void alf_lbfgs_direction(const alf_lbfgs *memory, const double *gradient, double scale, double *direction)
{
  int32_t n = memory->count;
  double along[ALF_LBFGS_PAIRS];
  for (int32_t k = 0; k < n; k++)
    direction[k] = -gradient[k];
  for (int32_t j = 0; j < memory->held; j++) {
    int64_t at = pair(memory, j);
    along[j] = dot(memory->step + at * n, direction, n) / memory->product[at];
    add(direction, -along[j], memory->change + at * n, n);
  }
  if (memory->held > 0) {
    const double *change = memory->change + pair(memory, 0) * (int64_t)n;
    scale = memory->product[pair(memory, 0)] / dot(change, change, n);
  }
  for (int32_t k = 0; k < n; k++)
    direction[k] *= scale;
  for (int32_t j = memory->held - 1; j >= 0; j--) {
    int64_t at = pair(memory, j);
    double back = dot(memory->change + at * n, direction, n) / memory->product[at];
    add(direction, along[j] - back, memory->step + at * n, n);
  }
}
