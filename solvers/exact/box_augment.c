#include <stdlib.h>
#include <string.h>

#include "exact/box_graph.h"
#include "exact/node_queue.h"
#include "exact/perturb.h"

#define FAR (INT64_C(1) << 61) /* farther than prices may move */

/* Times that searches have passed all experts. */
enum {
  ROUND_WORK = 4, /* until one for many paths pays */
  LOST_WORK = 4,  /* in vain, until another box does */
};

enum { POLL_TOKENS = 1024 }; /* whose arcs are entered between two looks at the deadline */

typedef struct search {
  alf_box *box;
  alf_box_graph graph;
  int64_t *target; /* E: loads to reach, in units of 1/denominator */
  int64_t *load;   /* E, in the same units */
  int64_t *distance;
  int64_t *parent; /* E: index of the way that leads here; −1: the source */
  alf_node_queue queue;
  int32_t *reached; /* E: experts whose distance is not FAR, in the order in which they were found */
  int32_t *passed;  /* E: experts that were left for others, nearest first */
  int32_t reaches, passes;
  alf_box_arc *path; /* E: the arcs of one path */
  int32_t *next;     /* E: the way to be tried next in this round */
  char *is_visited;  /* E: in this round, and not left by a path */
  int64_t work;      /* experts passed by long searches since the last round */
  int64_t lost;      /* experts passed by searches that stopped at the border */
} search;

static void search_free(search *s)
{
  alf_box_graph_free(&s->graph);
  alf_node_queue_free(&s->queue);
  free(s->target);
  free(s->load);
  free(s->distance);
  free(s->parent);
  free(s->reached);
  free(s->passed);
  free(s->path);
  free(s->next);
  free(s->is_visited);
}

static alf_status search_alloc(search *s, alf_box *box, alf_error *err)
{
  size_t experts = (size_t)box->problem->batch->experts;
  *s = (search){.box = box};
  s->target = malloc(experts * sizeof *s->target);
  s->load = malloc(experts * sizeof *s->load);
  s->distance = malloc(experts * sizeof *s->distance);
  s->parent = malloc(experts * sizeof *s->parent);
  s->reached = malloc(experts * sizeof *s->reached);
  s->passed = malloc(experts * sizeof *s->passed);
  s->path = malloc(experts * sizeof *s->path);
  s->next = malloc(experts * sizeof *s->next);
  s->is_visited = malloc(experts);
  if (!s->target || !s->load || !s->distance || !s->parent || !s->reached || !s->passed || !s->path || !s->next ||
      !s->is_visited)
    return alf_fail_memory(err, experts * 72);
  for (size_t k = 0; k < experts; k++) {
    s->target[k] = alf_problem_load_range(box->problem, (int32_t)k).upper;
    s->distance[k] = FAR;
  }
  alf_status status = alf_box_graph_alloc(&s->graph, box, err);
  return status ? status : alf_node_queue_alloc(&s->queue, (int32_t)experts, s->distance, err);
}

/* Top-K of one token's cells at the prices: K passes, as cells are few. */
static void route_token(search *s, const alf_box_token *token)
{
  alf_box *box = s->box;
  int32_t all = token->copies * s->graph.denominator;
  for (int32_t n = 0; n < token->want; n++) {
    int64_t best = -1, highest = 0;
    for (int64_t c = token->first; c < token->first + token->cells; c++) {
      int64_t score = box->cell[c].affinity + box->price[box->cell[c].expert];
      if (box->amount[c] == 0 && (best < 0 || score > highest)) {
        best = c;
        highest = score;
      }
    }
    box->amount[best] = all;
  }
}

static bool has_kept(const alf_box *box)
{
  size_t bytes = (size_t)box->problem->batch->experts * sizeof *box->price;
  return box->kept.tokens && !memcmp(box->kept.price, box->price, bytes);
}

/* Routes all tokens of the box and enters every arc. */
static alf_status start(search *s, alf_error *err)
{
  alf_box *box = s->box;
  alf_status status = ALF_OK;
  int64_t next = has_kept(box) ? 0 : box->kept.tokens;
  memset(box->amount, 0, (size_t)box->cells * sizeof *box->amount);
  for (int32_t k = 0; k < s->graph.experts; k++)
    s->load[k] = box->settled[k] * s->graph.denominator;
  for (int64_t r = 0; r < box->tokens && !status; r++) {
    if (!alf_box_recall(box, &box->token[r], &next))
      route_token(s, &box->token[r]);
    status = alf_box_graph_enter(&s->graph, &box->token[r], err);
    if (!status && r % POLL_TOKENS == 0)
      status = alf_box_check_deadline(box, err);
  }
  for (int64_t c = 0; c < box->cells; c++)
    s->load[box->cell[c].expert] += box->amount[c];
  return status;
}

static void reach(search *s, int32_t b, int64_t distance, int64_t way)
{
  if (s->distance[b] == FAR)
    s->reached[s->reaches++] = b;
  s->distance[b] = distance;
  s->parent[b] = way;
}

static int64_t lacks(const search *s, int32_t k)
{
  return s->target[k] - s->load[k];
}

/* Goes on from expert a to all that are nearer over it and nearer than the best sink so far; returns the best sink.
   Sums stay below 2^63: prices are below 2^60 and distances that count below 2^61. */
static int32_t relax(search *s, int32_t a, int32_t sink)
{
  const int64_t *price = s->box->price;
  int64_t here = s->distance[a] + price[a], first = (int64_t)a * s->graph.experts;
  int64_t limit = sink < 0 ? FAR : s->distance[sink];
  for (int64_t w = first; w < first + s->graph.ways[a]; w++) {
    int32_t b = s->graph.way[w].expert;
    int64_t through = here + s->graph.way[w].cost - price[b];
    if (through >= limit || through >= s->distance[b])
      continue;
    reach(s, b, through, w);
    if (lacks(s, b) > 0) {
      limit = through;
      sink = b;
    } else {
      alf_node_queue_lower(&s->queue, b);
    }
  }
  return sink;
}

/* The same without a sink that ends the search. */
static void relax_all(search *s, int32_t a)
{
  int64_t here = s->distance[a] + s->box->price[a], first = (int64_t)a * s->graph.experts;
  for (int64_t w = first; w < first + s->graph.ways[a]; w++) {
    int32_t b = s->graph.way[w].expert;
    int64_t through = here + s->graph.way[w].cost - s->box->price[b];
    if (through >= s->distance[b])
      continue;
    reach(s, b, through, w);
    alf_node_queue_lower(&s->queue, b);
  }
}

static void forget(search *s)
{
  while (s->reaches)
    s->distance[s->reached[--s->reaches]] = FAR;
  s->passes = 0;
  alf_node_queue_clear(&s->queue);
}

/* Dijkstra from one overloaded expert to the nearest underloaded one; −1 when none can be reached. Arcs weigh what a
   token loses at the prices, which is never negative: a passed expert is never nearer again. */
static int32_t find_path(search *s, int32_t source)
{
  int32_t sink = -1;
  forget(s);
  reach(s, source, 0, -1);
  for (int32_t a = source; a >= 0; a = alf_node_queue_take(&s->queue)) {
    if (sink >= 0 && s->distance[a] >= s->distance[sink])
      break;
    s->passed[s->passes++] = a;
    sink = relax(s, a, sink);
  }
  return sink;
}

/* How far prices can move towards `far` until one of those that fall has `spare` below the lower end of the box. */
static int64_t room_above(const search *s, int64_t far, int64_t spare)
{
  const alf_box *box = s->box;
  for (int32_t j = 0; j < s->passes; j++) {
    int32_t k = s->passed[j];
    int64_t room = s->distance[k] + box->price[k] - (box->centre[k] - box->down[k]) + spare;
    far = room < far ? room : far;
  }
  return far;
}

static int64_t room_in_box(const search *s, int64_t far)
{
  int64_t room = room_above(s, far, 0);
  return room < far ? room_above(s, far, alf_box_spare(s->box)) : far;
}

/* False when a price would leave the range. Prices fall by what an expert is nearer than `far`: no arc becomes negative,
   and when that is the sink's distance the path to it costs nothing. */
static bool move_prices(search *s, int64_t far)
{
  s->box->is_surveyed = false;
  for (int32_t j = 0; j < s->passes && s->distance[s->passed[j]] < far; j++) {
    int64_t fall = far - s->distance[s->passed[j]], *price = &s->box->price[s->passed[j]];
    if (*price - fall < -ALF_PRICE_LIMIT)
      return false;
    *price -= fall;
  }
  return true;
}

static const alf_box_arc *arc_into(const search *s, int32_t b)
{
  return &s->graph.arc[s->graph.way[s->parent[b]].heap];
}

static int32_t before(const search *s, int32_t b)
{
  return (int32_t)(s->parent[b] / s->graph.experts);
}

/* As much as every arc, the source and the sink allow. */
static int32_t path_room(const search *s, int32_t sink)
{
  int64_t room = lacks(s, sink);
  int32_t b = sink;
  for (; s->parent[b] >= 0; b = before(s, b)) {
    const alf_box_arc *a = arc_into(s, b);
    int64_t has = s->box->amount[a->from], open = s->graph.left[a->to];
    room = has < room ? has : room;
    room = open < room ? open : room;
  }
  int64_t excess = -lacks(s, b);
  return (int32_t)(excess < room ? excess : room);
}

/* Moves load along the path to the sink. Its arcs are copied first: refreshing one token may take those of another off
   the heaps. */
static alf_status augment(search *s, int32_t sink, alf_error *err)
{
  int32_t room = path_room(s, sink), length = 0, b = sink;
  for (; s->parent[b] >= 0; b = before(s, b)) {
    s->path[length] = *arc_into(s, b);
    s->box->amount[s->path[length].from] -= room;
    s->box->amount[s->path[length].to] += room;
    s->graph.left[s->path[length].from] += room;
    s->graph.left[s->path[length].to] -= room;
    length++;
  }
  s->load[sink] += room;
  s->load[b] -= room;
  alf_status status = ALF_OK;
  for (int32_t j = 0; j < length && !status; j++)
    status = alf_box_graph_refresh(&s->graph, s->path[j].from, s->path[j].to, room, err);
  return status;
}

/* Dijkstra from all overloaded experts at once; returns how far the farthest underloaded one is, 0 when there is none. */
static int64_t find_all(search *s)
{
  int64_t farthest = 0;
  forget(s);
  for (int32_t k = 0; k < s->graph.experts; k++)
    if (lacks(s, k) < 0) {
      reach(s, k, 0, -1);
      alf_node_queue_lower(&s->queue, k);
    }
  for (int32_t a = alf_node_queue_take(&s->queue); a >= 0; a = alf_node_queue_take(&s->queue)) {
    farthest = lacks(s, a) > 0 ? s->distance[a] : farthest;
    s->passed[s->passes++] = a;
    relax_all(s, a);
  }
  return farthest;
}

/* Depth first from an overloaded expert over ways that cost nothing to an underloaded one; −1 when there is none. What
   once led nowhere is not tried again in this round. */
static int32_t find_free_path(search *s, int32_t source)
{
  int32_t a = source;
  s->parent[source] = -1;
  s->is_visited[source] = 1;
  while (lacks(s, a) <= 0) {
    const alf_box_way *row = s->graph.way + (int64_t)a * s->graph.experts;
    int32_t w = s->next[a], ways = s->graph.ways[a];
    int64_t price = s->box->price[a];
    while (w < ways && (s->is_visited[row[w].expert] || row[w].cost + price != s->box->price[row[w].expert]))
      w++;
    s->next[a] = w;
    if (w < ways) {
      s->parent[row[w].expert] = (int64_t)a * s->graph.experts + w;
      a = row[w].expert;
      s->is_visited[a] = 1;
    } else if (a == source) {
      return -1;
    } else {
      a = before(s, a);
      s->next[a]++;
    }
  }
  for (int32_t b = a; b != source; b = before(s, b))
    s->is_visited[b] = 0;
  return a;
}

/* One search for many paths: prices move as far as the farthest sink and the box allow, and load flows where that costs
   nothing. It pays where a path of its own passes many experts. */
static alf_status unload_many(search *s, int64_t *augmentations, alf_error *err)
{
  size_t experts = (size_t)s->graph.experts;
  if (!move_prices(s, room_in_box(s, find_all(s))))
    return alf_fail(err, ALF_ERANGE, "exchange: a price overflows");
  memset(s->next, 0, experts * sizeof *s->next);
  memset(s->is_visited, 0, experts);
  alf_status status = ALF_OK;
  for (int32_t k = 0; k < s->graph.experts && !status; k++)
    for (int32_t sink = 0; !status && sink >= 0 && lacks(s, k) < 0;) {
      sink = find_free_path(s, k);
      status = sink >= 0 ? augment(s, sink, err) : ALF_OK;
      *augmentations += sink >= 0;
    }
  return status ? status : alf_box_check_deadline(s->box, err);
}

/* Brings one expert's load down to its target, or its price down to the border of the box. Its own search is small
   beside one from all overloaded experts at once: only the prices of experts between it and its sink move. */
static alf_status unload(search *s, int32_t source, alf_box_end *end, int64_t *augmentations, alf_error *err)
{
  alf_status status = ALF_OK;
  while (!status && lacks(s, source) < 0) {
    if (s->work > ROUND_WORK * s->graph.experts) {
      s->work = 0;
      status = unload_many(s, augmentations, err);
      continue;
    }
    int32_t sink = find_path(s, source);
    s->work += s->passes > s->graph.experts / 8 ? s->passes : 0;
    int64_t far = sink < 0 ? FAR : s->distance[sink], room = room_in_box(s, far);
    bool moved = move_prices(s, room);
    if (room < far || !moved) {
      *end = moved ? ALF_BOX_LEFT : ALF_BOX_NO_PATH;
      s->lost += s->passes;
      return moved || sink < 0 ? ALF_OK : alf_fail(err, ALF_ERANGE, "exchange: a price overflows");
    }
    status = augment(s, sink, err);
    if (!status && ++*augmentations % 64 == 0)
      status = alf_box_check_deadline(s->box, err);
  }
  return status;
}

/* When searches pass many experts only to stop, another box is better. */
static bool is_lost(const search *s)
{
  return s->lost > LOST_WORK * s->graph.experts;
}

alf_status alf_box_augment(alf_box *box, alf_box_end *end, int64_t *augmentations, alf_error *err)
{
  search s;
  alf_status status = search_alloc(&s, box, err);
  if (!status)
    status = start(&s, err);
  *end = ALF_BOX_OPTIMAL;
  for (int32_t k = 0; k < box->problem->batch->experts && !status && *end != ALF_BOX_NO_PATH && !is_lost(&s); k++)
    status = unload(&s, k, end, augmentations, err);
  box->excess = 0;
  for (int32_t k = 0; k < box->problem->batch->experts && !status; k++)
    box->excess -= lacks(&s, k) < 0 ? lacks(&s, k) : 0;
  if (!status && *end == ALF_BOX_LEFT)
    status = alf_box_keep(box, err);
  search_free(&s);
  return status;
}
