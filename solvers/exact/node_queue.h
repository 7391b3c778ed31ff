/* A queue of nodes by distance: a binary heap whose nodes can come nearer while they wait. */
#ifndef ALF_EXACT_NODE_QUEUE_H
#define ALF_EXACT_NODE_QUEUE_H

#include <stdint.h>

#include "alf/status.h"

typedef struct alf_node_queue {
  const int64_t *distance; /* not owned */
  int32_t *node;           /* the heap */
  int32_t *place;          /* of each node in it; −1: it is not waiting */
  int32_t count;
} alf_node_queue;

alf_status alf_node_queue_alloc(alf_node_queue *queue, int32_t nodes, const int64_t *distance, alf_error *err);
void alf_node_queue_free(alf_node_queue *queue);

/* The node enters, or moves up as its distance has fallen. */
void alf_node_queue_lower(alf_node_queue *queue, int32_t node);

/* Takes out the nearest; −1 when none is left. Of equals the order is that of the calls, so the same every time. */
int32_t alf_node_queue_take(alf_node_queue *queue);

void alf_node_queue_clear(alf_node_queue *queue);

#endif
