/* Bertsekas' forward auction with ε-scaling, for the transportation problem with bounds: tokens bid for K different
   experts, an expert sells L_k slots, each to the highest bids it has seen. At the end of a phase every token is within ε
   of its best choice at the final prices, so that the objective is within K·T·ε of the optimum. (D. P. Bertsekas, D. A.
   Castañon, The auction algorithm for the transportation problem, 1989; similar objects share a price, the lowest bid
   held.) All in grid units; ε stays at one of them or more, so the end is near the optimum, not at it. Slots
   are whole: where L is not, the first experts get ⌈L⌉ and the others ⌊L⌋, and what that costs is part of the gap. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "firstorder/common.h"

enum {
  SWEEPS = 1000000,
  SCALE = 5,       /* ε falls by this from phase to phase */
  FIRST_SHARE = 4, /* the first ε is this part of the affinities' range */
};

typedef struct bid {
  int64_t price; /* grid units */
  int64_t token;
} bid;

typedef struct workspace {
  alf_first_order run;
  int64_t epsilon, last_epsilon; /* grid units */
  int64_t *start;                /* E+1: where each expert's slots begin in held */
  int64_t *count;                /* E: slots sold */
  bid *held;                     /* K·T: a heap for each expert, lowest price first */
  alf_expert *chosen;            /* T×K, E for none */
  int64_t *price;                /* E, grid units, as buyers see it: -p */
  int64_t *queue, *next;         /* T: tokens that lack a slot, in this sweep and in the next */
  int64_t queued, waiting;       /* how many */
  bool *listed;                  /* T: whether a token is in either */
  alf_expert *wish;              /* K+1: the best experts that the bidder does not hold, best first */
  int64_t *value;                /* K+1: what they are worth to it */
  double *shown;                 /* E */
} workspace;

/* Measured: 0.07 s at 4096 × 64, K = 6; 0.37 s at 16384 × 64, K = 8. */
static double estimate(const alf_problem *problem)
{
  return 4e-7 * (double)problem->batch->tokens * problem->batch->experts;
}

/* Everything is for sale again, at the prices the phase before ended with. */
static void start_phase(workspace *w)
{
  int64_t tokens = w->run.problem->batch->tokens;
  memset(w->count, 0, (size_t)w->run.problem->batch->experts * sizeof *w->count);
  for (int64_t slot = 0; slot < tokens * w->run.problem->topk; slot++)
    w->chosen[slot] = (alf_expert)w->run.problem->batch->experts;
  for (int64_t i = 0; i < tokens; i++) {
    w->next[i] = i;
    w->listed[i] = true;
  }
  w->waiting = tokens;
}

static void sift_up(bid *heap, int64_t at)
{
  bid moved = heap[at];
  for (; at > 0 && heap[(at - 1) / 2].price > moved.price; at = (at - 1) / 2)
    heap[at] = heap[(at - 1) / 2];
  heap[at] = moved;
}

static void sift_down(bid *heap, int64_t count)
{
  bid moved = heap[0];
  int64_t at = 0;
  for (int64_t child = 1; child < count; child = 2 * at + 1) {
    child += child + 1 < count && heap[child + 1].price < heap[child].price;
    if (heap[child].price >= moved.price)
      break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = moved;
}

static void replace(workspace *w, int64_t i, int32_t old, int32_t new)
{
  alf_expert *row = w->chosen + i * w->run.problem->topk;
  int32_t j = 0;
  while (row[j] != old)
    j++;
  row[j] = (alf_expert) new;
}

/* Sells a slot, if need be that of the lowest bidder, who goes back to the queue. */
static void sell(workspace *w, int32_t k, bid offer)
{
  int32_t none = w->run.problem->batch->experts;
  bid *heap = w->held + w->start[k];
  int64_t room = w->start[k + 1] - w->start[k];
  if (w->count[k] < room) {
    heap[w->count[k]] = offer;
    sift_up(heap, w->count[k]++);
  } else {
    int64_t loser = heap[0].token;
    replace(w, loser, k, none);
    heap[0] = offer;
    sift_down(heap, room);
    if (!w->listed[loser])
      w->next[w->waiting++] = loser;
    w->listed[loser] = true;
  }
  replace(w, offer.token, none, k);
  if (w->count[k] == room)
    w->price[k] = heap[0].price;
}

static int32_t count_missing(const workspace *w, int64_t i)
{
  const alf_expert *row = w->chosen + i * w->run.problem->topk;
  int32_t missing = 0;
  for (int32_t j = 0; j < w->run.problem->topk; j++)
    missing += row[j] == w->run.problem->batch->experts;
  return missing;
}

static bool holds(const workspace *w, int64_t i, int32_t k)
{
  const alf_expert *row = w->chosen + i * w->run.problem->topk;
  for (int32_t j = 0; j < w->run.problem->topk; j++)
    if (row[j] == k)
      return true;
  return false;
}

/* The `wanted` best experts that token i does not hold; returns how many there are. */
static int32_t find_wishes(workspace *w, int64_t i, int32_t wanted)
{
  const int64_t *affinity = alf_affinity_row(w->run.problem->batch, i);
  int32_t found = 0;
  for (int32_t k = 0; k < w->run.problem->batch->experts; k++) {
    int64_t value = affinity[k] - w->price[k];
    bool too_low = found == wanted && value <= w->value[found - 1];
    if (too_low || w->start[k] == w->start[k + 1] || holds(w, i, k))
      continue;
    int32_t at = found < wanted ? found++ : found - 1;
    for (; at > 0 && w->value[at - 1] < value; at--) {
      w->value[at] = w->value[at - 1];
      w->wish[at] = w->wish[at - 1];
    }
    w->value[at] = value;
    w->wish[at] = (alf_expert)k;
  }
  return found;
}

/* Token i bids for all slots it lacks, so high that each is worth ε less to it than the best it leaves. */
static void place_bids(workspace *w, int64_t i)
{
  const int64_t *affinity = alf_affinity_row(w->run.problem->batch, i);
  int32_t missing = count_missing(w, i), found = find_wishes(w, i, missing + 1);
  bool has_rest = found > missing; /* else every usable expert is this token's, and there is no one to bid against */
  for (int32_t j = 0; j < missing; j++) {
    int32_t k = w->wish[j];
    sell(w, k, (bid){has_rest ? affinity[k] - w->value[missing] + w->epsilon : w->price[k], i});
  }
}

static alf_status sweep(workspace *w, alf_deadline deadline, alf_error *err)
{
  enum { BETWEEN_LOOKS = 4096 };
  int64_t *queue = w->next;
  w->next = w->queue;
  w->queue = queue;
  w->queued = w->waiting;
  w->waiting = 0;
  for (int64_t q = 0; q < w->queued; q++) {
    w->listed[queue[q]] = false;
    place_bids(w, queue[q]);
    if (q % BETWEEN_LOOKS == BETWEEN_LOOKS - 1 && alf_deadline_left_ms(deadline) == 0)
      return alf_fail(err, ALF_ETIMEOUT, "auction: time limit reached");
  }
  return ALF_OK;
}

static alf_status step(void *opaque, int64_t n, alf_deadline deadline, bool *last, alf_error *err)
{
  workspace *w = opaque;
  if (n > 1 && w->waiting == 0)
    w->epsilon = w->epsilon / SCALE > w->last_epsilon ? w->epsilon / SCALE : w->last_epsilon;
  if (w->waiting == 0)
    start_phase(w);
  alf_status status = sweep(w, deadline, err);
  *last = w->waiting == 0 && w->epsilon <= w->last_epsilon;
  return status;
}

static void view(void *opaque, alf_first_order_iterate *iterate)
{
  workspace *w = opaque;
  alf_first_order_show(w->run.problem->batch, w->price, w->shown);
  for (int32_t k = 0; k < w->run.problem->batch->experts; k++)
    w->shown[k] = -w->shown[k];
  iterate->price = w->shown;
  iterate->chosen = w->chosen;
}

/* So that K·T·ε is a third of what the tolerance allows, judged by the largest affinities; but at most their range, with
   which any routing will do: bids are to stay within 64 bits. */
static void find_epsilons(workspace *w)
{
  alf_first_order_extent extent = alf_first_order_measure(w->run.problem->batch);
  double slots = (double)w->run.problem->topk * (double)w->run.problem->batch->tokens;
  double last = w->run.settings.tolerance * extent.best / (3 * slots);
  w->last_epsilon = (int64_t)fmax(fmin(last, extent.range), 1);
  int64_t first = (int64_t)extent.range / FIRST_SHARE;
  w->epsilon = first > w->last_epsilon ? first : w->last_epsilon;
}

/* An expert that must stay empty costs more than others ever will: its price then puts no token in two minds. */
static void lay_out_slots(workspace *w)
{
  const alf_problem *problem = w->run.problem;
  double forbidding = 2 * alf_first_order_measure(problem->batch).range * problem->batch->experts;
  int64_t slots = problem->topk * problem->batch->tokens, experts = problem->batch->experts;
  w->start[0] = 0;
  for (int32_t k = 0; k < experts; k++) {
    int64_t load = problem->capacity ? problem->capacity[k] : slots / experts + (k < slots % experts);
    w->start[k + 1] = w->start[k] + load;
    w->price[k] = problem->capacity && load == 0 ? (int64_t)forbidding : 0;
  }
}

static alf_status take_memory(workspace *w, alf_error *err)
{
  alf_memory *memory = &w->run.memory;
  const alf_affinity *batch = w->run.problem->batch;
  size_t tokens = (size_t)batch->tokens, experts = (size_t)batch->experts, topk = (size_t)w->run.problem->topk;
  w->start = alf_memory_take(memory, experts + 1, sizeof *w->start);
  w->count = alf_memory_take(memory, experts, sizeof *w->count);
  w->run.routing = alf_memory_take(memory, tokens * topk, sizeof *w->run.routing);
  w->held = alf_memory_take(memory, tokens * topk, sizeof *w->held);
  w->chosen = alf_memory_take(memory, tokens * topk, sizeof *w->chosen);
  w->price = alf_memory_take(memory, experts, sizeof *w->price);
  w->queue = alf_memory_take(memory, tokens, sizeof *w->queue);
  w->next = alf_memory_take(memory, tokens, sizeof *w->next);
  w->listed = alf_memory_take(memory, tokens, sizeof *w->listed);
  w->wish = alf_memory_take(memory, topk + 1, sizeof *w->wish);
  w->value = alf_memory_take(memory, topk + 1, sizeof *w->value);
  w->shown = alf_memory_take(memory, experts, sizeof *w->shown);
  return alf_memory_check(memory, err);
}

static alf_status prepare(void *opaque, alf_error *err)
{
  workspace *w = opaque;
  alf_status status = take_memory(w, err);
  if (status)
    return status;
  lay_out_slots(w);
  find_epsilons(w);
  return ALF_OK;
}

static alf_status setup(void **opaque, const alf_problem *problem, const alf_solve_settings *settings, alf_error *err)
{
  static const alf_first_order_method method = {"auction", SWEEPS, sizeof(struct workspace), prepare, step, view};
  return alf_first_order_setup(opaque, &method, problem, settings, err);
}

const alf_solver alf_solver_auction = {
    .name = "auction",
    .summary = "Bertsekas' auction with epsilon scaling, rounded; approximate",
    .approximate = true,
    .can = alf_first_order_can,
    .estimate = estimate,
    .setup = setup,
    .solve = alf_first_order_solve,
    .free = alf_first_order_free,
};
