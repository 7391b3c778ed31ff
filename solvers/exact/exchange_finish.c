#include <stdlib.h>

#include "core/grow.h"
#include "exact/exchange.h"
#include "exact/exchange_graph.h"
#include "exact/paths.h"

/* The tokens that have something of an expert, in no order. */
typedef struct holders {
  int64_t *token;
  int64_t count, room;
} holders;

/* Whose cost a token offered that no longer does. */
typedef struct arc {
  int32_t a, b;
} arc;

enum { MOST_CELLS = 1 << 22 }; /* of a batch that is turned: 32 MB */

typedef struct finish {
  alf_exchange_graph graph; /* its costs are those of paths: with the arcs of the further token */
  int64_t *column;          /* E×T: affinities, expert by expert; NULL for a batch that is too large for it */
  int64_t *cost;            /* nodes×nodes: of tokens alone */
  int64_t *open;            /* E: scratch */
  char *is_spared;          /* E: that token has a slot of these, and can give up any for any other (ALF_ROUNDED) */
  arc *lost;                /* what the last path has taken away */
  int64_t losses, room;
  int64_t *lack;           /* E: slots to the target, in units of 1/denominator */
  holders *holders;        /* E */
  alf_exchange_move *path; /* E: the moves of one path */
  int32_t length;
} finish;

static void finish_free(finish *f)
{
  for (int32_t k = 0; f->holders && k < f->graph.solution->experts; k++)
    free(f->holders[k].token);
  free(f->holders);
  free(f->cost);
  free(f->open);
  free(f->column);
  free(f->lost);
  free(f->lack);
  free(f->path);
  alf_exchange_graph_free(&f->graph);
}

static alf_status hold(holders *h, int64_t i, alf_error *err)
{
  int64_t *token = alf_grow(h->token, &h->room, h->count + 1, sizeof *token);
  if (!token)
    return alf_fail_memory(err, (unsigned long long)(h->count + 1) * sizeof *token);
  h->token = token;
  h->token[h->count++] = i;
  return ALF_OK;
}

static void release(holders *h, int64_t i)
{
  int64_t j = 0;
  while (h->token[j] != i)
    j++;
  h->token[j] = h->token[--h->count];
}

static alf_status finish_alloc(finish *f, alf_error *err)
{
  const alf_solution *x = f->graph.solution;
  size_t experts = (size_t)x->experts;
  alf_status status = alf_exchange_graph_alloc(&f->graph, err);
  size_t arcs = (size_t)f->graph.nodes * (size_t)f->graph.nodes;
  f->cost = malloc(arcs * sizeof *f->cost);
  f->open = malloc(experts * sizeof *f->open);
  bool turns = x->tokens * x->experts <= MOST_CELLS;
  f->column = turns ? malloc((size_t)(x->tokens * x->experts) * sizeof *f->column) : NULL;
  f->lack = malloc(experts * sizeof *f->lack);
  f->holders = calloc(experts, sizeof *f->holders);
  f->path = malloc(experts * sizeof *f->path);
  if (!status && ((turns && !f->column) || !f->cost || !f->open || !f->lack || !f->holders || !f->path))
    status = alf_fail_memory(err, arcs * sizeof *f->cost + experts * 64);
  return status;
}

static int64_t affinity_at(const finish *f, int64_t i, int32_t k)
{
  const alf_solution *x = f->graph.solution;
  return f->column ? f->column[k * x->tokens + i] : alf_affinity_row(f->graph.problem->batch, i)[k];
}

/* Tokens of an expert lie far apart in the batch, but near in its column. */
static void turn(finish *f)
{
  const alf_solution *x = f->graph.solution;
  for (int64_t i = 0; i < x->tokens && f->column; i++) {
    const int64_t *affinity = alf_affinity_row(f->graph.problem->batch, i);
    for (int32_t k = 0; k < x->experts; k++)
      f->column[k * x->tokens + i] = affinity[k];
  }
}

/* Lists holders, lacks and costs. */
static alf_status start(finish *f, alf_error *err)
{
  const alf_solution *x = f->graph.solution;
  for (int32_t k = 0; k < x->experts; k++)
    f->lack[k] = alf_problem_load_range(f->graph.problem, k).upper - f->is_spared[k];
  alf_status status = alf_exchange_costs(f->graph.problem, x, f->cost, err);
  turn(f);
  for (int64_t i = 0; i < x->tokens && !status; i++)
    for (int64_t e = x->row[i]; e < x->row[i + 1] && !status; e++) {
      f->lack[x->expert[e]] -= x->amount[e];
      status = hold(&f->holders[x->expert[e]], i, err);
    }
  return status;
}

/* The arcs between experts, with those of the further token; the free load is not a node here. */
static void set_arcs(finish *f)
{
  alf_exchange_graph *g = &f->graph;
  int32_t experts = g->solution->experts;
  for (int32_t a = 0; a < g->nodes; a++) {
    g->parent[a] = -1;
    for (int32_t b = 0; b < g->nodes; b++) {
      int64_t at = (int64_t)a * g->nodes + b, cost = f->cost[at] < ALF_PATH_NONE ? f->cost[at] : ALF_PATH_NONE;
      bool is_further = a < experts && b < experts && f->is_spared[a] && !f->is_spared[b];
      g->cost[at] = a == experts || b == experts ? ALF_PATH_NONE : is_further && cost > 0 ? 0 : cost;
    }
  }
}

/* The underloaded expert that is nearest to the overloaded ones, or −1. */
static int32_t find_sink(finish *f)
{
  alf_exchange_graph *g = &f->graph;
  int32_t experts = g->solution->experts, sink = -1;
  for (int32_t k = 0; k < g->nodes; k++)
    g->distance[k] = k < experts && f->lack[k] < 0 ? 0 : ALF_PATH_NONE;
  while (alf_exchange_graph_relax(g))
    continue;
  for (int32_t k = 0; k < experts; k++)
    if (f->lack[k] > 0 && (sink < 0 || g->distance[k] < g->distance[sink]))
      sink = k;
  return sink >= 0 && alf_path_exists(g->distance[sink]) ? sink : -1;
}

static alf_exchange_move find_move(const finish *f, int32_t a, int32_t b)
{
  const holders *h = &f->holders[a];
  int64_t cost = f->graph.cost[(int64_t)a * f->graph.nodes + b];
  alf_exchange_move move = {a, b, -1, 1};
  if (f->is_spared[a] && !f->is_spared[b] && cost == 0)
    return move;
  for (int64_t j = 0;; j++)
    if (affinity_at(f, h->token[j], a) - affinity_at(f, h->token[j], b) == cost &&
        alf_exchange_can_move(&f->graph, h->token[j], a, b, &move))
      return move;
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
  if (a == b || f->cost[(int64_t)a * f->graph.nodes + b] != affinity_at(f, i, a) - affinity_at(f, i, b))
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
  bool has_from = false;
  int64_t has_to = 0;
  alf_status status = ALF_OK;
  for (int64_t e = x->row[m->token]; e < x->row[m->token + 1]; e++) {
    has_from = has_from || x->expert[e] == m->from;
    has_to = x->expert[e] == m->to ? x->amount[e] : has_to;
  }
  for (int64_t e = x->row[m->token]; e < x->row[m->token + 1] && !status && has_to == x->denominator; e++)
    status = lose(f, m->token, x->expert[e], m->to, err);
  for (int32_t b = 0; b < x->experts && !status && !has_from; b++)
    status = lose(f, m->token, m->from, b, err);
  if (!has_from)
    release(&f->holders[m->from], m->token);
  return status || has_to != room ? status : hold(&f->holders[m->to], m->token, err);
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

static bool is_full(const alf_solution *x, int64_t i, int32_t k)
{
  for (int64_t e = x->row[i]; e < x->row[i + 1]; e++)
    if (x->expert[e] == k)
      return x->amount[e] == x->denominator;
  return false;
}

static void renew_arc(finish *f, arc lost)
{
  const alf_solution *x = f->graph.solution;
  const holders *h = &f->holders[lost.a];
  int64_t least = ALF_PATH_NONE;
  for (int64_t j = 0; j < h->count; j++) {
    int64_t i = h->token[j], offered = affinity_at(f, i, lost.a) - affinity_at(f, i, lost.b);
    if (offered < least && !is_full(x, i, lost.b))
      least = offered;
  }
  f->cost[(int64_t)lost.a * f->graph.nodes + lost.b] = least;
}

/* Finds lost arcs anew, and enters those that the tokens of the path have gained. */
static void renew_costs(finish *f)
{
  for (int64_t j = 0; j < f->losses; j++)
    renew_arc(f, f->lost[j]);
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

static alf_status add_path(finish *f, alf_deadline deadline, alf_error *err)
{
  set_arcs(f);
  int32_t sink = find_sink(f);
  if (sink < 0)
    return alf_fail(err, ALF_ESOLVER, "exchange: no path although every cell is free");
  alf_status status = move_along(f, sink, err);
  if (status)
    return status;
  renew_costs(f);
  if (alf_deadline_left_ms(deadline) <= 0)
    return alf_fail(err, ALF_ETIMEOUT, "exchange: time limit reached");
  return ALF_OK;
}

alf_status alf_exchange_finish(const alf_problem *problem, alf_solution *solution, char *is_spared,
                               alf_deadline deadline, alf_error *err)
{
  finish f = {.graph = {.problem = problem, .solution = solution}, .is_spared = is_spared};
  alf_status status = finish_alloc(&f, err);
  if (!status)
    status = start(&f, err);
  while (!status && !is_balanced(&f)) {
    status = add_path(&f, deadline, err);
    solution->iterations += !status;
  }
  finish_free(&f);
  return status ? status : alf_exchange_prices(problem, solution, err);
}
