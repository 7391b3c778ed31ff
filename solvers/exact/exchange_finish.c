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

typedef struct finish {
  alf_exchange_graph graph; /* its costs are those of paths: with the arcs of the further token */
  int64_t *cost;            /* nodes×nodes: of tokens alone */
  int64_t *open;            /* E: scratch */
  char *is_spared;          /* E: that token has a slot of these, and can give up any for any other (ALF_ROUNDED) */
  char *is_left, *is_full;  /* E: arcs from the expert, and arcs to it, have to be found anew */
  int64_t *lack;            /* E: slots to the target, in units of 1/denominator */
  holders *holders;         /* E */
  alf_exchange_move *path;  /* E: the moves of one path */
  int32_t length;
} finish;

static void finish_free(finish *f)
{
  for (int32_t k = 0; f->holders && k < f->graph.solution->experts; k++)
    free(f->holders[k].token);
  free(f->holders);
  free(f->cost);
  free(f->open);
  free(f->is_left);
  free(f->is_full);
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
  f->is_left = calloc(experts, 1);
  f->is_full = calloc(experts, 1);
  f->lack = malloc(experts * sizeof *f->lack);
  f->holders = calloc(experts, sizeof *f->holders);
  f->path = malloc(experts * sizeof *f->path);
  if (!status && (!f->cost || !f->open || !f->is_left || !f->is_full || !f->lack || !f->holders || !f->path))
    status = alf_fail_memory(err, arcs * sizeof *f->cost + experts * 64);
  return status;
}

/* Lists holders, lacks and costs. */
static alf_status start(finish *f, alf_error *err)
{
  const alf_solution *x = f->graph.solution;
  for (int32_t k = 0; k < x->experts; k++)
    f->lack[k] = alf_problem_load_range(f->graph.problem, k).upper - f->is_spared[k];
  alf_status status = alf_exchange_costs(f->graph.problem, x, f->cost, err);
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
  alf_exchange_move move = {a, b, -1, 1};
  if (f->is_spared[a] && !f->is_spared[b] && f->graph.cost[(int64_t)a * f->graph.nodes + b] == 0)
    return move;
  for (int64_t j = 0; !alf_exchange_can_move(&f->graph, h->token[j], a, b, &move);)
    j++;
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

/* A move by `room` has been made: its token no longer offers what it has given up, nor anything for what it now has in
   full. */
static alf_status note_move(finish *f, const alf_exchange_move *m, int64_t room, alf_error *err)
{
  const alf_solution *x = f->graph.solution;
  const int64_t *affinity = alf_affinity_row(f->graph.problem->batch, m->token);
  bool has_from = false, is_cheapest = false;
  int64_t has_to = 0;
  for (int64_t e = x->row[m->token]; e < x->row[m->token + 1]; e++) {
    int32_t k = x->expert[e];
    has_from = has_from || k == m->from;
    has_to = k == m->to ? x->amount[e] : has_to;
    is_cheapest = is_cheapest || f->cost[(int64_t)k * f->graph.nodes + m->to] == affinity[k] - affinity[m->to];
  }
  if (is_cheapest && has_to == x->denominator)
    f->is_full[m->to] = 1;
  if (!has_from) {
    f->is_left[m->from] = 1;
    release(&f->holders[m->from], m->token);
  }
  return has_to == room ? hold(&f->holders[m->to], m->token, err) : ALF_OK;
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

static void renew_arcs_from(finish *f, int32_t a)
{
  const alf_solution *x = f->graph.solution;
  int32_t nodes = f->graph.nodes;
  for (int32_t b = 0; b < x->experts; b++)
    f->cost[(int64_t)a * nodes + b] = ALF_PATH_NONE;
  for (int64_t j = 0; j < f->holders[a].count; j++)
    alf_exchange_offer(f->graph.problem, x, f->holders[a].token[j], a, nodes, f->open, f->cost);
}

static void renew_arcs_to(finish *f, int32_t b)
{
  const alf_solution *x = f->graph.solution;
  int32_t nodes = f->graph.nodes;
  for (int32_t a = 0; a < x->experts; a++)
    f->cost[(int64_t)a * nodes + b] = ALF_PATH_NONE;
  for (int64_t i = 0; i < x->tokens; i++) {
    const int64_t *affinity = alf_affinity_row(f->graph.problem->batch, i);
    bool is_full = false;
    for (int64_t e = x->row[i]; e < x->row[i + 1]; e++)
      is_full = is_full || (x->expert[e] == b && x->amount[e] == x->denominator);
    for (int64_t e = x->row[i]; e < x->row[i + 1] && !is_full; e++) {
      int64_t *cost = &f->cost[(int64_t)x->expert[e] * nodes + b], offered = affinity[x->expert[e]] - affinity[b];
      *cost = offered < *cost ? offered : *cost;
    }
  }
}

/* Finds lost arcs anew, and enters those that the tokens of the path have gained. */
static void renew_costs(finish *f)
{
  for (int32_t k = 0; k < f->graph.solution->experts; k++) {
    if (f->is_left[k])
      renew_arcs_from(f, k);
    if (f->is_full[k])
      renew_arcs_to(f, k);
    f->is_left[k] = f->is_full[k] = 0;
  }
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
