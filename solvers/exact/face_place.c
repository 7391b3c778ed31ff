#include <stdlib.h>
#include <string.h>

#include "alf/certificate.h"
#include "alf/face.h"

static const int64_t shift_limit = INT64_C(1) << 60;

int64_t alf_face_outside(const alf_face *face, const int64_t *p, int32_t a, int32_t b)
{
  alf_price_interval interval = alf_face_interval(face, a, b);
  int64_t difference = p[b] - p[a];
  if (interval.high != INT64_MAX && difference > interval.high)
    return difference - interval.high;
  if (interval.low != INT64_MIN && difference < interval.low)
    return difference - interval.low;
  return 0;
}

static void compare_pairs(const alf_face *face, const int64_t *p, alf_face_position *position)
{
  for (int32_t a = 0; a < face->experts; a++)
    for (int32_t b = a + 1; b < face->experts; b++) {
      int64_t outside = alf_face_outside(face, p, a, b), distance = outside < 0 ? -outside : outside;
      position->violated += outside != 0;
      if (distance <= position->worst)
        continue;
      position->worst = distance;
      position->expert_a = outside > 0 ? a : b;
      position->expert_b = outside > 0 ? b : a;
    }
}

static int compare(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* With free load, D is smallest along a common shift when as many prices are below 0 as experts get an extra slot:
   there its slope changes sign. */
static void level(const alf_problem *problem, int64_t *price, int64_t *sorted)
{
  int32_t experts = problem->batch->experts;
  int64_t extra = problem->topk * problem->batch->tokens % experts;
  memcpy(sorted, price, (size_t)experts * sizeof *sorted);
  qsort(sorted, (size_t)experts, sizeof *sorted, compare);
  for (int32_t k = 0; k < experts; k++)
    price[k] -= sorted[extra - 1];
}

/* The gap of the certificate with p in place of the prices: code that shares nothing with the intervals. */
static alf_status measure_loss(const alf_face *face, const alf_problem *problem, const alf_solution *solution,
                               const int64_t *p, alf_int128 *loss, alf_error *err)
{
  size_t bytes = (size_t)face->experts * sizeof *p;
  alf_solution moved = *solution;
  alf_certificate certificate = {0};
  int64_t *sorted = malloc(bytes);
  moved.price = malloc(bytes);
  alf_status status = sorted && moved.price ? ALF_OK : alf_fail_memory(err, 2 * bytes);
  if (!status) {
    memcpy(moved.price, p, bytes);
    if (face->nodes > face->experts)
      level(problem, moved.price, sorted);
    status = alf_certify(problem, &moved, &certificate, err);
  }
  *loss = certificate.dual - certificate.primal;
  free(sorted);
  free(moved.price);
  return status;
}

alf_status alf_face_place(const alf_face *face, const alf_problem *problem, const alf_solution *solution,
                          const int64_t *p, alf_face_position *position, alf_error *err)
{
  *position = (alf_face_position){0};
  for (int32_t k = 0; k < face->experts; k++)
    if (p[k] > shift_limit || p[k] < -shift_limit)
      return alf_fail(err, ALF_ERANGE, "shift of expert %d is %lld grid units: expected at most 2^60", (int)k,
                      (long long)p[k]);
  compare_pairs(face, p, position);
  return measure_loss(face, problem, solution, p, &position->loss, err);
}
