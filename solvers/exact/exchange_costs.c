#include <stdlib.h>
#include <string.h>

#include "core/hot.h"
#include "exact/exchange_graph.h"

/* Stands in for the affinity of a cell that can take no more: what it leaves is far above every cost. */
static const int64_t closed = -(INT64_C(1) << 61);
static const int64_t open_limit = INT64_C(1) << 60;

int32_t alf_exchange_nodes(const alf_problem *problem)
{
  alf_load_range range = alf_problem_load_range(problem, 0);
  return problem->batch->experts + (alf_problem_has_free_load(problem) && range.lower < range.upper);
}

static ALF_HOT void lower_costs(int64_t *restrict cost, const int64_t *restrict open, int64_t given, int32_t experts)
{
  for (int32_t b = 0; b < experts; b++) {
    int64_t offered = given - open[b];
    cost[b] = offered < cost[b] ? offered : cost[b];
  }
}

void alf_exchange_offer(const alf_problem *problem, const alf_solution *x, int64_t i, int32_t from, int32_t nodes,
                        int64_t *open, int64_t *cost)
{
  const int64_t *affinity = alf_affinity_row(problem->batch, i);
  memcpy(open, affinity, (size_t)x->experts * sizeof *open);
  for (int64_t e = x->row[i]; e < x->row[i + 1]; e++)
    if (x->amount[e] == x->denominator)
      open[x->expert[e]] = closed;
  for (int64_t e = x->row[i]; e < x->row[i + 1]; e++) {
    int32_t a = x->expert[e];
    if (from < 0 || a == from)
      lower_costs(cost + (int64_t)a * nodes, open, affinity[a], x->experts);
  }
}

/* Every expert has the smaller or the larger load, and can take or give the slot that is between them. */
static void offer_free_load(const alf_problem *problem, const alf_solution *x, const int64_t *load, int64_t *cost)
{
  int64_t nodes = x->experts + 1;
  for (int32_t k = 0; k < x->experts; k++) {
    bool gives = load[k] > alf_problem_load_range(problem, k).lower;
    cost[gives ? x->experts * nodes + k : k * nodes + x->experts] = 0;
  }
}

static void remove_none_arcs(int64_t *cost, int32_t nodes)
{
  for (int32_t a = 0; a < nodes; a++)
    for (int32_t b = 0; b < nodes; b++) {
      int64_t *arc = &cost[(int64_t)a * nodes + b];
      *arc = a == b || *arc > open_limit ? ALF_FACE_NONE : *arc;
    }
}

alf_status alf_exchange_costs(const alf_problem *problem, const alf_solution *solution, int64_t *cost, alf_error *err)
{
  size_t experts = (size_t)solution->experts;
  int32_t nodes = alf_exchange_nodes(problem);
  int64_t *open = malloc(experts * sizeof *open), *load = calloc(experts, sizeof *load);
  bool complete = open && load;
  if (complete) {
    for (int64_t c = 0; c < (int64_t)nodes * nodes; c++)
      cost[c] = ALF_FACE_NONE;
    for (int64_t i = 0; i < solution->tokens; i++)
      alf_exchange_offer(problem, solution, i, -1, nodes, open, cost);
    for (int64_t e = 0; e < solution->row[solution->tokens]; e++)
      load[solution->expert[e]] += solution->amount[e];
    if (nodes > solution->experts)
      offer_free_load(problem, solution, load, cost);
    remove_none_arcs(cost, nodes);
  }
  free(open);
  free(load);
  return complete ? ALF_OK : alf_fail_memory(err, experts * (sizeof *open + sizeof *load));
}
