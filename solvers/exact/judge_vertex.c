#include <stdlib.h>

#include "exact/judge_basis.h"

/* The forest of cells strictly between their bounds. Node k < E is expert k, node E + i is token i. A path alternates
   between both, so that it has at most 2E edges. */
struct forest {
  const alf_affinity *batch;
  const alf_solution *solution;
  int32_t *amount;
  int64_t *parent; /* T+E; -1: none */
  int64_t *entry;  /* T+E: the cell between a node and its parent */
};

static bool is_between(const struct forest *f, int64_t entry)
{
  return f->amount[entry] > 0 && f->amount[entry] < f->solution->denominator;
}

static int64_t depth_of(const struct forest *f, int64_t node)
{
  int64_t depth = 0;
  for (; f->parent[node] >= 0; node = f->parent[node])
    depth++;
  return depth;
}

static int64_t common_ancestor(const struct forest *f, int64_t a, int64_t b)
{
  int64_t depth_a = depth_of(f, a), depth_b = depth_of(f, b);
  while (a != b && (f->parent[a] >= 0 || f->parent[b] >= 0)) {
    bool up_a = depth_a >= depth_b, up_b = depth_b >= depth_a;
    a = up_a ? f->parent[a] : a;
    b = up_b ? f->parent[b] : b;
    depth_a -= up_a;
    depth_b -= up_b;
  }
  return a == b ? a : -1;
}

/* Makes `node` the root of its tree. */
static void evert(struct forest *f, int64_t node)
{
  int64_t above = -1, between = -1;
  while (node >= 0) {
    int64_t next = f->parent[node], entry = f->entry[node];
    f->parent[node] = above;
    f->entry[node] = between;
    above = node;
    between = entry;
    node = next;
  }
}

static int64_t affinity_of(const struct forest *f, int64_t node, int64_t entry)
{
  int32_t experts = f->solution->experts;
  int64_t token = node >= experts ? node - experts : f->parent[node] - experts;
  return alf_affinity_row(f->batch, token)[f->solution->expert[entry]];
}

/* What the path from `node` up to `top` is worth when its cells fall and rise in turn by one unit. */
static int64_t value_up(const struct forest *f, int64_t node, int64_t top)
{
  int64_t value = 0;
  for (int64_t sign = -1; node != top; node = f->parent[node], sign = -sign)
    value += sign * affinity_of(f, node, f->entry[node]);
  return value;
}

static int32_t room_of(const struct forest *f, int64_t entry, int32_t sign)
{
  return sign > 0 ? (int32_t)f->solution->denominator - f->amount[entry] : f->amount[entry];
}

/* How far the cells of that path can move, the first one by `sign`; at most `room`. */
static int32_t room_up(const struct forest *f, int64_t node, int64_t top, int32_t sign, int32_t room)
{
  for (; node != top; node = f->parent[node], sign = -sign) {
    int32_t cell = room_of(f, f->entry[node], sign);
    room = cell < room ? cell : room;
  }
  return room;
}

/* Moves them, and cuts off what comes to a bound. */
static void move_up(struct forest *f, int64_t node, int64_t top, int32_t step)
{
  while (node != top) {
    int64_t above = f->parent[node];
    f->amount[f->entry[node]] += step;
    if (!is_between(f, f->entry[node]))
      f->parent[node] = -1;
    node = above;
    step = -step;
  }
}

/* Moves round the cycle that a new cell closes until a cell comes to a bound, in the direction that gains nothing: a
   vertex better than the solution would hide that the solution is wrong. */
static void cancel_cycle(struct forest *f, int64_t token, int64_t expert, int64_t top, int64_t entry)
{
  int64_t value = affinity_of(f, token, entry) + value_up(f, token, top) + value_up(f, expert, top);
  int32_t sign = value > 0 ? -1 : 1, step = room_of(f, entry, sign);
  step = room_up(f, token, top, -sign, step);
  step = room_up(f, expert, top, -sign, step);
  f->amount[entry] += sign * step;
  move_up(f, token, top, -sign * step);
  move_up(f, expert, top, -sign * step);
}

static void add_cell(struct forest *f, int64_t token, int64_t expert, int64_t entry)
{
  int64_t top = common_ancestor(f, token, expert);
  if (top >= 0)
    cancel_cycle(f, token, expert, top, entry);
  if (!is_between(f, entry))
    return;
  evert(f, token);
  f->parent[token] = expert;
  f->entry[token] = entry;
}

alf_status alf_judge_to_vertex(const alf_affinity *batch, const alf_solution *x, int32_t *amount, alf_error *err)
{
  size_t nodes = (size_t)(x->tokens + x->experts);
  struct forest f = {batch, x, amount, malloc(nodes * sizeof *f.parent), calloc(nodes, sizeof *f.entry)};
  alf_status status = f.parent && f.entry ? ALF_OK : alf_fail_memory(err, 2 * nodes * sizeof *f.parent);
  for (size_t node = 0; node < nodes && !status; node++)
    f.parent[node] = -1;
  for (int64_t i = 0; i < x->tokens && !status; i++)
    for (int64_t e = x->row[i]; e < x->row[i + 1]; e++)
      if (is_between(&f, e))
        add_cell(&f, x->experts + i, x->expert[e], e);
  free(f.parent);
  free(f.entry);
  return status;
}
