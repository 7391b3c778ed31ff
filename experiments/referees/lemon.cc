// LEMON is C++; nothing else here is.
#include <chrono>
#include <limits>
#include <new>
#include <vector>

#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>

extern "C" {
#include "referees/solvers.h"
}

namespace
{

typedef lemon::SmartDigraph graph;
typedef lemon::NetworkSimplex<graph, long long, long long> network_simplex;

// Tokens send K slots each, experts take their load; where loads have a choice a last node takes them all. Amounts are
// in units of 1/denominator, so that flows are whole numbers; costs are -affinity in grid units.
struct network {
  graph g;
  std::vector<graph::Node> token, expert;
  graph::Node sink; // free loads only
  graph::ArcMap<long long> cost, lower, upper;
  graph::NodeMap<long long> supply;

  explicit network(const alf_problem &problem) : cost(g), lower(g), upper(g), supply(g)
  {
    const alf_affinity &batch = *problem.batch;
    g.reserveNode(int(batch.tokens) + batch.experts + 1);
    g.reserveArc(int(batch.tokens) * batch.experts + batch.experts);
    for (int64_t i = 0; i < batch.tokens; i++)
      token.push_back(g.addNode());
    for (int32_t k = 0; k < batch.experts; k++)
      expert.push_back(g.addNode());
    add_cells(problem);
    if (alf_problem_has_free_load(&problem))
      add_free_loads(problem);
    else
      for (int32_t k = 0; k < batch.experts; k++)
        supply[expert[k]] = -alf_problem_load_range(&problem, k).upper;
  }

  void add_arc(graph::Node from, graph::Node to, long long price, long long least, long long most)
  {
    graph::Arc arc = g.addArc(from, to);
    cost[arc] = price;
    lower[arc] = least;
    upper[arc] = most;
  }

  void add_cells(const alf_problem &problem)
  {
    const long long one = alf_problem_denominator(&problem);
    for (size_t i = 0; i < token.size(); i++) {
      const int64_t *row = alf_affinity_row(problem.batch, int64_t(i));
      supply[token[i]] = one * problem.topk;
      for (size_t k = 0; k < expert.size(); k++)
        add_arc(token[i], expert[k], -row[k], 0, one);
    }
  }

  void add_free_loads(const alf_problem &problem)
  {
    sink = g.addNode();
    supply[sink] = -(long long)(problem.topk) * (long long)(token.size());
    for (size_t k = 0; k < expert.size(); k++) {
      alf_load_range load = alf_problem_load_range(&problem, int32_t(k));
      add_arc(expert[k], sink, 0, load.lower, load.upper);
    }
  }
};

// A cell is worth choosing where -affinity + potential(token) - potential(expert) <= 0: an expert's potential is its
// price.
void write_prices(const network &n, const alf_problem &problem, const network_simplex &simplex, int64_t *price)
{
  bool free_load = alf_problem_has_free_load(&problem);
  long long origin = simplex.potential(free_load ? n.sink : n.expert[0]);
  for (size_t k = 0; k < n.expert.size(); k++)
    price[k] = simplex.potential(n.expert[k]) - origin;
}

alf_status solve(const alf_problem &problem, int64_t *price, alf_referee_result *result, alf_error *err)
{
  network n(problem);
  network_simplex simplex(n.g);
  simplex.lowerMap(n.lower).upperMap(n.upper).costMap(n.cost).supplyMap(n.supply);
  auto start = std::chrono::steady_clock::now();
  network_simplex::ProblemType type = simplex.run();
  result->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (type != network_simplex::OPTIMAL)
    return alf_fail(err, ALF_ESOLVER, "LEMON: problem type %d, expected an optimum (%d)", int(type),
                    int(network_simplex::OPTIMAL));
  result->exact = true;
  result->primal = -simplex.totalCost<alf_int128>();
  result->objective =
      alf_int128_to_double(result->primal, problem.batch->grid_bits, double(alf_problem_denominator(&problem)));
  if (price)
    write_prices(n, problem, simplex, price);
  return ALF_OK;
}

} // namespace

extern "C" alf_status alf_referee_lemon_solve(const alf_problem *problem, int64_t *price, alf_referee_result *result,
                                              alf_error *err)
{
  const long long arcs = (long long)(problem->batch->tokens + 1) * problem->batch->experts;
  if (problem->batch->tokens >= std::numeric_limits<int>::max() / problem->batch->experts)
    return alf_fail(err, ALF_EUNSUPPORTED, "LEMON: %lld arcs: expected at most %d", arcs,
                    std::numeric_limits<int>::max());
  try {
    return solve(*problem, price, result, err);
  } catch (const std::bad_alloc &) {
    return alf_fail_memory(err, (unsigned long long)arcs * sizeof(long long));
  }
}
