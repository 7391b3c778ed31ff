#include "exact/node_queue.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void alf_node_queue_free(alf_node_queue *queue)
{
  free(queue->node);
  free(queue->place);
}

alf_status alf_node_queue_alloc(alf_node_queue *queue, int32_t nodes, const int64_t *distance, alf_error *err)
{
  size_t bytes = (size_t)nodes * sizeof *queue->node;
  *queue = (alf_node_queue){.distance = distance, .node = malloc(bytes), .place = malloc(bytes)};
  if (!queue->node || !queue->place)
    return alf_fail_memory(err, 2 * bytes);
  memset(queue->place, -1, bytes);
  return ALF_OK;
}

static void put(alf_node_queue *queue, int32_t place, int32_t node)
{
  queue->node[place] = node;
  queue->place[node] = place;
}

void alf_node_queue_lower(alf_node_queue *queue, int32_t node)
{
  int32_t place = queue->place[node] < 0 ? queue->count++ : queue->place[node];
  while (place > 0 && queue->distance[queue->node[(place - 1) / 2]] > queue->distance[node]) {
    put(queue, place, queue->node[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  put(queue, place, node);
}

int32_t alf_node_queue_take(alf_node_queue *queue)
{
  if (queue->count == 0)
    return -1;
  const int64_t *distance = queue->distance;
  int32_t nearest = queue->node[0], last = queue->node[--queue->count], place = 0;
  queue->place[nearest] = -1;
  if (queue->count == 0)
    return nearest;
  for (int32_t below = 1; below < queue->count; below = 2 * place + 1) {
    bool right = below + 1 < queue->count && distance[queue->node[below + 1]] < distance[queue->node[below]];
    if (distance[queue->node[below + right]] >= distance[last])
      break;
    put(queue, place, queue->node[below + right]);
    place = below + right;
  }
  put(queue, place, last);
  return nearest;
}

void alf_node_queue_clear(alf_node_queue *queue)
{
  while (queue->count)
    queue->place[queue->node[--queue->count]] = -1;
}
