#include <stdlib.h>
#include <string.h>

#include "alf/solver.h"
#include "exact/exchange.h"
#include "exact/solution.h"

static const int64_t no_arc = INT64_MAX;

/* The exchange graph of a primal. Node k < E is expert k; node E, for ALF_ROUNDED only, is the free load. An arc a -> b
   means that load can move from a to b, and weighs what that costs. The primal is optimal iff no cycle is negative, and
   then distances from a source before all nodes are optimal prices (C6). */
struct graph {
  const alf_problem *problem;
  alf_solution *solution;
  int32_t nodes;
  int64_t *weight;   /* nodes × nodes, grid units; no_arc where there is none */
  int64_t *witness;  /* nodes × nodes: the token that would move */
  int64_t *distance; /* nodes */
  int32_t *parent;   /* nodes; -1: none */
  int32_t *mark;     /* nodes: which search for a cycle came by */
  int32_t *amount;   /* E: one row, dense */
  int64_t *load;     /* E, in units of 1/denominator */
};

static void graph_free(struct graph *g)
{
  free(g->weight);
  free(g->witness);
  free(g->distance);
  free(g->parent);
  free(g->mark);
  free(g->amount);
  free(g->load);
}

static alf_status graph_alloc(struct graph *g, alf_error *err)
{
  size_t nodes = (size_t)g->nodes;
  g->weight = malloc(nodes * nodes * sizeof *g->weight);
  g->witness = malloc(nodes * nodes * sizeof *g->witness);
  g->distance = calloc(nodes, sizeof *g->distance);
  g->parent = calloc(nodes, sizeof *g->parent);
  g->mark = calloc(nodes, sizeof *g->mark);
  g->amount = calloc(nodes, sizeof *g->amount);
  g->load = calloc(nodes, sizeof *g->load);
  if (g->weight && g->witness && g->distance && g->parent && g->mark && g->amount && g->load)
    return ALF_OK;
  return alf_fail_memory(err, 2 * nodes * nodes * sizeof *g->weight + nodes * 28);
}

/* The arcs that token i offers: it can give up every expert it uses for every one it does not use up. */
static void offer_token(struct graph *g, int64_t i)
{
  const alf_solution *x = g->solution;
  const int64_t *affinity = alf_affinity_row(g->problem->batch, i);
  memset(g->amount, 0, (size_t)x->experts * sizeof *g->amount);
  for (int64_t e = x->row[i]; e < x->row[i + 1]; e++) {
    g->amount[x->expert[e]] = x->amount[e];
    g->load[x->expert[e]] += x->amount[e];
  }
  for (int64_t e = x->row[i]; e < x->row[i + 1]; e++) {
    int32_t a = x->expert[e];
    int64_t *weight = g->weight + (int64_t)a * g->nodes, *witness = g->witness + (int64_t)a * g->nodes;
    for (int32_t b = 0; b < x->experts; b++) {
      int64_t cost = affinity[a] - affinity[b];
      if (cost < weight[b] && g->amount[b] < x->denominator && b != a) {
        weight[b] = cost;
        witness[b] = i;
      }
    }
  }
}

static void build_arcs(struct graph *g)
{
  int64_t arcs = (int64_t)g->nodes * g->nodes;
  int32_t experts = g->solution->experts;
  for (int64_t a = 0; a < arcs; a++)
    g->weight[a] = no_arc;
  memset(g->load, 0, (size_t)experts * sizeof *g->load);
  for (int64_t i = 0; i < g->solution->tokens; i++)
    offer_token(g, i);
  for (int32_t k = 0; k < experts && experts < g->nodes; k++) {
    alf_load_range range = alf_problem_load_range(g->problem, k);
    if (g->load[k] > range.lower)
      g->weight[(int64_t)experts * g->nodes + k] = 0;
    if (g->load[k] < range.upper)
      g->weight[(int64_t)k * g->nodes + experts] = 0;
  }
}

/* One pass of Bellman and Ford over all arcs; whether a distance fell. */
static bool relax(struct graph *g)
{
  bool changed = false;
  for (int32_t a = 0; a < g->nodes; a++) {
    const int64_t *weight = g->weight + (int64_t)a * g->nodes;
    for (int32_t b = 0; b < g->nodes; b++) {
      if (weight[b] == no_arc || g->distance[a] + weight[b] >= g->distance[b])
        continue;
      g->distance[b] = g->distance[a] + weight[b];
      g->parent[b] = a;
      changed = true;
    }
  }
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
      a = g->parent[a];
    }
    if (a >= 0 && g->mark[a] == start + 1)
      return a;
  }
  return -1;
}

/* Builds the graph anew and finds distances from a source before all nodes: a node on a negative cycle, or -1 when the
   distances are final. */
static int32_t find_negative_cycle(struct graph *g)
{
  build_arcs(g);
  memset(g->distance, 0, (size_t)g->nodes * sizeof *g->distance);
  for (int32_t a = 0; a < g->nodes; a++)
    g->parent[a] = -1;
  int32_t cycle = -1;
  while (cycle < 0 && relax(g))
    cycle = find_cycle(g);
  return cycle;
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

/* How much the arc a -> b can carry. */
static int64_t arc_room(const struct graph *g, int32_t a, int32_t b)
{
  const alf_solution *x = g->solution;
  if (a == x->experts)
    return g->load[b] - alf_problem_load_range(g->problem, b).lower;
  if (b == x->experts)
    return alf_problem_load_range(g->problem, a).upper - g->load[a];
  int64_t i = g->witness[(int64_t)a * g->nodes + b];
  int64_t has = amount_of(x, i, a), open = x->denominator - amount_of(x, i, b);
  return has < open ? has : open;
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

/* Moves as much as fits round the cycle through `node`: the objective rises by the cycle's weight for each unit. */
static alf_status cancel_cycle(struct graph *g, int32_t node, alf_error *err)
{
  int32_t experts = g->solution->experts;
  int64_t room = INT64_MAX;
  int32_t b = node;
  do {
    int64_t arc = arc_room(g, g->parent[b], b);
    room = arc < room ? arc : room;
    b = g->parent[b];
  } while (b != node);
  do {
    int32_t a = g->parent[b];
    int64_t i = g->witness[(int64_t)a * g->nodes + b];
    bool moves_token = a < experts && b < experts;
    alf_status status = moves_token ? add_amount(g->solution, i, a, -room, err) : ALF_OK;
    if (!status && moves_token)
      status = add_amount(g->solution, i, b, room, err);
    if (status)
      return status;
    b = a;
  } while (b != node);
  g->solution->repairs++;
  return ALF_OK;
}

/* Only differences of prices matter when every load is fixed: expert 0 then has price 0. Else the free load has. */
static void publish_prices(const struct graph *g)
{
  int64_t origin = g->distance[alf_problem_has_free_load(g->problem) ? g->solution->experts : 0];
  for (int32_t k = 0; k < g->solution->experts; k++)
    g->solution->price[k] = g->distance[k] - origin;
}

alf_status alf_exchange_try(const alf_problem *problem, alf_solution *solution, int64_t repairs, bool *optimal,
                            alf_error *err)
{
  struct graph g = {.problem = problem, .solution = solution};
  g.nodes = solution->experts + alf_problem_has_free_load(problem);
  alf_status status = graph_alloc(&g, err);
  int32_t cycle = -1;
  if (!status)
    cycle = find_negative_cycle(&g);
  for (; !status && cycle >= 0 && repairs > 0; repairs--) {
    status = cancel_cycle(&g, cycle, err);
    if (!status)
      cycle = find_negative_cycle(&g);
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
