#include <math.h>
#include <stddef.h>
#include <string.h>

#include "exact/glpk_common.h"
#include "exact/glpk_prices.h"

/* What GLPK keeps for us with every node and arc. */
struct node {
  double supply, potential;
};

struct arc {
  double low, capacity, cost;
};

static alf_status can(const alf_problem *problem, alf_error *err)
{
  return alf_glpk_can_hold(problem, "glpk-mincost", err);
}

/* Softmax batches, tokens/experts/K: 64/8/2 .006 s, 512/8/2 .09, 512/32/4 1.5, 1024/32/4 6.7, 512/64/6 5.6,
   2048/16/2 3.2; 4096/64/6 more than 330. */
static double estimate(const alf_problem *problem)
{
  double cells = (double)problem->batch->tokens * problem->batch->experts;
  return 2e-3 + 5.6e-9 * cells * cells;
}

static void add_arc(glp_graph *graph, int tail, int head, struct arc arc)
{
  memcpy(glp_add_arc(graph, tail, head)->data, &arc, sizeof arc);
}

static void set_supply(glp_graph *graph, int vertex, double supply)
{
  struct node node = {supply, 0};
  memcpy(graph->v[vertex]->data, &node, sizeof node);
}

/* Tokens supply K slots each, experts pass them on within their load range, one sink takes them all. Costs are
   (largest affinity of the token − γ_ik) in units of 2^coarser grid units. */
static void build_graph(const alf_problem *problem, glp_graph *graph, int coarser)
{
  int tokens = (int)problem->batch->tokens, experts = problem->batch->experts, sink = tokens + experts + 1;
  double denominator = (double)alf_problem_denominator(problem), slots = problem->topk * denominator;
  glp_add_vertices(graph, sink);
  for (int i = 0; i < tokens; i++) {
    const int64_t *row = alf_affinity_row(problem->batch, i);
    int64_t most = row[0];
    for (int k = 1; k < experts; k++)
      most = row[k] > most ? row[k] : most;
    set_supply(graph, i + 1, slots);
    for (int k = 0; k < experts; k++)
      add_arc(graph, i + 1, tokens + k + 1, (struct arc){0, denominator, (double)((most - row[k]) >> coarser)});
  }
  for (int k = 0; k < experts; k++) {
    alf_load_range load = alf_problem_load_range(problem, k);
    add_arc(graph, tokens + k + 1, sink, (struct arc){(double)load.lower, (double)load.upper, 0});
  }
  set_supply(graph, sink, -slots * tokens);
}

static alf_status try_costs(const alf_problem *problem, int coarser, double *price, bool *overflow, alf_error *err)
{
  glp_graph *graph = glp_create_graph(sizeof(struct node), sizeof(struct arc));
  build_graph(problem, graph, coarser);
  int code =
      glp_mincost_okalg(graph, offsetof(struct node, supply), offsetof(struct arc, low), offsetof(struct arc, capacity),
                        offsetof(struct arc, cost), NULL, -1, offsetof(struct node, potential));
  *overflow = code == GLP_ERANGE;
  if (code != 0 && !*overflow)
    return alf_fail(err, ALF_ESOLVER, "GLPK out-of-kilter: returned code %d", code);
  for (int k = 0; k < problem->batch->experts && code == 0; k++) {
    struct node node;
    memcpy(&node, graph->v[problem->batch->tokens + k + 1]->data, sizeof node);
    price[k] = ldexp(-node.potential, coarser - problem->batch->grid_bits);
  }
  glp_delete_graph(graph);
  return ALF_OK;
}

/* GLPK computes with int: potentials add up costs along a path, which visits every expert at most once. */
static alf_status find_prices(const alf_problem *problem, double *price, alf_error *err)
{
  int exponent = alf_glpk_scale_of_problem(problem).exponent;
  bool overflow = true;
  alf_status status = ALF_OK;
  for (int bits = 30 - (int)ceil(log2(problem->batch->experts + 2.0)); bits > 0 && overflow && !status; bits -= 4)
    status = try_costs(problem, exponent > bits ? exponent - bits : 0, price, &overflow, err);
  if (!status && overflow)
    status = alf_fail(err, ALF_ESOLVER, "GLPK out-of-kilter: its integers overflow at any coarseness");
  return status;
}

static alf_status setup(void **workspace, const alf_problem *problem, const alf_solve_settings *settings,
                        alf_error *err)
{
  return alf_glpk_prices_setup(workspace, problem, settings, "glpk-mincost", find_prices, err);
}

const alf_solver alf_solver_glpk_mincost = {
    .name = "glpk-mincost",
    .summary = "GLPK's out-of-kilter algorithm on coarser costs, then its dual simplex; for small batches",
    .can = can,
    .estimate = estimate,
    .setup = setup,
    .solve = alf_glpk_prices_solve,
    .free = alf_glpk_prices_free,
};
