#include "routing/lazy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "routing/route_pass.h"

/* In units of a token's share of routing all: measured at 16384 tokens, 64 experts, K = 8. */
enum {
  SNAPSHOT = 3, /* to measure and sort margins */
  TOUCH = 2,    /* to route one token out of order */
  LONGEST_WAIT = 1023,
};

struct alf_lazy {
  alf_dtype dtype;
  int64_t tokens;
  int32_t experts;
  uint16_t *bucket; /* T, of the snapshot */
  uint32_t *order;  /* T, by bucket, then by index */
  int64_t *end;     /* ALF_ROUTE_BUCKETS: the first place in order behind a bucket */
  int64_t *grid;    /* E: the shift of the snapshot */
  double *real;     /* E */
  double largest;   /* |score| */
  bool taken;
  int64_t front;        /* the longest since the snapshot */
  int64_t steps;        /* since then */
  double spent;         /* on them and on the snapshot */
  double first;         /* what the first of them cost: what a new snapshot would get back to */
  double excess;        /* over that, of all of them */
  int64_t wait, waited; /* routings of all until the next snapshot, and how many there were */
};

alf_status alf_lazy_alloc(alf_lazy **out, const alf_affinity *batch, alf_error *err)
{
  size_t tokens = (size_t)batch->tokens, experts = (size_t)batch->experts;
  alf_lazy *l = calloc(1, sizeof *l);
  *out = l;
  if (l) {
    *l = (alf_lazy){.dtype = batch->dtype, .tokens = batch->tokens, .experts = batch->experts, .wait = 3};
    l->bucket = malloc(tokens * sizeof *l->bucket);
    l->order = malloc(tokens * sizeof *l->order);
    l->end = malloc(ALF_ROUTE_BUCKETS * sizeof *l->end);
    l->grid = malloc(experts * sizeof *l->grid);
    l->real = malloc(experts * sizeof *l->real);
  }
  if (l && l->bucket && l->order && l->end && l->grid && l->real)
    return ALF_OK;
  alf_lazy_free(l);
  *out = NULL;
  return alf_fail_memory(err, tokens * (sizeof *l->bucket + sizeof *l->order));
}

void alf_lazy_free(alf_lazy *l)
{
  if (!l)
    return;
  free(l->bucket);
  free(l->order);
  free(l->end);
  free(l->grid);
  free(l->real);
  free(l);
}

void alf_lazy_forget(alf_lazy *l)
{
  l->taken = false;
}

const uint32_t *alf_lazy_tokens(const alf_lazy *l)
{
  return l->order;
}

/* How far the shifts have moved against each other. */
static double spread_exact(const alf_lazy *l, const int64_t *grid)
{
  int64_t highest = INT64_MIN, lowest = INT64_MAX;
  for (int32_t k = 0; k < l->experts; k++) {
    int64_t moved = grid[k] - l->grid[k];
    highest = moved > highest ? moved : highest;
    lowest = moved < lowest ? moved : lowest;
  }
  return (double)(highest - lowest);
}

/* The same, and what rounding can do: a score is off by at most half a unit in its last place, before and after; of an
   expert with a score beyond four times the largest that counts, by less than what it lies behind. */
static double spread_rounded(const alf_lazy *l, const double *real)
{
  double highest = -INFINITY, lowest = INFINITY;
  for (int32_t k = 0; k < l->experts; k++) {
    double moved = real[k] - l->real[k];
    highest = fmax(highest, moved);
    lowest = fmin(lowest, moved);
  }
  double largest = l->largest + fmax(fabs(highest), fabs(lowest));
  return (highest - lowest) * (1 + 0x1p-50) + largest * (l->dtype == ALF_FLOAT32 ? 0x1p-20 : 0x1p-49);
}

/* A snapshot that was not worth it puts off the next. */
static void end_snapshot(alf_lazy *l)
{
  bool paid = l->spent < (double)l->steps * (double)l->tokens;
  l->wait = paid ? 0 : l->wait * 2 + 1 < LONGEST_WAIT ? l->wait * 2 + 1 : LONGEST_WAIT;
  l->waited = 0;
  l->taken = false;
}

int64_t alf_lazy_front(alf_lazy *l, const int64_t *grid, const double *real, bool *first)
{
  if (!l->taken)
    return -1;
  double spread = l->dtype == ALF_DYADIC ? spread_exact(l, grid) : spread_rounded(l, real);
  int64_t front = l->end[alf_route_bucket((float)spread)];
  l->front = front > l->front ? front : l->front;
  double cost = TOUCH * (double)l->front;
  if (cost >= (double)l->tokens || l->excess > SNAPSHOT * (double)l->tokens) {
    end_snapshot(l);
    return -1;
  }
  l->spent += cost;
  l->first = l->steps == 0 ? cost : l->first;
  l->excess += cost - l->first;
  *first = l->steps++ == 0;
  return l->front;
}

uint16_t *alf_lazy_wants(alf_lazy *l)
{
  return l->waited++ >= l->wait ? l->bucket : NULL;
}

void alf_lazy_take(alf_lazy *l, const int64_t *grid, const double *real, double largest)
{
  memset(l->end, 0, ALF_ROUTE_BUCKETS * sizeof *l->end);
  for (int64_t i = 0; i < l->tokens; i++)
    l->end[l->bucket[i]]++;
  int64_t begin = 0;
  for (int b = 0; b < ALF_ROUTE_BUCKETS; b++) {
    int64_t count = l->end[b];
    l->end[b] = begin;
    begin += count;
  }
  for (int64_t i = 0; i < l->tokens; i++)
    l->order[l->end[l->bucket[i]]++] = (uint32_t)i;
  if (l->dtype == ALF_DYADIC)
    memcpy(l->grid, grid, (size_t)l->experts * sizeof *grid);
  else
    memcpy(l->real, real, (size_t)l->experts * sizeof *real);
  l->largest = largest;
  l->taken = true;
  l->front = 0;
  l->steps = 0;
  l->excess = 0;
  l->spent = SNAPSHOT * (double)l->tokens;
}
