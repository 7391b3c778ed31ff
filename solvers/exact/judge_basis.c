#include "exact/judge_basis.h"

#include <stdlib.h>
#include <string.h>

#include "core/hot.h"

/* Prices below this leave room for the sentinels beside differences of two scores, which stay below 2^60 + 2^42. */
static const int64_t price_limit = INT64_C(1) << 59;
static const int64_t closed_score = -(INT64_C(1) << 62);
static const int64_t no_arc = INT64_C(1) << 61;

/* The exchange graph at given prices: an arc a -> b weighs what the cheapest move of load from a to b loses, 0 or more
   at optimal prices. Node E is the free load of ALF_ROUNDED, the root of the basis. */
struct graph {
  int32_t nodes;
  int64_t *weight; /* nodes × nodes; no_arc or more where there is none */
  int64_t *open;   /* E: score, or closed_score of a cell that is used up */
  int64_t *shift;  /* nodes: how far a price moves */
  int64_t *least;  /* nodes: the shifts that the arcs from and to settled nodes allow */
  int64_t *most;
  bool *settled;
};

/* Parts of the spanning tree, by experts and root; a token belongs to its first basic cell. */
struct parts {
  int32_t *link; /* E+1: union-find */
};

void alf_judge_basis_free(alf_judge_basis *basis)
{
  free(basis->amount);
  free(basis->price);
  free(basis->load);
  free(basis->first);
  free(basis->basic);
  free(basis->free_row);
  free(basis->score);
  free(basis->dense);
  *basis = (alf_judge_basis){0};
}

static alf_status basis_alloc(alf_judge_basis *basis, alf_error *err)
{
  size_t tokens = (size_t)basis->solution->tokens, experts = (size_t)basis->solution->experts;
  size_t entries = (size_t)basis->solution->row[tokens];
  basis->amount = malloc(entries * sizeof *basis->amount);
  basis->price = calloc(experts, sizeof *basis->price);
  basis->load = calloc(experts, sizeof *basis->load);
  basis->first = calloc(tokens + 1, sizeof *basis->first);
  basis->basic = calloc(tokens + experts, sizeof *basis->basic);
  basis->free_row = calloc(experts, sizeof *basis->free_row);
  basis->score = calloc(experts, sizeof *basis->score);
  basis->dense = calloc(experts, sizeof *basis->dense);
  if (basis->amount && basis->price && basis->load && basis->first && basis->basic && basis->free_row && basis->score &&
      basis->dense)
    return ALF_OK;
  return alf_fail_memory(err, entries * sizeof *basis->amount + tokens * 10 + experts * 30);
}

static void graph_free(struct graph *g)
{
  free(g->weight);
  free(g->open);
  free(g->shift);
  free(g->least);
  free(g->most);
  free(g->settled);
}

static alf_status graph_alloc(struct graph *g, alf_error *err)
{
  size_t nodes = (size_t)g->nodes;
  g->weight = malloc(nodes * nodes * sizeof *g->weight);
  g->open = calloc(nodes, sizeof *g->open);
  g->shift = calloc(nodes, sizeof *g->shift);
  g->least = malloc(nodes * sizeof *g->least);
  g->most = malloc(nodes * sizeof *g->most);
  g->settled = calloc(nodes, sizeof *g->settled);
  if (g->weight && g->open && g->shift && g->least && g->most && g->settled)
    return ALF_OK;
  return alf_fail_memory(err, nodes * nodes * sizeof *g->weight + 5 * nodes * sizeof *g->open);
}

alf_status alf_judge_check_deadline(alf_deadline deadline, alf_error *err)
{
  return alf_deadline_left_ms(deadline) > 0 ? ALF_OK : alf_fail(err, ALF_ETIMEOUT, "judge: time limit reached");
}

int64_t alf_judge_read_token(alf_judge_basis *basis, int64_t i)
{
  const alf_solution *x = basis->solution;
  const int64_t *affinity = alf_affinity_row(basis->problem->batch, i);
  int64_t threshold = INT64_MAX;
  for (int32_t k = 0; k < x->experts; k++)
    basis->score[k] = affinity[k] + basis->price[k];
  memset(basis->dense, 0, (size_t)x->experts * sizeof *basis->dense);
  for (int64_t e = x->row[i]; e < x->row[i + 1]; e++) {
    int64_t score = basis->score[x->expert[e]];
    basis->dense[x->expert[e]] = basis->amount[e];
    threshold = basis->amount[e] > 0 && score < threshold ? score : threshold;
  }
  return threshold;
}

static ALF_HOT void lower_arcs(int64_t *restrict weight, const int64_t *restrict open, int64_t score, int32_t experts)
{
  for (int32_t b = 0; b < experts; b++) {
    int64_t loss = score - open[b];
    weight[b] = loss < weight[b] ? loss : weight[b];
  }
}

static alf_status build_arcs(struct graph *g, alf_judge_basis *basis, alf_deadline deadline, alf_error *err)
{
  const alf_solution *x = basis->solution;
  alf_status status = ALF_OK;
  for (int64_t a = 0; a < (int64_t)g->nodes * g->nodes; a++)
    g->weight[a] = no_arc;
  for (int64_t i = 0; i < x->tokens && !status; i++) {
    alf_judge_read_token(basis, i);
    for (int32_t k = 0; k < x->experts; k++)
      g->open[k] = basis->dense[k] < x->denominator ? basis->score[k] : closed_score;
    for (int64_t e = x->row[i]; e < x->row[i + 1]; e++)
      if (basis->amount[e] > 0)
        lower_arcs(g->weight + (int64_t)x->expert[e] * g->nodes, g->open, basis->score[x->expert[e]], x->experts);
    if (i % 4096 == 0)
      status = alf_judge_check_deadline(deadline, err);
  }
  for (int32_t k = 0; k < x->experts; k++) {
    alf_load_range range = alf_problem_load_range(basis->problem, k);
    if (basis->load[k] > range.lower)
      g->weight[(int64_t)x->experts * g->nodes + k] = -basis->price[k];
    if (basis->load[k] < range.upper)
      g->weight[(int64_t)k * g->nodes + x->experts] = basis->price[k];
  }
  return status;
}

static void settle(struct graph *g, int32_t a, int64_t shift)
{
  g->settled[a] = true;
  g->shift[a] = shift;
  for (int32_t b = 0; b < g->nodes; b++) {
    int64_t to = g->weight[(int64_t)a * g->nodes + b], from = g->weight[(int64_t)b * g->nodes + a];
    if (to < no_arc && shift + to < g->most[b])
      g->most[b] = shift + to;
    if (from < no_arc && shift - from > g->least[b])
      g->least[b] = shift - from;
  }
}

/* The node that the rest, shifted as one, is tied to first, and by how little; -1 when none is left that has an arc. */
static int32_t next_tie(const struct graph *g, int64_t *shift)
{
  int32_t nearest = -1;
  int64_t least_move = INT64_MAX, from = *shift;
  for (int32_t b = 0; b < g->nodes; b++) {
    if (g->settled[b])
      continue;
    if (g->most[b] < INT64_MAX && llabs(g->most[b] - from) < least_move) {
      least_move = llabs(g->most[b] - from);
      *shift = g->most[b];
      nearest = b;
    }
    if (g->least[b] > INT64_MIN && llabs(g->least[b] - from) < least_move) {
      least_move = llabs(g->least[b] - from);
      *shift = g->least[b];
      nearest = b;
    }
  }
  return nearest;
}

/* Moves prices to a vertex of their face: from one node on, all nodes that are not yet joined move together until the
   first tie joins one. Arcs among those that move together do not change, and no other one becomes negative. */
static void move_prices(struct graph *g, int32_t start)
{
  for (int32_t b = 0; b < g->nodes; b++) {
    g->most[b] = INT64_MAX;
    g->least[b] = INT64_MIN;
  }
  int64_t shift = 0;
  for (int32_t a = start; a >= 0; a = next_tie(g, &shift))
    settle(g, a, shift);
}

/* Loads that are fixed leave a common shift of all prices open: the first expert's price stays. */
static bool has_free_load(const alf_problem *problem)
{
  alf_load_range range = alf_problem_load_range(problem, 0);
  return alf_problem_has_free_load(problem) && range.lower < range.upper;
}

static alf_status find_prices(alf_judge_basis *basis, alf_deadline deadline, alf_error *err)
{
  int32_t experts = basis->solution->experts;
  struct graph g = {.nodes = experts + 1};
  alf_status status = graph_alloc(&g, err);
  if (!status)
    status = build_arcs(&g, basis, deadline, err);
  if (!status)
    move_prices(&g, has_free_load(basis->problem) ? experts : 0);
  for (int32_t k = 0; k < experts && !status; k++)
    basis->price[k] += g.shift[k];
  graph_free(&g);
  return status;
}

static int32_t part_of(const struct parts *parts, int32_t node)
{
  while (parts->link[node] != node)
    node = parts->link[node] = parts->link[parts->link[node]];
  return node;
}

/* False when both are one part already. */
static bool join(struct parts *parts, int32_t a, int32_t b)
{
  a = part_of(parts, a);
  b = part_of(parts, b);
  parts->link[a] = b;
  return a != b;
}

/* Cells strictly between their bounds must be basic. */
static void join_fractional(struct parts *parts, const alf_judge_basis *basis)
{
  const alf_solution *x = basis->solution;
  for (int64_t i = 0; i < x->tokens; i++) {
    int32_t before = -1;
    for (int64_t e = x->row[i]; e < x->row[i + 1]; e++) {
      if (basis->amount[e] == 0 || basis->amount[e] == x->denominator)
        continue;
      if (before >= 0)
        join(parts, before, x->expert[e]);
      before = x->expert[e];
    }
  }
}

/* The root hangs on the experts whose load is free at price 0; where loads are fixed, or prices wrong, on the first. */
static void join_root(struct parts *parts, alf_judge_basis *basis)
{
  int32_t experts = basis->solution->experts;
  bool joined = false;
  for (int32_t k = 0; k < experts && has_free_load(basis->problem); k++) {
    basis->free_row[k] = basis->price[k] == 0 && join(parts, k, experts);
    joined = joined || basis->free_row[k];
  }
  if (!joined)
    basis->free_row[0] = join(parts, 0, experts);
}

/* The basic cells of token i: those strictly between their bounds, one of those at its threshold, and more of these
   where they join parts; then, for the last token, any that do, so that the tree spans at wrong prices, too. */
static void take_cells(alf_judge_basis *basis, struct parts *parts, int64_t i, int64_t *end)
{
  const alf_solution *x = basis->solution;
  int64_t threshold = alf_judge_read_token(basis, i);
  bool last = i == x->tokens - 1;
  int32_t anchor = -1, used = -1;
  for (int32_t k = 0; k < x->experts; k++) {
    if (basis->dense[k] > 0 && basis->dense[k] < x->denominator)
      basis->basic[(*end)++] = (alf_expert)(anchor = k);
    if (used < 0 && basis->dense[k] > 0 && basis->score[k] == threshold)
      used = k;
  }
  if (anchor < 0)
    basis->basic[(*end)++] = (alf_expert)(anchor = used);
  for (int any = 0; any <= last; any++)
    for (int32_t k = 0; k < x->experts; k++)
      if ((any || basis->score[k] == threshold) && join(parts, anchor, k))
        basis->basic[(*end)++] = (alf_expert)k;
}

static alf_status span(alf_judge_basis *basis, alf_deadline deadline, alf_error *err)
{
  int32_t experts = basis->solution->experts;
  struct parts parts = {calloc((size_t)experts + 1, sizeof *parts.link)};
  if (!parts.link)
    return alf_fail_memory(err, ((size_t)experts + 1) * sizeof *parts.link);
  for (int32_t k = 0; k <= experts; k++)
    parts.link[k] = k;
  join_fractional(&parts, basis);
  join_root(&parts, basis);
  alf_status status = ALF_OK;
  int64_t end = 0;
  for (int64_t i = 0; i < basis->solution->tokens && !status; i++) {
    take_cells(basis, &parts, i, &end);
    basis->first[i + 1] = end;
    if (i % 4096 == 0)
      status = alf_judge_check_deadline(deadline, err);
  }
  free(parts.link);
  return status;
}

static alf_status read_solution(alf_judge_basis *basis, alf_error *err)
{
  const alf_solution *x = basis->solution;
  memcpy(basis->amount, x->amount, (size_t)x->row[x->tokens] * sizeof *x->amount);
  memcpy(basis->price, x->price, (size_t)x->experts * sizeof *x->price);
  for (int32_t k = 0; k < x->experts; k++)
    if (x->price[k] <= -price_limit || x->price[k] >= price_limit)
      return alf_fail(err, ALF_ERANGE, "judge: price of expert %d is %lld grid units: expected |price| < 2^59", (int)k,
                      (long long)x->price[k]);
  alf_status status = x->denominator > 1 ? alf_judge_to_vertex(basis->problem->batch, x, basis->amount, err) : ALF_OK;
  for (int64_t e = 0; e < x->row[x->tokens]; e++)
    basis->load[x->expert[e]] += basis->amount[e];
  return status;
}

alf_status alf_judge_basis_find(alf_judge_basis *basis, const alf_problem *problem, const alf_solution *solution,
                                alf_deadline deadline, alf_error *err)
{
  basis->problem = problem;
  basis->solution = solution;
  alf_status status = basis_alloc(basis, err);
  if (!status)
    status = read_solution(basis, err);
  if (!status)
    status = find_prices(basis, deadline, err);
  return status ? status : span(basis, deadline, err);
}
