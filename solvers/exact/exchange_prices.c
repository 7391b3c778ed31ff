#include <stdlib.h>
#include <string.h>

#include "alf/face.h"
#include "core/hot.h"
#include "exact/exchange.h"
#include "exact/paths.h"
#include "exact/solution.h"

/* The exchange graph of a primal (alf_exchange_costs). The primal is optimal iff no cycle is negative, and then distances
   from a source before all nodes are optimal prices (C6). */
struct graph {
  const alf_problem *problem;
  alf_solution *solution;
  int32_t nodes;
  int64_t *cost;     /* nodes × nodes, grid units; ALF_PATH_NONE where there is no arc */
  int64_t *distance; /* nodes */
  int64_t *parent;   /* nodes; -1: none */
  int32_t *mark;     /* nodes: which search for a cycle came by */
};

static void graph_free(struct graph *g)
{
  free(g->cost);
  free(g->distance);
  free(g->parent);
  free(g->mark);
}

static alf_status graph_alloc(struct graph *g, alf_error *err)
{
  size_t nodes = (size_t)g->nodes;
  g->cost = malloc(nodes * nodes * sizeof *g->cost);
  g->distance = calloc(nodes, sizeof *g->distance);
  g->parent = calloc(nodes, sizeof *g->parent);
  g->mark = calloc(nodes, sizeof *g->mark);
  if (g->cost && g->distance && g->parent && g->mark)
    return ALF_OK;
  return alf_fail_memory(err, nodes * nodes * sizeof *g->cost + nodes * 20);
}

/* The ways over node a, at `here`, to all others; not 0 when one of them is shorter. */
ALF_HOT static int64_t relax_node(const int64_t *cost, int32_t nodes, int32_t a, int64_t here, int64_t *distance,
                                  int64_t *parent)
{
  int64_t gained = 0;
  for (int32_t b = 0; b < nodes; b++) {
    int64_t through = here + cost[b];
    bool is_nearer = through < distance[b];
    distance[b] = is_nearer ? through : distance[b];
    parent[b] = is_nearer ? a : parent[b];
    gained |= is_nearer;
  }
  return gained;
}

/* One pass of Bellman and Ford over all arcs; whether a distance fell. */
static bool relax(struct graph *g)
{
  bool changed = false;
  for (int32_t a = 0; a < g->nodes; a++)
    changed |= relax_node(g->cost + (int64_t)a * g->nodes, g->nodes, a, g->distance[a], g->distance, g->parent) != 0;
  return changed;
}

/* A node on a cycle of parents, or -1. Such a cycle is negative. */
static int32_t find_cycle(struct graph *g)
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

/* Builds the graph anew and finds distances from a source before all nodes: *cycle is a node on a negative cycle, or -1
   when the distances are final. */
static alf_status find_negative_cycle(struct graph *g, int32_t *cycle, alf_error *err)
{
  alf_status status = alf_exchange_costs(g->problem, g->solution, g->cost, err);
  for (int64_t a = 0; a < (int64_t)g->nodes * g->nodes && !status; a++)
    g->cost[a] = g->cost[a] < ALF_PATH_NONE ? g->cost[a] : ALF_PATH_NONE;
  memset(g->distance, 0, (size_t)g->nodes * sizeof *g->distance);
  for (int32_t a = 0; a < g->nodes; a++)
    g->parent[a] = -1;
  *cycle = -1;
  while (!status && *cycle < 0 && relax(g))
    *cycle = find_cycle(g);
  return status;
}

static int64_t find_entry(const alf_solution *x, int64_t i, int32_t k)
{
  int64_t e = x->row[i];
  while (e < x->row[i + 1] && x->expert[e] < k)
    e++;
  return e;
}

static int64_t amount_of(const alf_solution *x, int64_t i, int32_t k)
{
  int64_t e = find_entry(x, i, k);
  return e < x->row[i + 1] && x->expert[e] == k ? x->amount[e] : 0;
}

static int64_t load_of(const alf_solution *x, int32_t k)
{
  int64_t load = 0;
  for (int64_t e = 0; e < x->row[x->tokens]; e++)
    load += x->expert[e] == k ? x->amount[e] : 0;
  return load;
}

/* A token that can move from a to b at the cost of the arc. */
static int64_t find_mover(const struct graph *g, int32_t a, int32_t b)
{
  const alf_solution *x = g->solution;
  int64_t i = 0;
  for (bool found = false; !found; i += !found) {
    const int64_t *affinity = alf_affinity_row(g->problem->batch, i);
    found = affinity[a] - affinity[b] == g->cost[(int64_t)a * g->nodes + b] && amount_of(x, i, a) > 0 &&
            amount_of(x, i, b) < x->denominator;
  }
  return i;
}

/* An arc of a cycle, with what can move along it: `token` is -1 where it is free load. */
typedef struct move {
  int32_t from, to;
  int64_t token, room;
} move;

static move find_move(const struct graph *g, int32_t b)
{
  const alf_solution *x = g->solution;
  move m = {.from = (int32_t)g->parent[b], .to = b, .token = -1};
  if (m.from == x->experts)
    m.room = load_of(x, b) - alf_problem_load_range(g->problem, b).lower;
  else if (b == x->experts)
    m.room = alf_problem_load_range(g->problem, m.from).upper - load_of(x, m.from);
  if (m.from == x->experts || b == x->experts)
    return m;
  m.token = find_mover(g, m.from, b);
  int64_t has = amount_of(x, m.token, m.from), open = x->denominator - amount_of(x, m.token, b);
  m.room = has < open ? has : open;
  return m;
}

static void drop_entry(alf_solution *x, int64_t i, int64_t e)
{
  size_t behind = (size_t)(x->row[x->tokens] - e - 1);
  memmove(x->expert + e, x->expert + e + 1, behind * sizeof *x->expert);
  memmove(x->amount + e, x->amount + e + 1, behind * sizeof *x->amount);
  for (int64_t j = i + 1; j <= x->tokens; j++)
    x->row[j]--;
}

static alf_status insert_entry(alf_solution *x, int64_t i, int64_t e, int32_t k, alf_error *err)
{
  alf_status status = alf_solution_reserve(x, x->row[x->tokens] + 1, err);
  if (status)
    return status;
  size_t behind = (size_t)(x->row[x->tokens] - e);
  memmove(x->expert + e + 1, x->expert + e, behind * sizeof *x->expert);
  memmove(x->amount + e + 1, x->amount + e, behind * sizeof *x->amount);
  x->expert[e] = (alf_expert)k;
  x->amount[e] = 0;
  for (int64_t j = i + 1; j <= x->tokens; j++)
    x->row[j]++;
  return ALF_OK;
}

static alf_status add_amount(alf_solution *x, int64_t i, int32_t k, int64_t amount, alf_error *err)
{
  int64_t e = find_entry(x, i, k);
  if (e == x->row[i + 1] || x->expert[e] != k) {
    alf_status status = insert_entry(x, i, e, k, err);
    if (status)
      return status;
  }
  x->amount[e] += (int32_t)amount;
  if (x->amount[e] == 0)
    drop_entry(x, i, e);
  return ALF_OK;
}

static alf_status carry(alf_solution *x, const move *m, int64_t amount, alf_error *err)
{
  if (m->token < 0)
    return ALF_OK;
  alf_status status = add_amount(x, m->token, m->from, -amount, err);
  return status ? status : add_amount(x, m->token, m->to, amount, err);
}

/* Moves as much as fits round the cycle through `node`: the objective rises by the cycle's weight for each unit. */
static alf_status cancel_cycle(struct graph *g, int32_t node, alf_error *err)
{
  move *cycle = calloc((size_t)g->nodes, sizeof *cycle);
  alf_status status = cycle ? ALF_OK : alf_fail_memory(err, (size_t)g->nodes * sizeof *cycle);
  int64_t room = INT64_MAX;
  int32_t length = 0;
  for (int32_t b = node; !status && (length == 0 || b != node); b = (int32_t)g->parent[b]) {
    cycle[length] = find_move(g, b);
    room = cycle[length].room < room ? cycle[length].room : room;
    length++;
  }
  for (int32_t m = 0; m < length && !status; m++)
    status = carry(g->solution, &cycle[m], room, err);
  free(cycle);
  g->solution->repairs += !status;
  return status;
}

/* Only differences of prices matter when every load is fixed: expert 0 then has price 0. Else the free load has. */
static void publish_prices(const struct graph *g)
{
  int64_t origin = g->distance[g->nodes > g->solution->experts ? g->solution->experts : 0];
  for (int32_t k = 0; k < g->solution->experts; k++)
    g->solution->price[k] = g->distance[k] - origin;
}

alf_status alf_exchange_try(const alf_problem *problem, alf_solution *solution, int64_t repairs, bool *optimal,
                            alf_error *err)
{
  struct graph g = {.problem = problem, .solution = solution, .nodes = alf_exchange_nodes(problem)};
  alf_status status = graph_alloc(&g, err);
  int32_t cycle = -1;
  if (!status)
    status = find_negative_cycle(&g, &cycle, err);
  for (; !status && cycle >= 0 && repairs > 0; repairs--) {
    status = cancel_cycle(&g, cycle, err);
    if (!status)
      status = find_negative_cycle(&g, &cycle, err);
  }
  *optimal = !status && cycle < 0;
  if (*optimal)
    publish_prices(&g);
  graph_free(&g);
  return status;
}

alf_status alf_exchange_prices(const alf_problem *problem, alf_solution *solution, alf_error *err)
{
  bool optimal;
  return alf_exchange_try(problem, solution, INT64_MAX, &optimal, err);
}
