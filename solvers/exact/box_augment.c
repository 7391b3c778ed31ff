#include <stdlib.h>
#include <string.h>

#include "core/hot.h"
#include "exact/box.h"
#include "exact/perturb.h"

#define NO_ARC (INT64_C(1) << 62)
#define FAR    (INT64_C(1) << 61) /* farther than prices may move */

/* A way to move load: cell `from` of a token gives up what its cell `to` takes. A node of a heap. */
typedef struct arc {
  int64_t cost; /* affinity of from less that of to; prices come on top */
  int32_t from, to;
  int32_t child, sibling; /* −1: none; a top's sibling means nothing */
} arc;

typedef struct search {
  alf_box *box;
  int32_t experts;
  int32_t denominator;
  int64_t *target; /* E: loads to reach, in units of 1/denominator */
  int64_t *load;   /* E, in the same units */
  arc *arc;        /* pool */
  int32_t arcs, room;
  int32_t *heap;     /* E×E: the cheapest arc from one expert to another; −1: none */
  int64_t *weight;   /* E×E: its cost, or NO_ARC */
  int64_t *distance; /* E */
  int64_t *parent;   /* E; −1: a source */
  int64_t *open;     /* E: the distance of a node that is not finished, else FAR */
  arc *path;         /* E: the arcs of one path */
} search;

static void search_free(search *s)
{
  free(s->target);
  free(s->load);
  free(s->arc);
  free(s->heap);
  free(s->weight);
  free(s->distance);
  free(s->parent);
  free(s->open);
  free(s->path);
}

static alf_status search_alloc(search *s, alf_box *box, alf_error *err)
{
  size_t experts = (size_t)box->problem->batch->experts, pairs = experts * experts;
  *s = (search){.box = box, .experts = (int32_t)experts, .denominator = (int32_t)alf_problem_denominator(box->problem)};
  s->target = malloc(experts * sizeof *s->target);
  s->load = calloc(experts, sizeof *s->load);
  s->heap = malloc(pairs * sizeof *s->heap);
  s->weight = malloc(pairs * sizeof *s->weight);
  s->distance = malloc(experts * sizeof *s->distance);
  s->parent = malloc(experts * sizeof *s->parent);
  s->open = malloc(experts * sizeof *s->open);
  s->path = malloc(experts * sizeof *s->path);
  if (!s->target || !s->load || !s->heap || !s->weight || !s->distance || !s->parent || !s->open || !s->path)
    return alf_fail_memory(err, pairs * 12 + experts * 40);
  for (size_t k = 0; k < experts; k++)
    s->target[k] = alf_problem_load_range(box->problem, (int32_t)k).upper;
  for (size_t pair = 0; pair < pairs; pair++) {
    s->heap[pair] = -1;
    s->weight[pair] = NO_ARC;
  }
  return ALF_OK;
}

/* One pairing heap from two: entering an arc is one comparison. (Fredman, Sedgewick, Sleator and Tarjan 1986) */
static int32_t join(arc *arcs, int32_t a, int32_t b)
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
static int32_t pop(arc *arcs, int32_t top)
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

static bool is_open(const search *s, int64_t from, int64_t to)
{
  return s->box->amount[from] > 0 && s->box->amount[to] < s->denominator;
}

static int64_t pair_of(const search *s, int64_t from, int64_t to)
{
  return (int64_t)s->box->cell[from].expert * s->experts + s->box->cell[to].expert;
}

static alf_status push_arc(search *s, int64_t from, int64_t to, alf_error *err)
{
  if (s->arcs == s->room) {
    int32_t room = s->room < INT32_MAX / 2 - 4096 ? 2 * s->room + 4096 : INT32_MAX;
    arc *arcs = s->room < room ? realloc(s->arc, (size_t)room * sizeof *arcs) : NULL;
    if (!arcs)
      return alf_fail_memory(err, (unsigned long long)room * sizeof *arcs);
    s->arc = arcs;
    s->room = room;
  }
  int64_t pair = pair_of(s, from, to), cost = s->box->cell[from].affinity - s->box->cell[to].affinity;
  s->arc[s->arcs] = (arc){cost, (int32_t)from, (int32_t)to, -1, -1};
  s->heap[pair] = join(s->arc, s->heap[pair], s->arcs++);
  s->weight[pair] = s->arc[s->heap[pair]].cost;
  return ALF_OK;
}

/* Drops arcs that are no longer open from the top of a pair's heap. */
static void clean_pair(search *s, int64_t pair)
{
  int32_t top = s->heap[pair];
  while (top >= 0 && !is_open(s, s->arc[top].from, s->arc[top].to))
    top = pop(s->arc, top);
  s->heap[pair] = top;
  s->weight[pair] = top < 0 ? NO_ARC : s->arc[top].cost;
}

/* Top-K of one token's cells at the prices: K passes, as cells are few. */
static void route_token(search *s, const alf_box_token *token)
{
  alf_box *box = s->box;
  for (int32_t n = 0; n < token->want; n++) {
    int64_t best = -1, highest = 0;
    for (int64_t c = token->first; c < token->first + token->cells; c++) {
      int64_t score = box->cell[c].affinity + box->price[box->cell[c].expert];
      if (box->amount[c] == 0 && (best < 0 || score > highest)) {
        best = c;
        highest = score;
      }
    }
    box->amount[best] = s->denominator;
    s->load[box->cell[best].expert] += s->denominator;
  }
}

/* Routes all tokens of the box and enters every arc. */
static alf_status start(search *s, alf_error *err)
{
  alf_box *box = s->box;
  alf_status status = ALF_OK;
  memset(box->amount, 0, (size_t)box->cells * sizeof *box->amount);
  for (int32_t k = 0; k < s->experts; k++)
    s->load[k] = box->settled[k] * s->denominator;
  for (int64_t r = 0; r < box->tokens && !status; r++) {
    const alf_box_token *token = &box->token[r];
    int64_t end = token->first + token->cells;
    route_token(s, token);
    for (int64_t from = token->first; from < end; from++)
      for (int64_t to = token->first; to < end && box->amount[from] > 0 && !status; to++)
        if (box->amount[to] == 0)
          status = push_arc(s, from, to, err);
  }
  return status;
}

/* Nearest of the unfinished nodes, or −1. */
ALF_HOT static int32_t nearest(const int64_t *open, int32_t experts)
{
  int64_t least = FAR;
  int32_t k = 0;
  for (int32_t b = 0; b < experts; b++)
    least = open[b] < least ? open[b] : least;
  while (k < experts && open[k] != least)
    k++;
  return least < FAR ? k : -1;
}

/* The way over node a, at `here` from the sources, to each of the others. Sums stay below 2^63: prices are below 2^60 and
   distances that count below 2^61. */
ALF_HOT static void relax(const int64_t *weight, const int64_t *price, int32_t experts, int32_t a, int64_t here,
                          int64_t *distance, int64_t *open, int64_t *parent)
{
  for (int32_t b = 0; b < experts; b++) {
    int64_t through = here + price[a] + weight[b] - price[b];
    bool is_nearer = through < distance[b];
    distance[b] = is_nearer ? through : distance[b];
    open[b] = is_nearer ? through : open[b];
    parent[b] = is_nearer ? a : parent[b];
  }
}

/* Dijkstra from all overloaded experts to the nearest underloaded one; −1 when none can be reached. Arcs weigh what a
   token loses at the prices, which is never negative: a finished node is never nearer again. */
static int32_t find_path(search *s)
{
  for (int32_t k = 0; k < s->experts; k++) {
    s->distance[k] = s->open[k] = s->load[k] > s->target[k] ? 0 : FAR;
    s->parent[k] = -1;
  }
  for (int32_t a = nearest(s->open, s->experts); a >= 0; a = nearest(s->open, s->experts)) {
    if (s->load[a] < s->target[a])
      return a;
    s->open[a] = FAR;
    relax(s->weight + (int64_t)a * s->experts, s->box->price, s->experts, a, s->distance[a], s->distance, s->open,
          s->parent);
  }
  return -1;
}

/* False when a price would leave the range. Prices rise by the distance, at most by that of the sink: the path then
   costs nothing, and no arc becomes negative. */
static bool move_prices(search *s, int32_t sink)
{
  int64_t most = s->distance[sink], *price = s->box->price;
  s->box->is_surveyed = false;
  for (int32_t k = 0; k < s->experts; k++) {
    int64_t rise = s->distance[k] < most ? s->distance[k] : most;
    if (rise > ALF_PRICE_LIMIT - price[k])
      return false;
    price[k] += rise;
  }
  return true;
}

static const arc *arc_into(const search *s, int32_t b)
{
  return &s->arc[s->heap[s->parent[b] * s->experts + b]];
}

/* As much as every arc, the source and the sink allow. */
static int32_t path_room(const search *s, int32_t sink)
{
  int64_t room = s->target[sink] - s->load[sink];
  int32_t b = sink;
  for (; s->parent[b] >= 0; b = (int32_t)s->parent[b]) {
    const arc *a = arc_into(s, b);
    int64_t has = s->box->amount[a->from], open = s->denominator - s->box->amount[a->to];
    room = has < room ? has : room;
    room = open < room ? open : room;
  }
  int64_t excess = s->load[b] - s->target[b];
  return (int32_t)(excess < room ? excess : room);
}

/* Enters the arcs that one token has gained with a change of its cells `from` and `to`, and drops those it has lost. */
static alf_status refresh_token(search *s, int64_t from, int64_t to, alf_error *err)
{
  const alf_box_token *token = &s->box->token[s->box->cell[from].row];
  int64_t end = token->first + token->cells;
  alf_status status = ALF_OK;
  for (int64_t c = token->first; c < end && !status; c++) {
    if (c != from && is_open(s, c, from))
      status = push_arc(s, c, from, err);
    if (c != to && c != from && !status && is_open(s, to, c))
      status = push_arc(s, to, c, err);
  }
  for (int64_t c = token->first; c < end; c++)
    for (int64_t d = token->first; d < end; d++)
      if (c != d)
        clean_pair(s, pair_of(s, c, d));
  return status;
}

/* Moves load along the path to the sink. Its arcs are copied first: refreshing one token may take those of another off
   the heaps. */
static alf_status augment(search *s, int32_t sink, alf_error *err)
{
  int32_t room = path_room(s, sink), length = 0, b = sink;
  for (; s->parent[b] >= 0; b = (int32_t)s->parent[b]) {
    s->path[length] = *arc_into(s, b);
    s->box->amount[s->path[length].from] -= room;
    s->box->amount[s->path[length].to] += room;
    length++;
  }
  s->load[sink] += room;
  s->load[b] -= room;
  alf_status status = ALF_OK;
  for (int32_t j = 0; j < length && !status; j++)
    status = refresh_token(s, s->path[j].from, s->path[j].to, err);
  return status;
}

static bool is_overloaded(const search *s)
{
  for (int32_t k = 0; k < s->experts; k++)
    if (s->load[k] > s->target[k])
      return true;
  return false;
}

alf_status alf_box_augment(alf_box *box, alf_box_end *end, int64_t *augmentations, alf_error *err)
{
  search s;
  alf_status status = search_alloc(&s, box, err);
  if (!status)
    status = start(&s, err);
  *end = ALF_BOX_OPTIMAL;
  while (!status && *end == ALF_BOX_OPTIMAL && is_overloaded(&s)) {
    int32_t sink = find_path(&s);
    if (sink < 0) {
      *end = ALF_BOX_NO_PATH;
      break;
    }
    status = move_prices(&s, sink) ? augment(&s, sink, err) : alf_fail(err, ALF_ERANGE, "exchange: a price overflows");
    if (!status && ++*augmentations % 64 == 0)
      status = alf_box_check_deadline(box, err);
    if (!alf_box_holds_prices(box))
      *end = ALF_BOX_LEFT;
  }
  search_free(&s);
  return status;
}
