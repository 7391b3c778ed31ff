#include "exact/exchange_graph.h"

#include <stdlib.h>
#include <string.h>

#include "core/hot.h"
#include "exact/paths.h"
#include "exact/solution.h"

void alf_exchange_graph_free(alf_exchange_graph *g)
{
  free(g->cost);
  free(g->distance);
  free(g->parent);
  free(g->spread);
  free(g->mark);
}

alf_status alf_exchange_graph_alloc(alf_exchange_graph *g, alf_error *err)
{
  g->nodes = alf_exchange_nodes(g->problem);
  size_t nodes = (size_t)g->nodes;
  g->cost = malloc(nodes * nodes * sizeof *g->cost);
  g->distance = calloc(nodes, sizeof *g->distance);
  g->parent = calloc(nodes, sizeof *g->parent);
  g->spread = calloc(nodes, sizeof *g->spread);
  g->mark = calloc(nodes, sizeof *g->mark);
  if (g->cost && g->distance && g->parent && g->spread && g->mark)
    return ALF_OK;
  return alf_fail_memory(err, nodes * nodes * sizeof *g->cost + nodes * 28);
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

void alf_exchange_graph_restart(alf_exchange_graph *g)
{
  for (int32_t a = 0; a < g->nodes; a++) {
    g->parent[a] = -1;
    g->spread[a] = ALF_PATH_NONE;
  }
}

bool alf_exchange_graph_relax(alf_exchange_graph *g)
{
  bool changed = false;
  for (int32_t a = 0; a < g->nodes; a++) {
    int64_t here = g->distance[a];
    if (here < g->spread[a])
      changed |= relax_node(g->cost + (int64_t)a * g->nodes, g->nodes, a, here, g->distance, g->parent) != 0;
    g->spread[a] = here;
  }
  return changed;
}

alf_status alf_exchange_graph_read(alf_exchange_graph *g, alf_error *err)
{
  alf_status status = alf_exchange_costs_on(g->problem, g->solution, g->team, g->cost, err);
  for (int64_t a = 0; a < (int64_t)g->nodes * g->nodes && !status; a++)
    g->cost[a] = g->cost[a] < ALF_PATH_NONE ? g->cost[a] : ALF_PATH_NONE;
  alf_exchange_graph_restart(g);
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

bool alf_exchange_can_move(const alf_exchange_graph *g, int64_t i, int32_t a, int32_t b, alf_exchange_move *move)
{
  const alf_solution *x = g->solution;
  const int64_t *affinity = alf_affinity_row(g->problem->batch, i);
  if (affinity[a] - affinity[b] != g->cost[(int64_t)a * g->nodes + b])
    return false;
  int64_t has = amount_of(x, i, a), open = x->denominator - amount_of(x, i, b);
  *move = (alf_exchange_move){a, b, i, has < open ? has : open};
  return move->room > 0;
}

alf_exchange_move alf_exchange_find_move(const alf_exchange_graph *g, int32_t a, int32_t b)
{
  alf_exchange_move move = {0};
  int64_t i = 0;
  while (i < g->solution->tokens && !alf_exchange_can_move(g, i, a, b, &move))
    i++;
  return move;
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

/* All of one expert's amount for another one that has none stays within the row. False when it is not like that. */
static bool replace_entry(alf_solution *x, const alf_exchange_move *m, int64_t amount)
{
  int64_t e = find_entry(x, m->token, m->from), to = find_entry(x, m->token, m->to);
  if (x->amount[e] != amount || (to < x->row[m->token + 1] && x->expert[to] == m->to))
    return false;
  for (; e + 1 < to; e++) {
    x->expert[e] = x->expert[e + 1];
    x->amount[e] = x->amount[e + 1];
  }
  for (; e > to; e--) {
    x->expert[e] = x->expert[e - 1];
    x->amount[e] = x->amount[e - 1];
  }
  x->expert[e] = (alf_expert)m->to;
  x->amount[e] = (int32_t)amount;
  return true;
}

alf_status alf_exchange_carry(alf_solution *x, const alf_exchange_move *m, int64_t amount, alf_error *err)
{
  if (m->token < 0)
    return ALF_OK;
  if (replace_entry(x, m, amount))
    return ALF_OK;
  alf_status status = add_amount(x, m->token, m->from, -amount, err);
  return status ? status : add_amount(x, m->token, m->to, amount, err);
}
