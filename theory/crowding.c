#include "crowding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BUCKETS 65536

typedef struct scratch {
  int64_t *difference; /* T: γ_ia − γ_ib */
  int32_t *bucket;     /* MOST_BUCKETS */
  bool sorted;         /* difference is ascending already */
} scratch;

static int compare(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* The most of n ascending numbers that fit in a closed interval of the given length. */
static int64_t most_within(const int64_t *sorted, int64_t n, int64_t length)
{
  int64_t most = 0;
  for (int64_t first = 0, last = 0; last < n; last++) {
    while (sorted[last] - sorted[first] > length)
      first++;
    most = last - first + 1 > most ? last - first + 1 : most;
  }
  return most;
}

/* At least as much as most_within, without sorting: a closed interval that is no longer than a bucket is wide meets two
   buckets at the most. */
static int64_t upper_bound(const scratch *s, int64_t n, int64_t length, int64_t range)
{
  int64_t most_buckets = 4 * n < MOST_BUCKETS ? 4 * n : MOST_BUCKETS; /* more than tokens to fill them cost time only */
  int shift = 0;
  while ((INT64_C(1) << shift) <= length || 2 * range >> shift >= most_buckets - 1)
    shift++;
  int64_t buckets = (2 * range >> shift) + 1, most = 0;
  memset(s->bucket, 0, ((size_t)buckets + 1) * sizeof *s->bucket);
  for (int64_t i = 0; i < n; i++)
    s->bucket[(s->difference[i] + range) >> shift]++;
  for (int64_t b = 0; b < buckets; b++)
    most = s->bucket[b] + s->bucket[b + 1] > most ? s->bucket[b] + s->bucket[b + 1] : most;
  return most;
}

/* 2u on the grid; a window longer than all differences together is as good as 2R. */
static int64_t window_length(const alf_affinity *batch, double u, int64_t range)
{
  double length = 2 * nearbyint(ldexp(u, batch->grid_bits));
  return length < 2 * (double)range ? (int64_t)length : 2 * range;
}

static void measure_pair(const alf_affinity *batch, int64_t range, int32_t a, int32_t b, scratch *s,
                         alf_crowding *crowding)
{
  int64_t length = window_length(batch, crowding->u, range);
  if (upper_bound(s, batch->tokens, length, range) <= crowding->q)
    return;
  if (!s->sorted)
    qsort(s->difference, (size_t)batch->tokens, sizeof *s->difference, compare);
  s->sorted = true;
  int64_t q = most_within(s->difference, batch->tokens, length);
  if (q > crowding->q)
    *crowding = (alf_crowding){crowding->u, q, a, b};
}

alf_status alf_measure_crowding(const alf_affinity *batch, int64_t range, alf_crowding *crowding, int count,
                                bool (*stop)(void), alf_error *err)
{
  size_t bytes = (size_t)batch->tokens * sizeof(int64_t);
  scratch s = {malloc(bytes), malloc(MOST_BUCKETS * sizeof *s.bucket), false};
  bool complete = s.difference && s.bucket;
  bool stopped = false;
  for (int32_t a = 0; complete && !stopped && a < batch->experts; a++) {
    stopped = stop && stop();
    for (int32_t b = a + 1; b < batch->experts; b++) {
      for (int64_t i = 0; i < batch->tokens; i++)
        s.difference[i] = alf_affinity_row(batch, i)[a] - alf_affinity_row(batch, i)[b];
      s.sorted = false;
      for (int c = 0; c < count; c++)
        measure_pair(batch, range, a, b, &s, &crowding[c]);
    }
  }
  free(s.difference);
  free(s.bucket);
  if (stopped)
    return alf_fail(err, ALF_EINTERRUPTED, "interrupted");
  return complete ? ALF_OK : alf_fail_memory(err, bytes);
}
