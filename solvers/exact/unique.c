#include "exact/unique.h"

#include <stdlib.h>
#include <string.h>

/* Fractional cells can move both ways: they join tokens and experts to trees, unless they close a cycle. All other tied
   cells can move one way, and are arcs between trees. */
struct ties {
  const alf_problem *problem;
  const alf_solution *solution;
  const int64_t *price;
  bool cycle;
  int32_t *parent; /* E: union-find of the trees */
  bool *arc;       /* E×E: between the trees' roots */
  int32_t *amount; /* E: one row, dense */
};

static int32_t root_of(int32_t *parent, int32_t k)
{
  while (parent[k] != k)
    k = parent[k] = parent[parent[k]];
  return k;
}

/* Joins the experts that share token i's fractions. */
static void join_fractions(struct ties *t, int64_t i)
{
  const alf_solution *x = t->solution;
  int32_t first = -1;
  for (int64_t e = x->row[i]; e < x->row[i + 1]; e++) {
    if (x->amount[e] == x->denominator)
      continue;
    int32_t root = root_of(t->parent, x->expert[e]);
    if (first >= 0 && root_of(t->parent, first) == root)
      t->cycle = true;
    else if (first >= 0)
      t->parent[root] = root_of(t->parent, first);
    first = first < 0 ? root : first;
  }
}

/* The arcs of token i from used expert a, whose score is the threshold, to the open experts of that score. */
static void add_arcs(struct ties *t, const int64_t *affinity, int32_t a)
{
  int32_t experts = t->solution->experts, full = (int32_t)t->solution->denominator, from = root_of(t->parent, a);
  int64_t score = affinity[a] + t->price[a];
  for (int32_t b = 0; b < experts; b++) {
    if (affinity[b] + t->price[b] != score || t->amount[b] == full || (t->amount[b] > 0 && t->amount[a] < full))
      continue;
    t->arc[(int64_t)from * experts + root_of(t->parent, b)] = true;
  }
}

static void offer_token(struct ties *t, int64_t i)
{
  const alf_solution *x = t->solution;
  const int64_t *affinity = alf_affinity_row(t->problem->batch, i);
  int64_t lowest = INT64_MAX;
  memset(t->amount, 0, (size_t)x->experts * sizeof *t->amount);
  for (int64_t e = x->row[i]; e < x->row[i + 1]; e++) {
    int64_t score = affinity[x->expert[e]] + t->price[x->expert[e]];
    lowest = score < lowest ? score : lowest;
    t->amount[x->expert[e]] = x->amount[e];
  }
  for (int64_t e = x->row[i]; e < x->row[i + 1]; e++)
    if (affinity[x->expert[e]] + t->price[x->expert[e]] == lowest)
      add_arcs(t, affinity, x->expert[e]);
}

/* Takes away trees that no arc enters until none is left, or each one that is left is entered; an arc inside a tree is
   a cycle, too. `parent` and `amount` have served. */
static bool arcs_close_a_cycle(struct ties *t)
{
  int32_t experts = t->solution->experts, first = 0, last = 0, *entered = t->amount, *queue = t->parent;
  memset(entered, 0, (size_t)experts * sizeof *entered);
  for (int64_t c = 0; c < (int64_t)experts * experts; c++)
    entered[c % experts] += t->arc[c];
  for (int32_t k = 0; k < experts; k++)
    if (entered[k] == 0)
      queue[last++] = k;
  for (; first < last; first++)
    for (int32_t b = 0; b < experts; b++)
      if (t->arc[(int64_t)queue[first] * experts + b] && --entered[b] == 0)
        queue[last++] = b;
  return last < experts;
}

static void look_for_cycle(struct ties *t)
{
  for (int32_t k = 0; k < t->solution->experts; k++)
    t->parent[k] = k;
  for (int64_t i = 0; i < t->solution->tokens && !t->cycle; i++)
    join_fractions(t, i);
  for (int64_t i = 0; i < t->solution->tokens && !t->cycle; i++)
    offer_token(t, i);
  t->cycle = t->cycle || arcs_close_a_cycle(t);
}

alf_status alf_routing_is_unique(const alf_problem *problem, const alf_solution *solution, const int64_t *price,
                                 bool *unique, alf_error *err)
{
  size_t experts = (size_t)solution->experts;
  struct ties t = {.problem = problem, .solution = solution, .price = price};
  t.parent = malloc(experts * sizeof *t.parent);
  t.arc = calloc(experts * experts, sizeof *t.arc);
  t.amount = malloc(experts * sizeof *t.amount);
  bool complete = t.parent && t.arc && t.amount;
  if (complete)
    look_for_cycle(&t);
  *unique = complete && !t.cycle;
  free(t.parent);
  free(t.arc);
  free(t.amount);
  return complete ? ALF_OK : alf_fail_memory(err, experts * (experts + 8));
}
