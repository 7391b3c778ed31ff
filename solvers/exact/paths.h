/* Shortest paths and cycle means on the dense exchange graph, in integers. */
#ifndef ALF_EXACT_PATHS_H
#define ALF_EXACT_PATHS_H

#include "alf/face.h"
#include "core/deadline.h"

/* A missing arc is one of this length: longer than any path of others, so that loops need not ask. Arcs and paths of at
   least half of it are missing. Costs stay below 2^42, so that paths of 4097 nodes do below 2^55. */
#define ALF_PATH_NONE (INT64_C(1) << 60)

static inline bool alf_path_exists(int64_t length)
{
  return length < ALF_PATH_NONE / 2;
}

/* Replaces arcs (nodes×nodes, row-major, 0 on the diagonal) by the lengths of shortest paths (Floyd and Warshall).
   Arcs may be negative; with a negative cycle it ends early, *on_cycle a node whose diagonal is negative, else -1.
   Errors: ALF_ETIMEOUT. */
alf_status alf_shortest_paths(int64_t *length, int32_t nodes, alf_deadline deadline, int32_t *on_cycle, alf_error *err);

/* The smallest mean of all cycles (Karp 1978); *mean has length 0 when there is none. Loops on the diagonal are to be
   ALF_PATH_NONE. Errors: ALF_ENOMEM, ALF_ETIMEOUT, ALF_ERANGE when walks may leave 64 bits. */
alf_status alf_smallest_cycle_mean(const int64_t *arc, int32_t nodes, alf_deadline deadline, alf_slack *mean,
                                   alf_error *err);

#endif
