/* The exchange graph of a box: how load can move from one expert to another.

   An arc is a token that has cell `from` and can take cell `to` instead. All arcs from one expert to another lie in one
   heap, as only the cheapest counts; the experts that can be reached from one expert are a list, which is short when
   tokens are few. */
#ifndef ALF_EXACT_BOX_GRAPH_H
#define ALF_EXACT_BOX_GRAPH_H

#include "exact/box.h"

/* A node of a heap. */
typedef struct alf_box_arc {
  int64_t cost; /* affinity of from less that of to; prices come on top */
  int32_t from, to;
  int32_t child, sibling; /* −1: none; a top's sibling means nothing */
} alf_box_arc;

/* From one expert to another: the heap of arcs and what the cheapest one costs. */
typedef struct alf_box_way {
  int64_t cost; /* ALF_BOX_NO_WAY: no arc is left */
  int32_t heap; /* its top; −1: no arc is left */
  int32_t expert;
} alf_box_way;

#define ALF_BOX_NO_WAY (INT64_C(1) << 62)

typedef struct alf_box_graph {
  alf_box *box;
  int32_t experts;
  int32_t denominator;
  int32_t *left;    /* cells: what each can still take, in units of 1/denominator */
  alf_box_arc *arc; /* pool */
  int64_t arcs, room;
  alf_box_way *way; /* E×E: in row a the ways from expert a, in no order */
  int32_t *ways;    /* E: how many there are */
  int16_t *slot;    /* E×E: where the way from a to b is in row a; −1: nowhere */
} alf_box_graph;

alf_status alf_box_graph_alloc(alf_box_graph *graph, alf_box *box, alf_error *err);
void alf_box_graph_free(alf_box_graph *graph);

/* Enters the arcs of a token. Errors: ALF_ENOMEM. */
alf_status alf_box_graph_enter(alf_box_graph *graph, const alf_box_token *token, alf_error *err);

/* Enters the arcs that a token has gained as `amount` moved from its cell `from` to its cell `to`, and drops those that
   it has lost. Errors: ALF_ENOMEM. */
alf_status alf_box_graph_refresh(alf_box_graph *graph, int32_t from, int32_t to, int32_t amount, alf_error *err);

#endif
