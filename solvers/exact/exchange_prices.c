#include <stdlib.h>
#include <string.h>

#include "exact/exchange.h"
#include "exact/exchange_graph.h"

/* A node on a cycle of parents, or -1. Such a cycle is negative. */
static int32_t find_cycle(alf_exchange_graph *g)
{
  memset(g->mark, 0, (size_t)g->nodes * sizeof *g->mark);
  for (int32_t start = 0; start < g->nodes; start++) {
    int32_t a = start;
    while (a >= 0 && !g->mark[a]) {
      g->mark[a] = start + 1;
      a = (int32_t)g->parent[a];
    }
    if (a >= 0 && g->mark[a] == start + 1)
      return a;
  }
  return -1;
}

/* Finds distances from a source before all nodes of a graph that has just been read: a node on a negative cycle, or -1
   when the distances are final. */
static int32_t find_negative_cycle(alf_exchange_graph *g)
{
  int32_t cycle = -1;
  alf_exchange_graph_restart(g);
  memset(g->distance, 0, (size_t)g->nodes * sizeof *g->distance);
  while (cycle < 0 && alf_exchange_graph_relax(g))
    cycle = find_cycle(g);
  return cycle;
}

static int64_t load_of(const alf_solution *x, int32_t k)
{
  int64_t load = 0;
  for (int64_t e = 0; e < x->row[x->tokens]; e++)
    load += x->expert[e] == k ? x->amount[e] : 0;
  return load;
}

/* The move into node b; one from or to the free load has no token. */
static alf_exchange_move find_move(const alf_exchange_graph *g, int32_t b)
{
  const alf_solution *x = g->solution;
  int32_t a = (int32_t)g->parent[b];
  if (a < x->experts && b < x->experts)
    return alf_exchange_find_move(g, a, b);
  alf_exchange_move m = {a, b, -1, 0};
  m.room = a == x->experts ? load_of(x, b) - alf_problem_load_range(g->problem, b).lower
                           : alf_problem_load_range(g->problem, a).upper - load_of(x, a);
  return m;
}

/* Moves as much as fits round the cycle through `node`: the objective rises by the cycle's weight for each unit. */
static alf_status cancel_cycle(alf_exchange_graph *g, int32_t node, alf_error *err)
{
  alf_exchange_move *cycle = calloc((size_t)g->nodes, sizeof *cycle);
  alf_status status = cycle ? ALF_OK : alf_fail_memory(err, (size_t)g->nodes * sizeof *cycle);
  int64_t room = INT64_MAX;
  int32_t length = 0;
  for (int32_t b = node; !status && (length == 0 || b != node); b = (int32_t)g->parent[b]) {
    cycle[length] = find_move(g, b);
    room = cycle[length].room < room ? cycle[length].room : room;
    length++;
  }
  if (!status && room <= 0)
    status = alf_fail(err, ALF_ESOLVER, "exchange: no token pays what an arc of the exchange graph costs");
  for (int32_t m = 0; m < length && !status; m++)
    status = alf_exchange_carry(g->solution, &cycle[m], room, err);
  free(cycle);
  g->solution->repairs += !status;
  return status;
}

/* Only differences of prices matter when every load is fixed: expert 0 then has price 0. Else the free load has. */
static void publish_prices(const alf_exchange_graph *g)
{
  int64_t origin = g->distance[g->nodes > g->solution->experts ? g->solution->experts : 0];
  for (int32_t k = 0; k < g->solution->experts; k++)
    g->solution->price[k] = g->distance[k] - origin;
}

static alf_status settle(alf_exchange_graph *g, int64_t repairs, bool *optimal, alf_error *err)
{
  int32_t cycle = find_negative_cycle(g);
  alf_status status = ALF_OK;
  for (; !status && cycle >= 0 && repairs > 0; repairs--) {
    status = cancel_cycle(g, cycle, err);
    if (!status)
      status = alf_exchange_graph_read(g, err);
    cycle = status ? -1 : find_negative_cycle(g);
  }
  *optimal = !status && cycle < 0;
  if (*optimal)
    publish_prices(g);
  return status;
}

alf_status alf_exchange_settle(alf_exchange_graph *graph, alf_error *err)
{
  bool optimal;
  return settle(graph, INT64_MAX, &optimal, err);
}

static alf_status try_on(const alf_problem *problem, alf_solution *solution, alf_team *team, int64_t repairs,
                         bool *optimal, alf_error *err)
{
  alf_exchange_graph g = {.problem = problem, .solution = solution, .team = team};
  alf_status status = alf_exchange_graph_alloc(&g, err);
  *optimal = false;
  if (!status)
    status = alf_exchange_graph_read(&g, err);
  if (!status)
    status = settle(&g, repairs, optimal, err);
  alf_exchange_graph_free(&g);
  return status;
}

alf_status alf_exchange_try(const alf_problem *problem, alf_solution *solution, int64_t repairs, bool *optimal,
                            alf_error *err)
{
  return try_on(problem, solution, NULL, repairs, optimal, err);
}

alf_status alf_exchange_prices_on(const alf_problem *problem, alf_solution *solution, alf_team *team, alf_error *err)
{
  bool optimal;
  return try_on(problem, solution, team, INT64_MAX, &optimal, err);
}

alf_status alf_exchange_prices(const alf_problem *problem, alf_solution *solution, alf_error *err)
{
  return alf_exchange_prices_on(problem, solution, NULL, err);
}
