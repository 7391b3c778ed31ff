#include "exact/box_graph.h"

#include <stdlib.h>
#include <string.h>

#include "core/grow.h"

void alf_box_graph_free(alf_box_graph *graph)
{
  free(graph->arc);
  free(graph->way);
  free(graph->ways);
  free(graph->slot);
  free(graph->left);
}

alf_status alf_box_graph_alloc(alf_box_graph *graph, alf_box *box, alf_error *err)
{
  size_t experts = (size_t)box->problem->batch->experts, pairs = experts * experts;
  *graph = (alf_box_graph){.box = box, .experts = (int32_t)experts};
  graph->denominator = (int32_t)alf_problem_denominator(box->problem);
  graph->way = malloc(pairs * sizeof *graph->way);
  graph->ways = calloc(experts, sizeof *graph->ways);
  graph->slot = malloc(pairs * sizeof *graph->slot);
  graph->left = malloc(((size_t)box->cells + 1) * sizeof *graph->left);
  if (!graph->way || !graph->ways || !graph->slot || !graph->left)
    return alf_fail_memory(err, pairs * (sizeof *graph->way + sizeof *graph->slot) + (size_t)box->cells * 4);
  memset(graph->slot, -1, pairs * sizeof *graph->slot);
  return ALF_OK;
}

/* One pairing heap from two: entering an arc is one comparison. (Fredman, Sedgewick, Sleator and Tarjan 1986) */
static int32_t join(alf_box_arc *arcs, int32_t a, int32_t b)
{
  if (a < 0 || b < 0)
    return a < 0 ? b : a;
  if (arcs[b].cost < arcs[a].cost) {
    int32_t held = a;
    a = b;
    b = held;
  }
  arcs[b].sibling = arcs[a].child;
  arcs[a].child = b;
  return a;
}

/* What remains of a heap without its top: its children joined in pairs, and the pairs from last to first. */
static int32_t pop(alf_box_arc *arcs, int32_t top)
{
  int32_t pairs = -1, next = arcs[top].child, rest = -1;
  while (next >= 0) {
    int32_t a = next, b = arcs[a].sibling;
    next = b < 0 ? -1 : arcs[b].sibling;
    int32_t pair = join(arcs, a, b);
    arcs[pair].sibling = pairs;
    pairs = pair;
  }
  while (pairs >= 0) {
    next = arcs[pairs].sibling;
    rest = join(arcs, rest, pairs);
    pairs = next;
  }
  return rest;
}

static bool is_open(const alf_box_graph *g, int32_t from, int32_t to)
{
  return g->box->amount[from] > 0 && g->left[to] > 0;
}

/* The way between two experts, made where there is none yet. */
static alf_box_way *way_between(alf_box_graph *g, int32_t a, int32_t b)
{
  alf_box_way *row = g->way + (int64_t)a * g->experts;
  int16_t *slot = &g->slot[(int64_t)a * g->experts + b];
  if (*slot < 0) {
    *slot = (int16_t)g->ways[a]++;
    row[*slot] = (alf_box_way){ALF_BOX_NO_WAY, -1, b};
  }
  return &row[*slot];
}

/* Whether the arc can come to cost nothing inside the box. A path over another one ends outside. */
static bool is_useful(const alf_box *box, const alf_box_cell *from, const alf_box_cell *to)
{
  int64_t least = from->affinity + box->centre[from->expert] - box->down[from->expert];
  return least <= to->affinity + box->centre[to->expert] + box->up[to->expert];
}

static alf_status push_arc(alf_box_graph *g, int32_t from, int32_t to, alf_error *err)
{
  const alf_box_cell *a = &g->box->cell[from], *b = &g->box->cell[to];
  if (!is_useful(g->box, a, b))
    return ALF_OK;
  if (g->arcs == g->room) {
    alf_box_arc *arcs = g->arcs < INT32_MAX ? alf_grow(g->arc, &g->room, g->arcs + 1, sizeof *arcs) : NULL;
    if (!arcs)
      return alf_fail_memory(err, ((unsigned long long)g->arcs + 1) * sizeof *arcs);
    g->arc = arcs;
  }
  alf_box_way *way = way_between(g, a->expert, b->expert);
  g->arc[g->arcs] = (alf_box_arc){a->affinity - b->affinity, from, to, -1, -1};
  way->heap = join(g->arc, way->heap, (int32_t)g->arcs++);
  way->cost = g->arc[way->heap].cost;
  return ALF_OK;
}

/* Drops arcs that are no longer open from the top of the heap between two cells' experts. */
static void clean_way(alf_box_graph *g, int32_t from, int32_t to)
{
  int32_t a = g->box->cell[from].expert, b = g->box->cell[to].expert;
  if (g->slot[(int64_t)a * g->experts + b] < 0)
    return;
  alf_box_way *way = way_between(g, a, b);
  while (way->heap >= 0 && !is_open(g, g->arc[way->heap].from, g->arc[way->heap].to))
    way->heap = pop(g->arc, way->heap);
  way->cost = way->heap < 0 ? ALF_BOX_NO_WAY : g->arc[way->heap].cost;
}

alf_status alf_box_graph_enter(alf_box_graph *graph, const alf_box_token *token, alf_error *err)
{
  int32_t first = (int32_t)token->first, end = first + token->cells;
  alf_status status = ALF_OK;
  for (int32_t cell = first; cell < end; cell++)
    graph->left[cell] = token->copies * graph->denominator - graph->box->amount[cell];
  for (int32_t from = first; from < end; from++)
    for (int32_t to = first; to < end && graph->box->amount[from] > 0 && !status; to++)
      if (to != from && is_open(graph, from, to))
        status = push_arc(graph, from, to, err);
  return status;
}

/* `from` can be taken again if it was full, and `to` given up if it was empty; all others' arcs are as they were. */
static alf_status enter_gained(alf_box_graph *g, int32_t from, int32_t to, int32_t amount, int32_t cell, alf_error *err)
{
  bool was_full = g->left[from] <= amount, was_empty = g->box->amount[to] <= amount;
  alf_status status = ALF_OK;
  if (was_full && cell != from && is_open(g, cell, from))
    status = push_arc(g, cell, from, err);
  bool is_entered = was_full && cell == from;
  if (!status && was_empty && !is_entered && cell != to && is_open(g, to, cell))
    status = push_arc(g, to, cell, err);
  return status;
}

alf_status alf_box_graph_refresh(alf_box_graph *graph, int32_t from, int32_t to, int32_t amount, alf_error *err)
{
  const alf_box_token *token = &graph->box->token[graph->box->cell[from].row];
  int32_t first = (int32_t)token->first, end = first + token->cells;
  bool is_empty = graph->box->amount[from] == 0, is_full = graph->left[to] == 0;
  alf_status status = ALF_OK;
  for (int32_t cell = first; cell < end && !status; cell++) {
    status = enter_gained(graph, from, to, amount, cell, err);
    if (is_empty && cell != from)
      clean_way(graph, from, cell);
    if (is_full && cell != to)
      clean_way(graph, cell, to);
  }
  return status;
}
