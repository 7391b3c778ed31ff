#include "run/paired.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

/* Differences without zeros, by size. */
typedef struct ranks {
  int64_t count;
  double *sorted; /* by absolute value */
  int64_t *twice; /* ranks times two, so that means of tied ranks are whole */
  int64_t up;     /* twice the sum of the ranks of positive differences */
  double ties;    /* Σ t³ − t over groups of t equal ones */
} ranks;

static int compare_sizes(const void *a, const void *b)
{
  double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
  return (x > y) - (x < y);
}

/* The group of equal sizes from `first` on shares the mean of its ranks. Returns where the next one begins. */
static int64_t rank_group(ranks *r, int64_t first)
{
  int64_t end = first + 1;
  while (end < r->count && fabs(r->sorted[end]) == fabs(r->sorted[first]))
    end++;
  for (int64_t i = first; i < end; i++) {
    r->twice[i] = first + 1 + end;
    r->up += r->sorted[i] > 0 ? r->twice[i] : 0;
  }
  double t = (double)(end - first);
  r->ties += t * t * t - t;
  return end;
}

static alf_status find_ranks(ranks *r, const double *difference, int64_t count, alf_error *err)
{
  size_t room = (size_t)count + 1;
  r->sorted = calloc(room, sizeof *r->sorted);
  r->twice = calloc(room, sizeof *r->twice);
  if (!r->sorted || !r->twice)
    return alf_fail_memory(err, room * sizeof *r->sorted);
  for (int64_t i = 0; i < count; i++)
    if (difference[i] != 0)
      r->sorted[r->count++] = difference[i];
  qsort(r->sorted, (size_t)r->count, sizeof *r->sorted, compare_sizes);
  for (int64_t i = 0; i < r->count;)
    i = rank_group(r, i);
  return ALF_OK;
}

/* The distribution of `up` when signs are tossed, rank by rank: chance[s] of the sum s. */
static alf_status count_out(const ranks *r, double *p, alf_error *err)
{
  int64_t most = r->count * (r->count + 1); /* twice the sum of all ranks */
  double *chance = calloc((size_t)most + 1, sizeof *chance);
  if (!chance)
    return alf_fail_memory(err, (size_t)most * sizeof *chance);
  chance[0] = 1;
  for (int64_t i = 0; i < r->count; i++)
    for (int64_t s = most; s >= 0; s--)
      chance[s] = 0.5 * chance[s] + (s >= r->twice[i] ? 0.5 * chance[s - r->twice[i]] : 0);
  int64_t tail = r->up < most - r->up ? r->up : most - r->up;
  double sum = 0;
  for (int64_t s = 0; s <= tail; s++)
    sum += chance[s];
  *p = fmin(1, 2 * sum);
  free(chance);
  return ALF_OK;
}

/* With half a step for continuity. */
static double approximate(const ranks *r)
{
  double n = (double)r->count, mean = n * (n + 1) / 4;
  double deviation = sqrt((n * (n + 1) * (2 * n + 1) - r->ties / 2) / 24);
  double distance = fabs((double)r->up / 2 - mean) - 0.5;
  return fmin(1, 2 * gsl_cdf_ugaussian_Q(fmax(0, distance) / deviation));
}

alf_status alf_signed_rank_test(const double *difference, int64_t count, double *p, double *lean, alf_error *err)
{
  ranks r = {0};
  *p = 1;
  *lean = 0;
  alf_status status = find_ranks(&r, difference, count, err);
  if (status == ALF_OK && r.count > 0)
    *lean = 2 * (double)r.up / (double)(r.count * (r.count + 1)) - 1;
  if (status == ALF_OK && r.count > ALF_EXACT_PAIRS)
    *p = approximate(&r);
  else if (status == ALF_OK && r.count > 0)
    status = count_out(&r, p, err);
  free(r.sorted);
  free(r.twice);
  return status;
}

double alf_sign_test(int64_t up, int64_t down)
{
  int64_t fewer = up < down ? up : down;
  if (up + down == 0)
    return 1;
  return fmin(1, 2 * gsl_cdf_binomial_P((unsigned)fewer, 0.5, (unsigned)(up + down)));
}

typedef struct ordered {
  double p;
  int64_t place;
} ordered;

static int compare_ordered(const void *a, const void *b)
{
  const ordered *x = a, *y = b;
  return x->p != y->p ? (x->p > y->p) - (x->p < y->p) : (x->place > y->place) - (x->place < y->place);
}

alf_status alf_holm_correct(double *p, int64_t count, alf_error *err)
{
  ordered *list = calloc((size_t)count + 1, sizeof *list);
  double least = 0;
  if (!list)
    return alf_fail_memory(err, (size_t)count * sizeof *list);
  for (int64_t i = 0; i < count; i++)
    list[i] = (ordered){p[i], i};
  qsort(list, (size_t)count, sizeof *list, compare_ordered);
  for (int64_t i = 0; i < count; i++) {
    least = fmax(least, fmin(1, (double)(count - i) * list[i].p));
    p[list[i].place] = least;
  }
  free(list);
  return ALF_OK;
}
