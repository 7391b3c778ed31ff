#include <stdlib.h>
#include <string.h>

#include "core/hot.h"
#include "exact/exchange_graph.h"

/* Stands in for the affinity of a cell that can take no more: what it leaves is far above every cost. */
static const int64_t closed = -(INT64_C(1) << 61);
static const int64_t open_limit = INT64_C(1) << 60;

enum {
  BLOCKS = 64,
  PART_CELLS = 1 << 18, /* cells of the batch that are worth a thread */
  OWN_SHARE = 8,        /* the costs of all parts take at most 1/8 of the memory of the batch */
};

/* One thread, with costs and loads of its own: the smallest costs of all do not depend on who finds them. */
typedef struct part {
  const alf_problem *problem;
  const alf_solution *x;
  int64_t blocks; /* of tokens */
  int32_t nodes;
  int64_t *cost; /* nodes×nodes */
  int64_t *open; /* E: scratch */
  int64_t *load; /* E, where load is free */
} part;

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

static void look_at_block(void *context, int index, int64_t block)
{
  const part *p = (const part *)context + index;
  int64_t from = p->x->tokens * block / p->blocks, to = p->x->tokens * (block + 1) / p->blocks;
  for (int64_t i = from; i < to; i++)
    alf_exchange_offer(p->problem, p->x, i, -1, p->nodes, p->open, p->cost);
  for (int64_t e = p->x->row[from]; e < p->x->row[to] && p->nodes > p->x->experts; e++)
    p->load[p->x->expert[e]] += p->x->amount[e];
}

/* The first part comes to have what all have. */
static ALF_HOT void gather(const part *parts, int64_t count)
{
  const part *first = &parts[0];
  for (const part *p = first + 1; p < first + count; p++) {
    for (int64_t c = 0; c < (int64_t)p->nodes * p->nodes; c++)
      first->cost[c] = p->cost[c] < first->cost[c] ? p->cost[c] : first->cost[c];
    for (int32_t k = 0; k < p->x->experts; k++)
      first->load[k] += p->load[k];
  }
}

static int count_parts(const alf_solution *x, const alf_team *team)
{
  int64_t parts = x->tokens * x->experts / PART_CELLS, most = x->tokens / (OWN_SHARE * x->experts);
  int64_t wanted = alf_team_size(team);
  parts = parts < most ? parts : most;
  parts = parts < wanted ? parts : wanted;
  return parts > 1 ? (int)parts : 1;
}

/* The first part works on the costs that are asked for. */
static void share_out(const alf_problem *problem, const alf_solution *x, int64_t *cost, int64_t *room, part *parts,
                      int64_t count)
{
  int32_t nodes = alf_exchange_nodes(problem);
  int64_t own = 2 * (int64_t)x->experts, arcs = (int64_t)nodes * nodes, blocks = count > 1 ? BLOCKS : 1;
  for (int64_t q = 0; q < count; q++) {
    int64_t *open = room + q * (own + arcs);
    parts[q] = (part){problem, x, blocks, nodes, q > 0 ? open - arcs : cost, open, open + x->experts};
    for (int64_t c = 0; c < arcs; c++)
      parts[q].cost[c] = ALF_FACE_NONE;
  }
}

alf_status alf_exchange_costs_on(const alf_problem *problem, const alf_solution *solution, alf_team *team,
                                 int64_t *cost, alf_error *err)
{
  int32_t nodes = alf_exchange_nodes(problem);
  int count = count_parts(solution, team);
  size_t experts = (size_t)solution->experts, arcs = (size_t)nodes * (size_t)nodes;
  size_t bytes = ((size_t)count * (2 * experts + arcs) - arcs) * sizeof *cost;
  part *parts = malloc((size_t)count * sizeof *parts);
  int64_t *room = calloc(bytes, 1);
  bool complete = parts && room;
  if (complete) {
    share_out(problem, solution, cost, room, parts, count);
    alf_team_deal(team, count, parts[0].blocks, look_at_block, parts);
    gather(parts, count);
    if (nodes > solution->experts)
      offer_free_load(problem, solution, parts[0].load, cost);
    remove_none_arcs(cost, nodes);
  }
  free(parts);
  free(room);
  return complete ? ALF_OK : alf_fail_memory(err, bytes);
}

alf_status alf_exchange_costs(const alf_problem *problem, const alf_solution *solution, int64_t *cost, alf_error *err)
{
  return alf_exchange_costs_on(problem, solution, NULL, cost, err);
}
