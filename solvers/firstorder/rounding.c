#include "firstorder/rounding.h"

#include <stdbool.h>
#include <stdlib.h>

#include "alf/routing.h"
#include "core/memory.h"
#include "exact/solution.h"

/* A token's offer to leave one expert for another. */
typedef struct move {
  int64_t cost; /* score lost, grid units */
  int64_t token;
  alf_expert from, to;
} move;

/* The cheapest exchange from one expert to another, over all tokens. */
typedef struct arc {
  int64_t cost, token; /* token −1: none */
} arc;

struct rounding {
  alf_memory memory;
  const alf_problem *problem;
  const int64_t *price; /* E */
  int64_t tokens;       /* T */
  int32_t experts;      /* E */
  int64_t denominator;  /* at most E, so that amounts fit in 16 bits */
  int16_t *amount;      /* T×E, row-major, 0..denominator */
  int64_t *surplus;     /* E: load − target, in units of 1/denominator */
  int64_t *row;         /* E: scores or amounts of one token */
  alf_expert *chosen;   /* K */
  int32_t *parent;      /* E: on the path, the expert before; itself at a start, −1 when not reached */
  int32_t *queue;       /* E */
  move *offer;          /* T */
  arc *arc;             /* E×E; NULL until the first path */
};

static alf_status take_memory(struct rounding *r, const alf_problem *problem, const int64_t *price, alf_error *err)
{
  *r = (struct rounding){.problem = problem,
                         .price = price,
                         .tokens = problem->batch->tokens,
                         .experts = problem->batch->experts,
                         .denominator = alf_problem_denominator(problem)};
  size_t tokens = (size_t)r->tokens, experts = (size_t)r->experts;
  alf_memory *memory = &r->memory;
  r->amount = alf_memory_take(memory, tokens * experts, sizeof *r->amount);
  r->surplus = alf_memory_take(memory, experts, sizeof *r->surplus);
  r->row = alf_memory_take(memory, experts, sizeof *r->row);
  r->chosen = alf_memory_take(memory, (size_t)problem->topk, sizeof *r->chosen);
  r->parent = alf_memory_take(memory, experts, sizeof *r->parent);
  r->queue = alf_memory_take(memory, experts, sizeof *r->queue);
  r->offer = alf_memory_take(memory, tokens, sizeof *r->offer);
  return alf_memory_check(memory, err);
}

static int64_t score(const struct rounding *r, int64_t i, int32_t k)
{
  return alf_affinity_row(r->problem->batch, i)[k] + r->price[k];
}

static void route(struct rounding *r)
{
  for (int64_t i = 0; i < r->tokens; i++) {
    for (int32_t k = 0; k < r->experts; k++)
      r->row[k] = score(r, i, k);
    alf_topk_row(r->row, r->experts, r->problem->topk, r->chosen);
    for (int32_t j = 0; j < r->problem->topk; j++) {
      r->amount[i * r->experts + r->chosen[j]] = (int16_t)r->denominator;
      r->surplus[r->chosen[j]] += r->denominator;
    }
  }
}

/* Whether expert a is to get the larger load before b: the lower price, then the larger load, then the index. */
static bool goes_before(const struct rounding *r, int32_t a, int32_t b)
{
  if (r->price[a] != r->price[b])
    return r->price[a] < r->price[b];
  return r->surplus[a] != r->surplus[b] ? r->surplus[a] > r->surplus[b] : a < b;
}

/* The load that expert k is to have, while `surplus` still holds the loads. */
static int64_t target(const struct rounding *r, int32_t k, int64_t larger)
{
  alf_load_range range = alf_problem_load_range(r->problem, k);
  if (range.lower == range.upper)
    return range.lower;
  for (int32_t j = 0; j < r->experts && larger > 0; j++)
    larger -= j != k && goes_before(r, j, k);
  return larger > 0 ? range.upper : range.lower;
}

static void subtract_targets(struct rounding *r)
{
  int64_t larger = r->problem->topk * r->tokens % r->experts;
  for (int32_t k = 0; k < r->experts; k++)
    r->row[k] = target(r, k, larger);
  for (int32_t k = 0; k < r->experts; k++)
    r->surplus[k] -= r->row[k];
}

static bool is_balanced(const struct rounding *r)
{
  for (int32_t k = 0; k < r->experts; k++)
    if (r->surplus[k])
      return false;
  return true;
}

/* The cheapest direct move of token i: its lowest score above load for its highest below. */
static bool find_offer(const struct rounding *r, int64_t i, move *offer)
{
  const int16_t *amount = r->amount + i * r->experts;
  int32_t from = -1, to = -1;
  int64_t lost = 0, won = 0;
  for (int32_t k = 0; k < r->experts; k++) {
    int64_t value = score(r, i, k);
    if (r->surplus[k] > 0 && amount[k] > 0 && (from < 0 || value < lost)) {
      from = k;
      lost = value;
    }
    if (r->surplus[k] < 0 && amount[k] < r->denominator && (to < 0 || value > won)) {
      to = k;
      won = value;
    }
  }
  *offer = (move){lost - won, i, (alf_expert)from, (alf_expert)to};
  return from >= 0 && to >= 0;
}

static int compare_offers(const void *a, const void *b)
{
  const move *x = a, *y = b;
  if (x->cost != y->cost)
    return x->cost < y->cost ? -1 : 1;
  return (x->token > y->token) - (x->token < y->token);
}

static int64_t least(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

/* How much token i can move from one expert to another. */
static int64_t movable(const struct rounding *r, int64_t i, int32_t from, int32_t to)
{
  const int16_t *amount = r->amount + i * r->experts;
  return least(amount[from], r->denominator - amount[to]);
}

static void shift_amount(struct rounding *r, int64_t i, int32_t from, int32_t to, int64_t amount)
{
  r->amount[i * r->experts + from] -= (int16_t)amount;
  r->amount[i * r->experts + to] += (int16_t)amount;
}

/* One round of direct moves; false when nobody can make one. */
static bool move_directly(struct rounding *r)
{
  int64_t offers = 0;
  for (int64_t i = 0; i < r->tokens; i++)
    offers += find_offer(r, i, &r->offer[offers]);
  qsort(r->offer, (size_t)offers, sizeof *r->offer, compare_offers);
  for (int64_t o = 0; o < offers; o++) {
    move m = r->offer[o];
    if (r->surplus[m.from] <= 0 || r->surplus[m.to] >= 0)
      continue;
    int64_t amount = least(movable(r, m.token, m.from, m.to), least(r->surplus[m.from], -r->surplus[m.to]));
    shift_amount(r, m.token, m.from, m.to, amount);
    r->surplus[m.from] -= amount;
    r->surplus[m.to] += amount;
  }
  return offers > 0;
}

static void find_arcs(struct rounding *r)
{
  for (int64_t c = 0; c < (int64_t)r->experts * r->experts; c++)
    r->arc[c] = (arc){0, -1};
  for (int64_t i = 0; i < r->tokens; i++)
    for (int32_t a = 0; a < r->experts; a++) {
      arc *out = r->arc + (int64_t)a * r->experts;
      if (r->amount[i * r->experts + a] == 0)
        continue;
      for (int32_t b = 0; b < r->experts; b++) {
        int64_t cost = score(r, i, a) - score(r, i, b);
        if (a != b && movable(r, i, a, b) > 0 && (out[b].token < 0 || cost < out[b].cost))
          out[b] = (arc){cost, i};
      }
    }
}

/* Breadth first from all experts above their load; the first one below it that is reached, or −1. */
static int32_t find_path(struct rounding *r)
{
  int32_t end = 0;
  for (int32_t k = 0; k < r->experts; k++) {
    r->parent[k] = r->surplus[k] > 0 ? k : -1;
    if (r->surplus[k] > 0)
      r->queue[end++] = k;
  }
  for (int32_t head = 0; head < end; head++)
    for (int32_t b = 0; b < r->experts; b++) {
      if (r->parent[b] >= 0 || r->arc[(int64_t)r->queue[head] * r->experts + b].token < 0)
        continue;
      r->parent[b] = r->queue[head];
      if (r->surplus[b] < 0)
        return b;
      r->queue[end++] = b;
    }
  return -1;
}

static arc arc_to(const struct rounding *r, int32_t b)
{
  return r->arc[(int64_t)r->parent[b] * r->experts + b];
}

/* A path takes no expert twice, so that its exchanges do not get in each other's way, even when one token makes several:
   what one takes from an expert, no other does. */
static void move_along(struct rounding *r, int32_t end)
{
  int32_t start = end;
  int64_t amount = -r->surplus[end];
  for (; r->parent[start] != start; start = r->parent[start])
    amount = least(amount, movable(r, arc_to(r, start).token, r->parent[start], start));
  amount = least(amount, r->surplus[start]);
  for (int32_t k = end; k != start; k = r->parent[k])
    shift_amount(r, arc_to(r, k).token, r->parent[k], k, amount);
  r->surplus[start] -= amount;
  r->surplus[end] += amount;
}

static alf_status move_by_path(struct rounding *r, alf_error *err)
{
  if (!r->arc)
    r->arc = alf_memory_take(&r->memory, (size_t)r->experts * (size_t)r->experts, sizeof *r->arc);
  if (!r->arc)
    return alf_memory_check(&r->memory, err);
  find_arcs(r);
  int32_t end = find_path(r);
  if (end < 0)
    return alf_fail(err, ALF_ESOLVER, "rounding: no exchange leads to an expert below its load");
  move_along(r, end);
  return ALF_OK;
}

static alf_status balance(struct rounding *r, alf_deadline deadline, alf_error *err)
{
  alf_status status = ALF_OK;
  while (!status && !is_balanced(r)) {
    if (alf_deadline_left_ms(deadline) == 0)
      return alf_fail(err, ALF_ETIMEOUT, "rounding: time limit reached");
    if (!move_directly(r))
      status = move_by_path(r, err);
  }
  return status;
}

alf_status alf_round_prices(const alf_problem *problem, alf_deadline deadline, alf_solution *solution, alf_error *err)
{
  struct rounding r;
  alf_status status = take_memory(&r, problem, solution->price, err);
  if (status == ALF_OK) {
    route(&r);
    subtract_targets(&r);
    status = balance(&r, deadline, err);
  }
  for (int64_t i = 0; i < r.tokens && !status; i++) {
    for (int32_t k = 0; k < r.experts; k++)
      r.row[k] = r.amount[i * r.experts + k];
    status = alf_solution_append(solution, problem->topk, i, r.row, err);
  }
  alf_memory_free(&r.memory);
  return status;
}
