#include <stdlib.h>

#include "exact/judge_basis.h"

/* The forest of cells strictly between their bounds. Node k < E is expert k, node E + i is token i. A path alternates
   between both, so that it has at most 2E edges. */
struct forest {
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

/* What the path from `node` up to `top`, whose cells fall and rise in turn, leaves room for. */
static int32_t room_up(const struct forest *f, int64_t node, int64_t top, int32_t room)
{
  int32_t denominator = (int32_t)f->solution->denominator;
  for (bool falls = true; node != top; node = f->parent[node], falls = !falls) {
    int32_t amount = f->amount[f->entry[node]], cell = falls ? amount : denominator - amount;
    room = cell < room ? cell : room;
  }
  return room;
}

/* Moves the amounts of that path, and cuts off what comes to a bound. */
static void move_up(struct forest *f, int64_t node, int64_t top, int32_t step)
{
  for (bool falls = true; node != top; falls = !falls) {
    int64_t above = f->parent[node];
    f->amount[f->entry[node]] += falls ? -step : step;
    if (!is_between(f, f->entry[node]))
      f->parent[node] = -1;
    node = above;
  }
}

/* Adds one cell; where it closes a cycle, that moves until a cell of it comes to a bound. */
static void add_cell(struct forest *f, int64_t token, int64_t expert, int64_t entry)
{
  int64_t top = common_ancestor(f, token, expert);
  if (top >= 0) {
    int32_t step = (int32_t)f->solution->denominator - f->amount[entry];
    step = room_up(f, token, top, step);
    step = room_up(f, expert, top, step);
    move_up(f, token, top, step);
    move_up(f, expert, top, step);
    f->amount[entry] += step;
  }
  if (!is_between(f, entry))
    return;
  evert(f, token);
  f->parent[token] = expert;
  f->entry[token] = entry;
}

alf_status alf_judge_to_vertex(const alf_solution *x, int32_t *amount, alf_error *err)
{
  size_t nodes = (size_t)(x->tokens + x->experts);
  struct forest f = {x, amount, malloc(nodes * sizeof *f.parent), calloc(nodes, sizeof *f.entry)};
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
