#include <stdlib.h>
#include <string.h>

#include "core/grow.h"
#include "core/hot.h"
#include "exact/exchange.h"
#include "exact/exchange_graph.h"
#include "exact/exchange_holders.h"
#include "exact/exchange_turned.h"
#include "exact/paths.h"

/* Whose cost a token offered that no longer does. */
typedef struct arc {
  int32_t a, b;
} arc;

enum { LINE = 8 }; /* affinities in a cache line: those that are read where one is */

typedef struct finish {
  alf_exchange_graph graph;   /* its costs are those of paths: with the arcs of the further token */
  alf_exchange_turned turned; /* holds nothing where few paths of a large batch are left */
  int64_t *cost;              /* nodes×nodes: of tokens alone */
  int64_t *open;              /* E: scratch */
  char *is_spared;            /* E: that token has a slot of these, and can give up any for any other (ALF_ROUNDED) */
  arc *lost;                  /* what the last path has taken away */
  int64_t losses, room;
  int64_t *lack;                 /* E: slots to the target, in units of 1/denominator */
  alf_exchange_holders *holders; /* E */
  alf_exchange_move *path;       /* E: the moves of one path */
  int32_t length;
} finish;

static void finish_free(finish *f)
{
  alf_exchange_free_holders(f->holders, f->graph.solution->experts);
  free(f->cost);
  free(f->open);
  alf_exchange_turned_free(&f->turned);
  free(f->lost);
  free(f->lack);
  free(f->path);
  alf_exchange_graph_free(&f->graph);
}

/* What experts lack; returns by how much loads are too large. */
static int64_t find_lacks(finish *f)
{
  const alf_solution *x = f->graph.solution;
  int64_t excess = 0;
  for (int32_t k = 0; k < x->experts; k++)
    f->lack[k] = alf_problem_load_range(f->graph.problem, k).upper - f->is_spared[k];
  for (int64_t e = 0; e < x->row[x->tokens]; e++)
    f->lack[x->expert[e]] -= x->amount[e];
  for (int32_t k = 0; k < x->experts; k++)
    excess -= f->lack[k] < 0 ? f->lack[k] : 0;
  return excess;
}

/* A large batch only for many paths, and if there is room for it. */
static alf_status turn(finish *f, int64_t excess, alf_error *err)
{
  const alf_exchange_graph *g = &f->graph;
  if (alf_exchange_is_small(g->problem))
    return alf_exchange_turn(g->problem, g->solution, g->team, &f->turned, err);
  if (excess > g->solution->denominator * g->solution->experts)
    alf_exchange_turn(g->problem, g->solution, g->team, &f->turned, NULL);
  return ALF_OK;
}

static alf_status finish_alloc(finish *f, alf_error *err)
{
  size_t experts = (size_t)f->graph.solution->experts;
  alf_status status = alf_exchange_graph_alloc(&f->graph, err);
  size_t arcs = (size_t)f->graph.nodes * (size_t)f->graph.nodes;
  f->cost = malloc(arcs * sizeof *f->cost);
  f->open = malloc(experts * sizeof *f->open);
  f->lack = malloc(experts * sizeof *f->lack);
  f->holders = calloc(experts, sizeof *f->holders);
  f->path = malloc(experts * sizeof *f->path);
  if (!status && (!f->cost || !f->open || !f->lack || !f->holders || !f->path))
    status = alf_fail_memory(err, arcs * sizeof *f->cost + experts * 64);
  return status;
}

/* The free load is not a node here. */
static void leave_out_free_load(finish *f)
{
  int32_t experts = f->graph.solution->experts, nodes = f->graph.nodes;
  for (int32_t a = 0; a < nodes; a++)
    for (int32_t b = 0; b < nodes; b++) {
      int64_t *cost = &f->cost[(int64_t)a * nodes + b];
      *cost = a == experts || b == experts || *cost > ALF_PATH_NONE ? ALF_PATH_NONE : *cost;
    }
}

/* Lists holders, lacks and costs. */
static alf_status start(finish *f, alf_error *err)
{
  const alf_solution *x = f->graph.solution;
  alf_status status = turn(f, find_lacks(f), err);
  if (!status)
    status = alf_exchange_costs_on(f->graph.problem, x, f->graph.team, f->cost, err);
  if (!status)
    status = alf_exchange_list_holders(f->graph.problem, x, f->graph.team, f->holders, err);
  if (status)
    return status;
  leave_out_free_load(f);
  return ALF_OK;
}

/* The cost of the arc, with those of the further token. */
static int64_t cost_now(const finish *f, int32_t a, int32_t b)
{
  int64_t cost = f->cost[(int64_t)a * f->graph.nodes + b];
  return f->is_spared[a] && !f->is_spared[b] && cost > 0 ? 0 : cost;
}

static void set_arcs(finish *f)
{
  alf_exchange_graph *g = &f->graph;
  int32_t experts = g->solution->experts;
  memcpy(g->cost, f->cost, (size_t)g->nodes * (size_t)g->nodes * sizeof *g->cost);
  for (int32_t a = 0; a < experts; a++)
    for (int32_t b = 0; b < experts && f->is_spared[a]; b++)
      g->cost[(int64_t)a * g->nodes + b] = cost_now(f, a, b);
}

/* Distances from the overloaded experts. */
static void search(finish *f)
{
  alf_exchange_graph *g = &f->graph;
  set_arcs(f);
  alf_exchange_graph_restart(g);
  for (int32_t k = 0; k < g->nodes; k++)
    g->distance[k] = k < g->solution->experts && f->lack[k] < 0 ? 0 : ALF_PATH_NONE;
  while (alf_exchange_graph_relax(g))
    continue;
}

/* Whether the path of the last search to the expert is there, and still shortest: distances stay prices of which no arc
   is too short, so a path is as long as they say while its own arcs are. */
static bool has_path(const finish *f, int32_t sink)
{
  const alf_exchange_graph *g = &f->graph;
  if (f->lack[sink] <= 0 || !alf_path_exists(g->distance[sink]))
    return false;
  int32_t b = sink;
  for (; g->parent[b] >= 0; b = (int32_t)g->parent[b])
    if (cost_now(f, (int32_t)g->parent[b], b) != g->cost[g->parent[b] * g->nodes + b])
      return false;
  return f->lack[b] < 0;
}

static alf_exchange_move find_move(const finish *f, int32_t a, int32_t b)
{
  const alf_exchange_holders *h = &f->holders[a];
  int64_t cost = f->graph.cost[(int64_t)a * f->graph.nodes + b];
  alf_exchange_move move = {a, b, -1, 1};
  if (f->is_spared[a] && !f->is_spared[b] && cost == 0)
    return move;
  for (int64_t j = 0;; j++) {
    int64_t i = h->token[j];
    if (f->turned.column && h->affinity[j] - f->turned.column[b * f->graph.solution->tokens + i] != cost)
      continue;
    if (alf_exchange_can_move(&f->graph, i, a, b, &move))
      return move;
  }
}

/* Lists the moves back from the sink; returns what all of them, the source and the sink have room for. */
static int64_t list_moves(finish *f, int32_t sink)
{
  const int64_t *parent = f->graph.parent;
  int64_t room = f->lack[sink];
  int32_t b = sink;
  for (f->length = 0; parent[b] >= 0; b = (int32_t)parent[b]) {
    alf_exchange_move m = find_move(f, (int32_t)parent[b], b);
    room = m.room < room ? m.room : room;
    f->path[f->length++] = m;
  }
  return -f->lack[b] < room ? -f->lack[b] : room;
}

/* If it was this token that offered the arc's cost. */
static alf_status lose(finish *f, int64_t i, int32_t a, int32_t b, alf_error *err)
{
  const int64_t *affinity = alf_affinity_row(f->graph.problem->batch, i);
  if (a == b || f->cost[(int64_t)a * f->graph.nodes + b] != affinity[a] - affinity[b])
    return ALF_OK;
  arc *lost = alf_grow(f->lost, &f->room, f->losses + 1, sizeof *lost);
  if (!lost)
    return alf_fail_memory(err, (unsigned long long)(f->losses + 1) * sizeof *lost);
  f->lost = lost;
  f->lost[f->losses++] = (arc){a, b};
  return ALF_OK;
}

/* A move by `room` has been made: its token no longer offers what it has given up, nor anything for what it now has in
   full. */
static alf_status note_move(finish *f, const alf_exchange_move *m, int64_t room, alf_error *err)
{
  const alf_solution *x = f->graph.solution;
  int64_t has_from = 0, has_to = 0;
  alf_status status = ALF_OK;
  for (int64_t e = x->row[m->token]; e < x->row[m->token + 1]; e++) {
    has_from = x->expert[e] == m->from ? x->amount[e] : has_from;
    has_to = x->expert[e] == m->to ? x->amount[e] : has_to;
  }
  alf_exchange_turned_note(&f->turned, f->graph.problem, x, m->token, m->from, has_from);
  alf_exchange_turned_note(&f->turned, f->graph.problem, x, m->token, m->to, has_to);
  for (int64_t e = x->row[m->token]; e < x->row[m->token + 1] && !status && has_to == x->denominator; e++)
    status = lose(f, m->token, x->expert[e], m->to, err);
  for (int32_t b = 0; b < x->experts && !status && !has_from; b++)
    status = lose(f, m->token, m->from, b, err);
  if (!has_from)
    alf_exchange_release(&f->holders[m->from], m->token);
  if (status || has_to != room)
    return status;
  return alf_exchange_hold(&f->holders[m->to], m->token, alf_affinity_row(f->graph.problem->batch, m->token)[m->to],
                           err);
}

static alf_status move_along(finish *f, int32_t sink, alf_error *err)
{
  int64_t room = list_moves(f, sink);
  int32_t source = f->path[f->length - 1].from;
  alf_status status = ALF_OK;
  for (int32_t j = 0; j < f->length && !status; j++) {
    const alf_exchange_move *m = &f->path[j];
    status = alf_exchange_carry(f->graph.solution, m, room, err);
    if (!status && m->token >= 0)
      status = note_move(f, m, room, err);
    if (m->token < 0) {
      f->is_spared[m->from] = 0;
      f->is_spared[m->to] = 1;
    }
  }
  f->lack[source] += room;
  f->lack[sink] -= room;
  return status;
}

ALF_HOT static int64_t least_difference(const int64_t *affinity, const int32_t *token, int64_t count,
                                        const int64_t *column)
{
  int64_t least = ALF_PATH_NONE;
  for (int64_t j = 0; j < count; j++) {
    int64_t offered = affinity[j] - column[token[j]];
    least = offered < least ? offered : least;
  }
  return least;
}

static void renew_arc(finish *f, arc lost)
{
  const alf_exchange_holders *h = &f->holders[lost.a];
  const int64_t *column = f->turned.column + lost.b * f->graph.solution->tokens;
  int64_t least = least_difference(h->affinity, h->token, h->count, column);
  f->cost[(int64_t)lost.a * f->graph.nodes + lost.b] = least < ALF_PATH_NONE / 2 ? least : ALF_PATH_NONE;
}

static bool is_full(const alf_solution *x, int64_t i, int32_t k)
{
  for (int64_t e = x->row[i]; e < x->row[i + 1]; e++)
    if (x->expert[e] == k)
      return x->amount[e] == x->denominator;
  return false;
}

/* The same without columns. */
static void renew_arc_by_rows(finish *f, arc lost)
{
  const alf_solution *x = f->graph.solution;
  const alf_exchange_holders *h = &f->holders[lost.a];
  int64_t least = ALF_PATH_NONE;
  for (int64_t j = 0; j < h->count; j++) {
    int64_t offered = h->affinity[j] - alf_affinity_row(f->graph.problem->batch, h->token[j])[lost.b];
    if (offered < least && !is_full(x, h->token[j], lost.b))
      least = offered;
  }
  f->cost[(int64_t)lost.a * f->graph.nodes + lost.b] = least;
}

/* All arcs from an expert, by the rows of the batch. */
static void renew_arcs(finish *f, int32_t a)
{
  const alf_exchange_graph *g = &f->graph;
  const alf_exchange_holders *h = &f->holders[a];
  for (int32_t b = 0; b < g->solution->experts; b++)
    f->cost[(int64_t)a * g->nodes + b] = ALF_PATH_NONE;
  for (int64_t j = 0; j < h->count; j++)
    alf_exchange_offer(g->problem, g->solution, h->token[j], a, g->nodes, f->open, f->cost);
}

/* Lost arcs from one expert stand behind each other; returns how many there are from j on. */
static int64_t renew_run(finish *f, int64_t j)
{
  int64_t n = 1;
  while (j + n < f->losses && f->lost[j + n].a == f->lost[j].a)
    n++;
  if (!f->turned.column && n * LINE > f->graph.solution->experts) {
    renew_arcs(f, f->lost[j].a);
    return n;
  }
  for (int64_t i = j; i < j + n; i++)
    if (f->turned.column)
      renew_arc(f, f->lost[i]);
    else
      renew_arc_by_rows(f, f->lost[i]);
  return n;
}

/* Finds lost arcs anew, and enters those that the tokens of the path have gained. */
static void renew_costs(finish *f)
{
  for (int64_t j = 0; j < f->losses;)
    j += renew_run(f, j);
  f->losses = 0;
  for (int32_t j = 0; j < f->length; j++)
    if (f->path[j].token >= 0)
      alf_exchange_offer(f->graph.problem, f->graph.solution, f->path[j].token, -1, f->graph.nodes, f->open, f->cost);
}

static bool is_balanced(const finish *f)
{
  for (int32_t k = 0; k < f->graph.solution->experts; k++)
    if (f->lack[k])
      return false;
  return true;
}

/* One search, and the paths that it has found to underloaded experts. */
static alf_status add_paths(finish *f, alf_deadline deadline, alf_error *err)
{
  int64_t paths = 0;
  search(f);
  for (int32_t sink = 0; sink < f->graph.solution->experts; sink++)
    while (has_path(f, sink)) {
      if (alf_deadline_left_ms(deadline) <= 0)
        return alf_fail(err, ALF_ETIMEOUT, "exchange: time limit reached");
      alf_status status = move_along(f, sink, err);
      if (status)
        return status;
      renew_costs(f);
      paths++;
    }
  f->graph.solution->iterations += paths;
  if (paths == 0)
    return alf_fail(err, ALF_ESOLVER, "exchange: no path although every cell is free");
  return ALF_OK;
}

/* The graph of the primal as it is now, with the free load. */
static void complete_graph(finish *f)
{
  alf_exchange_graph *g = &f->graph;
  int32_t experts = g->solution->experts, nodes = g->nodes;
  for (int32_t a = 0; a < nodes; a++)
    for (int32_t b = 0; b < nodes; b++) {
      int64_t cost = f->cost[(int64_t)a * nodes + b];
      g->cost[(int64_t)a * nodes + b] = a == b || cost > ALF_PATH_NONE ? ALF_PATH_NONE : cost;
    }
  for (int32_t k = 0; k < experts && experts < nodes; k++)
    g->cost[f->is_spared[k] ? (int64_t)k * nodes + experts : (int64_t)experts * nodes + k] = 0;
}

alf_status alf_exchange_finish(const alf_problem *problem, alf_solution *solution, char *is_spared, alf_team *team,
                               alf_deadline deadline, alf_error *err)
{
  finish f = {.graph = {.problem = problem, .solution = solution, .team = team}, .is_spared = is_spared};
  alf_status status = finish_alloc(&f, err);
  if (!status)
    status = start(&f, err);
  while (!status && !is_balanced(&f))
    status = add_paths(&f, deadline, err);
  if (!status) {
    complete_graph(&f);
    status = alf_exchange_settle(&f.graph, err);
  }
  finish_free(&f);
  return status;
}
