/* The exchange graph of a primal, and load that moves along it. */
#ifndef ALF_EXACT_EXCHANGE_GRAPH_H
#define ALF_EXACT_EXCHANGE_GRAPH_H

#include "alf/face.h"
#include "core/team.h"

/* Arcs and distances of alf_exchange_costs. The primal is optimal for its loads iff no cycle is negative, and then
   distances from a source before all nodes are optimal prices (C6). */
typedef struct alf_exchange_graph {
  const alf_problem *problem;
  alf_solution *solution;
  alf_team *team; /* that reads the costs; NULL: the caller alone */
  int32_t nodes;
  int64_t *cost;     /* nodes × nodes, grid units; ALF_PATH_NONE where there is no arc */
  int64_t *distance; /* nodes */
  int64_t *parent;   /* nodes; -1: none */
  int64_t *spread;   /* nodes: distance over which arcs were last followed; ALF_PATH_NONE: never */
  int32_t *mark;     /* nodes: scratch */
} alf_exchange_graph;

/* Zero-initialised apart from problem, solution and team. Errors: ALF_ENOMEM. */
alf_status alf_exchange_graph_alloc(alf_exchange_graph *graph, alf_error *err);
void alf_exchange_graph_free(alf_exchange_graph *graph);

/* Reads the costs from the primal anew; no node has a parent then. Errors: ALF_ENOMEM. */
alf_status alf_exchange_graph_read(alf_exchange_graph *graph, alf_error *err);

/* A new search: no node has a parent, no arc has been followed. The caller sets distances. */
void alf_exchange_graph_restart(alf_exchange_graph *graph);

/* One pass of Bellman and Ford over all arcs from nodes that came nearer since they were last passed; whether a distance
   fell. */
bool alf_exchange_graph_relax(alf_exchange_graph *graph);

/* Prices of the primal, from a graph that has been read: cancels negative cycles until there is none. Errors:
   ALF_ENOMEM. */
alf_status alf_exchange_settle(alf_exchange_graph *graph, alf_error *err);

/* An arc with what can move along it; `token` is -1 where that is no token. */
typedef struct alf_exchange_move {
  int32_t from, to;
  int64_t token, room; /* room in units of 1/denominator */
} alf_exchange_move;

/* A token that can move from expert a to expert b at the cost of the arc; room is 0 where there is none. */
alf_exchange_move alf_exchange_find_move(const alf_exchange_graph *graph, int32_t a, int32_t b);

/* Whether token i can move from a to b at the cost of the arc; *move then says how much of it. */
bool alf_exchange_can_move(const alf_exchange_graph *graph, int64_t i, int32_t a, int32_t b, alf_exchange_move *move);

/* Lowers cost (nodes×nodes) to that of the arcs which token i offers: it can give up every expert it uses, or only the
   expert `from` where that is not negative, for every one that it does not use up. `open` is scratch for E integers. */
void alf_exchange_offer(const alf_problem *problem, const alf_solution *solution, int64_t i, int32_t from,
                        int32_t nodes, int64_t *open, int64_t *cost);

/* alf_exchange_costs shared out among a team (NULL: the caller does all). Errors: ALF_ENOMEM. */
alf_status alf_exchange_costs_on(const alf_problem *problem, const alf_solution *solution, alf_team *team,
                                 int64_t *cost, alf_error *err);

/* Moves an amount from one expert to the other in the row of the token, if there is one. Errors: ALF_ENOMEM. */
alf_status alf_exchange_carry(alf_solution *solution, const alf_exchange_move *move, int64_t amount, alf_error *err);

#endif
