#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exact/exchange.h"
#include "exact/exchange_work.h"

/* Few experts, many tokens: everything that matters happens between experts. Samples of the tokens, each four times the
   one before and the last one the whole batch, small ones in a coarse copy, bring the prices near by quantile rounds, or
   groups of tokens that are alike do; a box about them leaves a few free cells; shortest augmenting paths on these end
   exactly optimal, the last ones on all cells where that is faster. (shared/algorithms.md, "exchange") */

enum {
  FEW_PATHS = 32,           /* that a box has brought are too few */
  PATIENCE = 2,             /* boxes in a row at whose border paths stop before all experts get more room */
  FINE_SLOTS = 32,          /* half-width of the last box, in slots on either side of the threshold, at most */
  PARALLEL_CELLS = 1 << 15, /* of the batch: with fewer, threads take longer to start than they save */
};

/* Cells have 32-bit numbers, also those of the virtual token. */
static alf_status can(const alf_problem *problem, alf_error *err)
{
  if (problem->batch->tokens < INT32_MAX / problem->batch->experts)
    return ALF_OK;
  return alf_fail(err, ALF_EUNSUPPORTED, "exchange: %lld tokens and one more x %d experts: expected at most %d cells",
                  (long long)problem->batch->tokens, problem->batch->experts, INT32_MAX);
}

/* Measured: 0.009 s at 16384 × 64, K = 8; 0.55 s at 10^6 × 64. */
static double estimate(const alf_problem *problem)
{
  return 1e-8 * (double)problem->batch->tokens * problem->batch->experts;
}

static void free_workspace(void *opaque)
{
  alf_exchange_work *w = opaque;
  if (w)
    alf_box_free(&w->box);
  free(w);
}

static alf_status setup(void **out, const alf_problem *problem, const alf_solve_settings *settings, alf_error *err)
{
  alf_exchange_work *w = calloc(1, sizeof *w);
  *out = w;
  if (!w)
    return alf_fail_memory(err, sizeof *w);
  w->problem = problem;
  bool pays = problem->batch->tokens * problem->batch->experts >= PARALLEL_CELLS;
  alf_deadline deadline = alf_deadline_after(settings->timeout, settings->stop);
  alf_status status = alf_box_alloc(&w->box, problem, deadline, pays ? settings->threads : 1, err);
  if (status) {
    free(w);
    *out = NULL;
  }
  return status;
}

/* Ties, or nearly so: more cells are free than the widths account for. */
static bool is_crowded(const alf_exchange_work *w)
{
  double experts = w->problem->batch->experts, slots = fmax((double)w->slots, (double)w->problem->batch->tokens / 1024);
  return alf_exchange_has_room_for_noise(w) && (double)w->box.cells > 32 * slots * experts + experts * experts;
}

static alf_status place_box(alf_exchange_work *w, alf_error *err)
{
  if (w->slots >= w->problem->batch->tokens)
    alf_box_free_all(&w->box);
  return alf_box_fill(&w->box, err);
}

/* Balances the box; false when one of this size in a better place is as good as a larger one. */
static bool is_in_place(alf_exchange_work *w)
{
  int64_t experts = w->problem->batch->experts, off = alf_box_balance(&w->box, ALF_EXCHANGE_ROUNDS, experts);
  bool gains = off < w->off / 10 * 9;
  w->off = off;
  return !gains || off <= experts || alf_box_on_border(&w->box) == 0;
}

/* A box that holds half of all cells and does not do may as well hold all of them. */
static int64_t slots_to_resume(const alf_exchange_work *w)
{
  int64_t tokens = w->problem->batch->tokens;
  if (w->slots >= tokens || w->box.cells >= tokens * w->problem->batch->experts / 2)
    return tokens;
  return w->stops > PATIENCE ? 2 * w->slots : w->slots;
}

/* Prices by groups, unless they are worse than those that there are: where rows do not repeat, groups say little. Also without groups the
   box is gone, and filled again next time. */
static alf_status try_groups(alf_exchange_work *w, int64_t *augmentations, alf_error *err)
{
  int64_t price[ALF_MAX_EXPERTS], down[ALF_MAX_EXPERTS], up[ALF_MAX_EXPERTS], before = w->off;
  size_t bytes = (size_t)w->problem->batch->experts * sizeof *price;
  alf_box_set_widths(&w->box, w->slots);
  memcpy(price, w->box.price, bytes);
  memcpy(down, w->box.down, bytes);
  memcpy(up, w->box.up, bytes);
  w->off = INT64_MAX;
  alf_status status = alf_exchange_approach_by_groups(w, augmentations, err);
  if (!status && w->has_groups)
    status = alf_box_fill(&w->box, err);
  if (status || !w->has_groups || alf_box_balance(&w->box, 1, 0) <= before)
    return status;
  memcpy(w->box.price, price, bytes);
  memcpy(w->box.down, down, bytes);
  memcpy(w->box.up, up, bytes);
  return ALF_OK;
}

/* Whether the box, which has been filled, is to be given up for better prices; then they are found. Only the first one
   says whether there are ties: later ones are as wide as loads are off. */
static alf_status look_for_better_prices(alf_exchange_work *w, bool *found, int64_t *augmentations, alf_error *err)
{
  *found = true;
  if (w->off == INT64_MAX && is_crowded(w)) {
    alf_exchange_add_noise(w);
    return alf_exchange_approach(w, augmentations, err);
  }
  bool is_settled = is_in_place(w);
  bool is_stalled = w->off > alf_exchange_few(w, 1);
  if (is_stalled && is_settled && !w->has_tried_groups)
    return try_groups(w, augmentations, err);
  *found = !is_settled;
  if (!is_settled)
    alf_box_set_widths(&w->box, w->slots);
  return ALF_OK;
}

/* Paths over the whole exchange graph need no box, but reading that graph takes as long as two or three: it pays for
   few paths, and for any number where boxes bring few. */
static bool is_nearly_done(const alf_exchange_work *w, int64_t paths)
{
  int64_t few = alf_exchange_is_small(w->problem) ? 4 * (int64_t)w->problem->batch->experts : 2 * w->stops;
  return w->box.excess <= few || (w->stops > 1 && paths < FEW_PATHS);
}

/* One box and the paths in it; *done when they end optimal, or nearly so. */
static alf_status try_box(alf_exchange_work *w, bool *done, int64_t *augmentations, alf_error *err)
{
  alf_box_end end = ALF_BOX_LEFT;
  bool found = false;
  alf_status status = place_box(w, err);
  if (!status && w->stops == 0)
    status = look_for_better_prices(w, &found, augmentations, err);
  if (status || found)
    return status;
  int64_t before = *augmentations;
  status = alf_box_augment(&w->box, &end, augmentations, err);
  *done = end == ALF_BOX_OPTIMAL;
  if (status || *done)
    return status;
  if (end == ALF_BOX_NO_PATH)
    return alf_fail(err, ALF_ESOLVER, "exchange: no path although every cell is free");
  w->stops++;
  *done = is_nearly_done(w, *augmentations - before);
  w->slots = slots_to_resume(w);
  alf_box_set_widths_to_resume(&w->box, w->slots);
  return ALF_OK;
}

/* The primal and its prices; paths may be left to do. */
static alf_status conclude(const alf_exchange_work *w, alf_solution *solution, alf_error *err)
{
  char is_spared[ALF_MAX_EXPERTS];
  alf_status status = alf_box_write_primal(&w->box, solution, err);
  if (status)
    return status;
  alf_box_write_spared(&w->box, is_spared);
  if (w->box.excess > 0)
    return alf_exchange_finish(w->problem, solution, is_spared, w->box.team, w->box.deadline, err);
  if (w->box.noise_bits)
    return alf_exchange_prices_on(w->problem, solution, w->box.team, err);
  alf_box_write_prices(&w->box, solution);
  return ALF_OK;
}

static alf_status solve(void *opaque, alf_solution *solution, alf_error *err)
{
  alf_exchange_work *w = opaque;
  bool done = false;
  w->stretch = 1;
  w->slots = w->problem->topk * solution->tokens / solution->experts / 4 + 2;
  w->slots = w->slots < FINE_SLOTS ? w->slots : FINE_SLOTS;
  alf_status status = alf_exchange_approach(w, &solution->iterations, err);
  w->off = INT64_MAX;
  while (!status && !done) {
    status = alf_box_check_deadline(&w->box, err);
    if (!status)
      status = try_box(w, &done, &solution->iterations, err);
  }
  return status ? status : conclude(w, solution, err);
}

const alf_solver alf_solver_exchange = {
    .name = "exchange",
    .summary = "alflab's own: quantile rounds, then shortest augmenting paths between experts; any size",
    .can = can,
    .estimate = estimate,
    .setup = setup,
    .solve = solve,
    .free = free_workspace,
};
