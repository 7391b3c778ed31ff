#include "crowding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BUCKETS = 65536, SLICES = 8 };

typedef struct scratch {
  int64_t *difference; /* T: γ_ia − γ_ib */
  int64_t *crowded;    /* T: those of them that lie where many do */
  int32_t *bucket;     /* MOST_BUCKETS */
  bool *marked;        /* MOST_BUCKETS */
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

/* How many bits of a difference tell nothing about its bucket: a window is SLICES buckets wide, or fewer where there
   would be more buckets than tokens to fill them. */
static int bucket_shift(int64_t n, int64_t length, int64_t range)
{
  int64_t most_buckets = n + 16 < MOST_BUCKETS ? n + 16 : MOST_BUCKETS;
  int shift = 0;
  while ((INT64_C(2) << shift) <= length / SLICES || 2 * range >> shift >= most_buckets)
    shift++;
  return shift;
}

/* Marks the buckets in which a window with more than q numbers can lie; false when there are none. */
static bool mark_crowds(const scratch *s, int64_t buckets, int64_t span, int64_t q)
{
  int64_t within = 0;
  bool any = false;
  memset(s->marked, 0, (size_t)buckets * sizeof *s->marked);
  for (int64_t b = 0; b < buckets; b++) {
    within += s->bucket[b] - (b >= span ? s->bucket[b - span] : 0);
    for (int64_t j = b - span + 1 < 0 ? 0 : b - span + 1; within > q && j <= b; j++)
      s->marked[j] = true;
    any = any || within > q;
  }
  return any;
}

/* Gathers the differences that a window with more than q of them can hold, without sorting all; returns how many. */
static int64_t gather_crowds(const scratch *s, int64_t n, int64_t length, int64_t range, int64_t q)
{
  int shift = bucket_shift(n, length, range);
  int64_t buckets = (2 * range >> shift) + 1, crowded = 0;
  memset(s->bucket, 0, (size_t)buckets * sizeof *s->bucket);
  for (int64_t i = 0; i < n; i++)
    s->bucket[(s->difference[i] + range) >> shift]++;
  if (!mark_crowds(s, buckets, (length >> shift) + 2, q))
    return 0;
  for (int64_t i = 0; i < n; i++)
    if (s->marked[(s->difference[i] + range) >> shift])
      s->crowded[crowded++] = s->difference[i];
  return crowded;
}

/* 2u on the grid; a window longer than all differences together is as good as 2R. */
static int64_t window_length(const alf_affinity *batch, double u, int64_t range)
{
  double length = 2 * nearbyint(ldexp(u, batch->grid_bits));
  return length < 2 * (double)range ? (int64_t)length : 2 * range;
}

static void measure_pair(const alf_affinity *batch, int64_t range, int32_t a, int32_t b, const scratch *s,
                         alf_crowding *crowding)
{
  int64_t length = window_length(batch, crowding->u, range);
  int64_t n = gather_crowds(s, batch->tokens, length, range, crowding->q);
  if (n <= crowding->q)
    return;
  qsort(s->crowded, (size_t)n, sizeof *s->crowded, compare);
  int64_t q = most_within(s->crowded, n, length);
  if (q > crowding->q)
    *crowding = (alf_crowding){crowding->u, q, a, b};
}

alf_status alf_measure_crowding(const alf_affinity *batch, int64_t range, alf_crowding *crowding, int count,
                                bool (*stop)(void), alf_error *err)
{
  size_t bytes = (size_t)batch->tokens * sizeof(int64_t);
  scratch s = {malloc(bytes), malloc(bytes), malloc(MOST_BUCKETS * sizeof *s.bucket),
               malloc(MOST_BUCKETS * sizeof *s.marked)};
  bool complete = s.difference && s.crowded && s.bucket && s.marked;
  bool stopped = false;
  for (int32_t a = 0; complete && !stopped && a < batch->experts; a++) {
    stopped = stop && stop();
    for (int32_t b = a + 1; b < batch->experts; b++) {
      for (int64_t i = 0; i < batch->tokens; i++)
        s.difference[i] = alf_affinity_row(batch, i)[a] - alf_affinity_row(batch, i)[b];
      for (int c = 0; c < count; c++)
        measure_pair(batch, range, a, b, &s, &crowding[c]);
    }
  }
  free(s.difference);
  free(s.crowded);
  free(s.bucket);
  free(s.marked);
  if (stopped)
    return alf_fail(err, ALF_EINTERRUPTED, "interrupted");
  return complete ? ALF_OK : alf_fail_memory(err, bytes);
}
