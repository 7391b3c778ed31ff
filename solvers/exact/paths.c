#include "exact/paths.h"

#include <stdlib.h>

#include "core/hot.h"

static alf_status check_deadline(alf_deadline deadline, alf_error *err)
{
  if (alf_deadline_left_ms(deadline) > 0)
    return ALF_OK;
  return alf_fail(err, ALF_ETIMEOUT, "face: time limit reached");
}

/* length[b] = min(length[b], before + arc[b]) */
static ALF_HOT void extend(int64_t *restrict length, const int64_t *restrict arc, int64_t before, int32_t nodes)
{
  for (int32_t b = 0; b < nodes; b++) {
    int64_t through = before + arc[b];
    length[b] = through < length[b] ? through : length[b];
  }
}

static int32_t find_negative_loop(const int64_t *length, int32_t nodes)
{
  for (int32_t a = 0; a < nodes; a++)
    if (length[(int64_t)a * nodes + a] < 0)
      return a;
  return -1;
}

alf_status alf_shortest_paths(int64_t *length, int32_t nodes, alf_deadline deadline, int32_t *on_cycle, alf_error *err)
{
  alf_status status = ALF_OK;
  *on_cycle = -1;
  for (int32_t k = 0; k < nodes && *on_cycle < 0 && !status; k++) {
    const int64_t *onward = length + (int64_t)k * nodes;
    for (int32_t a = 0; a < nodes; a++)
      if (a != k && alf_path_exists(length[(int64_t)a * nodes + k]))
        extend(length + (int64_t)a * nodes, onward, length[(int64_t)a * nodes + k], nodes);
    *on_cycle = find_negative_loop(length, nodes); /* lengths would double from here on */
    status = check_deadline(deadline, err);
  }
  return status;
}

/* walk[n·nodes + b]: the shortest walk of n arcs that ends in b, from anywhere. */
static alf_status measure_walks(const int64_t *arc, int32_t nodes, int64_t *walk, alf_deadline deadline, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int32_t b = 0; b < nodes; b++)
    walk[b] = 0;
  for (int32_t n = 1; n <= nodes && !status; n++) {
    const int64_t *before = walk + (int64_t)(n - 1) * nodes;
    int64_t *after = walk + (int64_t)n * nodes;
    for (int32_t b = 0; b < nodes; b++)
      after[b] = ALF_PATH_NONE;
    for (int32_t a = 0; a < nodes; a++)
      if (alf_path_exists(before[a]))
        extend(after, arc + (int64_t)a * nodes, before[a], nodes);
    status = check_deadline(deadline, err);
  }
  return status;
}

static bool is_larger(alf_slack x, alf_slack y)
{
  return (alf_int128)x.sum * y.length > (alf_int128)y.sum * x.length;
}

/* The largest mean growth of the walks ending in b, over all starts n < nodes; length 0 when no long walk does. */
static alf_slack largest_growth(const int64_t *walk, int32_t nodes, int32_t b)
{
  alf_slack largest = {0};
  int64_t whole = walk[(int64_t)nodes * nodes + b];
  for (int32_t n = 0; n < nodes && alf_path_exists(whole); n++) {
    int64_t part = walk[(int64_t)n * nodes + b];
    alf_slack growth = {whole - part, nodes - n};
    if (alf_path_exists(part) && (!largest.length || is_larger(growth, largest)))
      largest = growth;
  }
  return largest;
}

/* Whether every walk of `nodes` arcs stays well below ALF_PATH_NONE. */
static bool walks_fit(const int64_t *arc, int32_t nodes)
{
  int64_t limit = ALF_PATH_NONE / 4 / nodes;
  for (int64_t c = 0; c < (int64_t)nodes * nodes; c++)
    if (alf_path_exists(arc[c]) && (arc[c] > limit || arc[c] < -limit))
      return false;
  return true;
}

alf_status alf_smallest_cycle_mean(const int64_t *arc, int32_t nodes, alf_deadline deadline, alf_slack *mean,
                                   alf_error *err)
{
  *mean = (alf_slack){0};
  if (!walks_fit(arc, nodes))
    return alf_fail(err, ALF_ERANGE, "face: a walk along %d exchanges may leave 64 bits", (int)nodes);
  size_t bytes = ((size_t)nodes + 1) * (size_t)nodes * sizeof(int64_t);
  int64_t *walk = malloc(bytes);
  if (!walk)
    return alf_fail_memory(err, bytes);
  alf_status status = measure_walks(arc, nodes, walk, deadline, err);
  for (int32_t b = 0; b < nodes && !status; b++) {
    alf_slack growth = largest_growth(walk, nodes, b);
    if (growth.length && (!mean->length || is_larger(*mean, growth)))
      *mean = growth;
  }
  free(walk);
  return status;
}
