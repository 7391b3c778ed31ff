#include <stdlib.h>
#include <string.h>

#include "exact/exchange.h"
#include "exact/exchange_graph.h"
#include "exact/paths.h"

/* One more token that has a slot of each expert marked in it (ALF_ROUNDED): it can give up any for any other. */
typedef struct finish {
  alf_exchange_graph graph;
  char *is_spared;         /* E */
  int64_t *lack;           /* E: slots to the target, in units of 1/denominator */
  alf_exchange_move *path; /* E: the moves of one path */
  int32_t length;
} finish;

static void finish_free(finish *f)
{
  alf_exchange_graph_free(&f->graph);
  free(f->lack);
  free(f->path);
}

static alf_status finish_alloc(finish *f, alf_error *err)
{
  size_t experts = (size_t)f->graph.solution->experts;
  alf_status status = alf_exchange_graph_alloc(&f->graph, err);
  f->lack = malloc(experts * sizeof *f->lack);
  f->path = malloc(experts * sizeof *f->path);
  if (!status && (!f->lack || !f->path))
    status = alf_fail_memory(err, experts * (sizeof *f->lack + sizeof *f->path));
  return status;
}

static void find_lacks(finish *f)
{
  const alf_solution *x = f->graph.solution;
  for (int32_t k = 0; k < x->experts; k++)
    f->lack[k] = alf_problem_load_range(f->graph.problem, k).upper - f->is_spared[k];
  for (int64_t e = 0; e < x->row[x->tokens]; e++)
    f->lack[x->expert[e]] -= x->amount[e];
}

/* The arcs between experts, with those of the further token; the free load is not a node here. */
static alf_status read_arcs(finish *f, alf_error *err)
{
  alf_exchange_graph *g = &f->graph;
  int32_t experts = g->solution->experts;
  alf_status status = alf_exchange_graph_read(g, err);
  for (int32_t a = 0; a < g->nodes && !status; a++)
    for (int32_t b = 0; b < g->nodes; b++) {
      int64_t *cost = &g->cost[(int64_t)a * g->nodes + b];
      if (a == experts || b == experts)
        *cost = ALF_PATH_NONE;
      else if (f->is_spared[a] && !f->is_spared[b] && *cost > 0)
        *cost = 0;
    }
  return status;
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

/* Lists the moves back from the sink; returns what all of them, the source and the sink have room for. */
static int64_t list_moves(finish *f, int32_t sink)
{
  const alf_exchange_graph *g = &f->graph;
  int64_t room = f->lack[sink];
  int32_t b = sink;
  for (f->length = 0; g->parent[b] >= 0; b = (int32_t)g->parent[b]) {
    int32_t a = (int32_t)g->parent[b];
    bool is_further = f->is_spared[a] && !f->is_spared[b] && g->cost[(int64_t)a * g->nodes + b] == 0;
    alf_exchange_move m = is_further ? (alf_exchange_move){a, b, -1, 1} : alf_exchange_find_move(g, a, b);
    room = m.room < room ? m.room : room;
    f->path[f->length++] = m;
  }
  return -f->lack[b] < room ? -f->lack[b] : room;
}

static alf_status move_along(finish *f, int32_t sink, alf_error *err)
{
  int64_t room = list_moves(f, sink);
  int32_t source = f->path[f->length - 1].from;
  alf_status status = ALF_OK;
  for (int32_t j = 0; j < f->length && !status; j++) {
    const alf_exchange_move *m = &f->path[j];
    status = alf_exchange_carry(f->graph.solution, m, room, err);
    if (m->token < 0) {
      f->is_spared[m->from] = 0;
      f->is_spared[m->to] = 1;
    }
  }
  f->lack[source] += room;
  f->lack[sink] -= room;
  return status;
}

static bool is_balanced(const finish *f)
{
  for (int32_t k = 0; k < f->graph.solution->experts; k++)
    if (f->lack[k])
      return false;
  return true;
}

alf_status alf_exchange_finish(const alf_problem *problem, alf_solution *solution, char *is_spared,
                               alf_deadline deadline, alf_error *err)
{
  finish f = {.graph = {.problem = problem, .solution = solution}, .is_spared = is_spared};
  alf_status status = finish_alloc(&f, err);
  if (!status)
    find_lacks(&f);
  while (!status && !is_balanced(&f)) {
    status = read_arcs(&f, err);
    int32_t sink = status ? -1 : find_sink(&f);
    if (!status && sink < 0)
      status = alf_fail(err, ALF_ESOLVER, "exchange: no path although every cell is free");
    if (!status)
      status = move_along(&f, sink, err);
    solution->iterations += !status;
    if (!status && alf_deadline_left_ms(deadline) <= 0)
      status = alf_fail(err, ALF_ETIMEOUT, "exchange: time limit reached");
  }
  finish_free(&f);
  return status ? status : alf_exchange_prices(problem, solution, err);
}
