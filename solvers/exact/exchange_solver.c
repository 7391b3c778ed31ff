#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/solver.h"
#include "exact/box.h"
#include "exact/box_groups.h"
#include "exact/exchange.h"
#include "exact/perturb.h"
#include "exact/sample.h"

/* Few experts, many tokens: everything that matters happens between experts. Samples of the tokens, each four times the
   one before and the last one the whole batch, bring the prices near by quantile rounds; a box about them leaves a few
   free cells; shortest augmenting paths on these end exactly optimal. (shared/algorithms.md, "exchange") */

enum {
  TOKENS_PER_EXPERT = 2, /* in the first sample, at least */
  LEVEL_FACTOR = 4,
  ROUNDS = 12,
  NOISE_BITS = 16,
  SPREAD_ROWS = 64,
  STALL_SHARE = 64, /* of all slots, by which loads are off */
  GROUP_SHARE = 8,  /* groups: one for so many tokens, or so many for an expert, at most */
  FINEST_GROUPS = 30,
  COARSEST_GROUPS = 3,
  GRAIN_STEP = 3,  /* bits below the largest difference in a row */
  LOOKS = 3,       /* at one sample, at most */
  WIDEST = 4,      /* times the half-width of ordinary prices */
  FEW_PATHS = 8,   /* that are left are not worth another box, for every one that did not do */
  PATIENCE = 2,    /* boxes in a row at whose border paths stop before all experts get more room */
  FINE_SLOTS = 32, /* half-width of the last box, in slots on either side of the threshold, at most */
};

typedef struct workspace {
  const alf_problem *problem;
  alf_box box;
  int64_t slots; /* half-width of the next box */
  int stretch;   /* 1, 2, … WIDEST: how many times wider than usual samples are looked at */
  int64_t off;   /* Σ|load − L| that the last box was balanced to, slots */
  bool has_tried_groups, has_groups;
  int stops; /* boxes in a row at whose border paths stopped: they go on from there */
} workspace;

static alf_status can(const alf_problem *problem, alf_error *err)
{
  if (problem->batch->tokens <= INT32_MAX / problem->batch->experts)
    return ALF_OK;
  return alf_fail(err, ALF_EUNSUPPORTED, "exchange: %lld tokens x %d experts: expected at most %d cells",
                  (long long)problem->batch->tokens, problem->batch->experts, INT32_MAX);
}

/* Measured: 0.018 s at 16384 × 64, K = 8; 0.6 s at 10^6 × 64. */
static double estimate(const alf_problem *problem)
{
  return 1.5e-8 * (double)problem->batch->tokens * problem->batch->experts;
}

static void free_workspace(void *opaque)
{
  workspace *w = opaque;
  if (w)
    alf_box_free(&w->box);
  free(w);
}

static alf_status setup(void **out, const alf_problem *problem, const alf_solve_settings *settings, alf_error *err)
{
  workspace *w = calloc(1, sizeof *w);
  *out = w;
  if (!w)
    return alf_fail_memory(err, sizeof *w);
  w->problem = problem;
  alf_status status =
      alf_box_alloc(&w->box, problem, alf_deadline_after(settings->timeout, settings->stop), settings->threads, err);
  if (status) {
    free(w);
    *out = NULL;
  }
  return status;
}

/* Slots by which loads are off at a sample of n tokens when the prices come from one of a quarter of them. */
static double sampling_noise(const alf_problem *problem, double n)
{
  double load = problem->topk * n / problem->batch->experts;
  return 1.2 * sqrt(load * (LEVEL_FACTOR - 1));
}

static void free_all(alf_box *box)
{
  for (int32_t k = 0; k < box->problem->batch->experts; k++)
    box->down[k] = box->up[k] = ALF_BOX_ALL;
}

/* Only prices that leave room below ALF_PRICE_LIMIT can go to the finer grid. */
static bool has_room_for_noise(const workspace *w)
{
  for (int32_t k = 0; k < w->problem->batch->experts; k++)
    if (llabs(w->box.price[k]) >= ALF_PRICE_LIMIT >> (NOISE_BITS + 2))
      return false;
  return w->box.noise_bits == 0;
}

static void add_noise(workspace *w)
{
  alf_box *box = &w->box;
  box->noise_bits = NOISE_BITS;
  for (int32_t k = 0; k < w->problem->batch->experts; k++)
    box->price[k] *= INT64_C(1) << NOISE_BITS;
}

/* Σ|load − L| that is small beside what the next sample, or the last box, will find. */
static int64_t enough_at(const workspace *w, int64_t stride)
{
  double tokens = (double)w->problem->batch->tokens / (double)stride;
  double noise = stride > 1 ? sampling_noise(w->problem, LEVEL_FACTOR * tokens) / LEVEL_FACTOR : (double)w->slots;
  return (int64_t)((1 + noise / 4) * w->problem->batch->experts);
}

/* Σ|load − L| beyond which rounds have stalled: on ties, or on tokens so alike that they move together. */
static int64_t few_at(const workspace *w, int64_t stride)
{
  int64_t slots = w->problem->topk * (w->problem->batch->tokens / stride);
  return 4 * w->problem->batch->experts + enough_at(w, stride) + slots / STALL_SHARE;
}

/* Half-width in slots of a sample for the prices that the next one, or the whole batch, will come to: so wide that hardly
   one of all experts should leave it. */
static int64_t next_slots(const workspace *w, int64_t stride)
{
  double tokens = (double)w->problem->batch->tokens / (double)stride;
  double farthest = 0.85 * sqrt(2 * log(2.0 * w->problem->batch->experts));
  return (int64_t)(w->stretch * farthest * sampling_noise(w->problem, LEVEL_FACTOR * tokens) / LEVEL_FACTOR) + 1;
}

/* The first sample. */
static alf_status approach_from_afar(workspace *w, int64_t stride, bool *is_stalled, alf_error *err)
{
  int64_t off = 0;
  alf_sample sample = {0};
  alf_status status = alf_sample_take(&sample, &w->box, stride, err);
  if (!status) {
    off = alf_sample_balance(&sample, &w->box, ROUNDS, enough_at(w, stride));
    alf_sample_set_widths(&sample, &w->box, stride > 1 ? next_slots(w, stride) : w->slots);
  }
  *is_stalled = off > few_at(w, stride);
  alf_sample_free(&sample);
  return status ? status : alf_box_check_deadline(&w->box, err);
}

/* One look at every stride-th token. *is_short: many prices would have gone farther than the widths, as they do together
   where experts are loosely coupled. */
static alf_status look(workspace *w, int64_t stride, int64_t *off, bool *is_short, alf_error *err)
{
  alf_box *box = &w->box;
  alf_status status = alf_box_survey(box, stride, err);
  if (status)
    return status;
  *off = alf_box_balance(box, ROUNDS, enough_at(w, stride) / 4);
  *is_short = alf_box_on_border(box) > box->problem->batch->experts / 16;
  return alf_box_check_deadline(box, err);
}

/* The prices at which every stride-th token is balanced, nearly, and widths about them. */
static alf_status settle(workspace *w, int64_t stride, bool *is_stalled, alf_error *err)
{
  int64_t again = next_slots(w, stride * LEVEL_FACTOR) * LEVEL_FACTOR / 2, off = 0;
  bool is_short = true;
  alf_status status = ALF_OK;
  for (int n = 1; n <= LOOKS && is_short && !status; n++) {
    status = look(w, stride, &off, &is_short, err);
    if (is_short && w->stretch < WIDEST)
      w->stretch *= 2;
    if (!status)
      alf_box_set_widths(&w->box, is_short && n < LOOKS ? again : stride > 1 ? next_slots(w, stride) : w->slots);
  }
  *is_stalled = off > few_at(w, stride);
  return status;
}

/* Larger and larger samples, up to the whole batch, or until one stalls. */
static alf_status try_approach(workspace *w, bool *is_stalled, alf_error *err)
{
  int64_t tokens = w->problem->batch->tokens, stride = 1;
  while (tokens / (stride * LEVEL_FACTOR) >= (int64_t)TOKENS_PER_EXPERT * w->problem->batch->experts)
    stride *= LEVEL_FACTOR;
  alf_status status = approach_from_afar(w, stride, is_stalled, err);
  while (stride > 1 && !status && (!*is_stalled || w->has_tried_groups)) {
    stride /= LEVEL_FACTOR;
    status = settle(w, stride, is_stalled, err);
  }
  return status;
}

static void set_even_widths(alf_box *box, int64_t width)
{
  for (int32_t k = 0; k < box->problem->batch->experts; k++)
    box->down[k] = box->up[k] = width;
}

/* The lowest bit that groups may be coarser than, and the highest: both are 0 where all affinities of a row are equal. */
static int bits_of_spread(const alf_affinity *batch)
{
  int64_t spread = 0;
  for (int64_t i = 0; i < batch->tokens; i += batch->tokens / SPREAD_ROWS + 1) {
    const int64_t *row = alf_affinity_row(batch, i);
    int64_t least = row[0], most = row[0];
    for (int32_t k = 1; k < batch->experts; k++) {
      least = row[k] < least ? row[k] : least;
      most = row[k] > most ? row[k] : most;
    }
    spread = most - least > spread ? most - least : spread;
  }
  return spread ? 64 - __builtin_clzll((uint64_t)spread) : 0;
}

/* Fills the box with the finest groups of which there are at most so many; leaves it empty when all are too fine. */
static alf_status fill_with_groups(workspace *w, int *grain, alf_error *err)
{
  alf_box *box = &w->box;
  int64_t tokens = w->problem->batch->tokens, most = (int64_t)GROUP_SHARE * w->problem->batch->experts;
  most = most < tokens / GROUP_SHARE ? most : tokens / GROUP_SHARE;
  *grain = bits_of_spread(w->problem->batch) - COARSEST_GROUPS;
  *grain = *grain > 0 ? *grain : 0;
  int too_fine = -1;
  alf_status status = alf_box_group(box, *grain, most, err);
  if (status || box->tokens == 0)
    return status;
  while (!status && *grain - too_fine > 1) {
    int middle = (*grain + too_fine) / 2;
    status = alf_box_group(box, middle, most, err);
    *(box->tokens ? grain : &too_fine) = middle;
  }
  return status || box->tokens ? status : alf_box_group(box, *grain, most, err);
}

/* Rows that nearly repeat, as those of a router early in training do, let quantile rounds stall: prices that move one
   token move hundreds. As a few groups of equal rows they are a small problem, which paths solve in bulk; its prices
   are near those of the batch. Tried once; when there are no such groups the prices stay. */
static alf_status approach_by_groups(workspace *w, int64_t *augmentations, alf_error *err)
{
  alf_box *box = &w->box;
  alf_box_end end;
  int grain = 0;
  bool is_stalled;
  w->has_tried_groups = true;
  w->has_groups = false;
  alf_status status = fill_with_groups(w, &grain, err);
  if (status || box->tokens == 0)
    return status;
  w->has_groups = true;
  free_all(box);
  status = alf_box_augment(box, &end, augmentations, err);
  set_even_widths(box, INT64_C(1) << (grain + box->noise_bits));
  return status ? status : settle(w, 1, &is_stalled, err);
}

static alf_status approach(workspace *w, int64_t *augmentations, alf_error *err)
{
  bool is_stalled = false;
  alf_status status = try_approach(w, &is_stalled, err);
  if (!status && is_stalled && has_room_for_noise(w)) {
    add_noise(w);
    status = try_approach(w, &is_stalled, err);
  }
  if (status || !is_stalled || w->has_tried_groups)
    return status;
  status = approach_by_groups(w, augmentations, err);
  return status || w->has_groups ? status : try_approach(w, &is_stalled, err);
}

/* Ties, or nearly so: more cells are free than the widths account for. */
static bool is_crowded(const workspace *w)
{
  double experts = w->problem->batch->experts, slots = fmax((double)w->slots, (double)w->problem->batch->tokens / 1024);
  return has_room_for_noise(w) && (double)w->box.cells > 32 * slots * experts + experts * experts;
}

static alf_status place_box(workspace *w, alf_error *err)
{
  if (w->slots >= w->problem->batch->tokens)
    free_all(&w->box);
  return alf_box_fill(&w->box, err);
}

/* Balances the box; false when one of this size in a better place is as good as a larger one. */
static bool is_in_place(workspace *w)
{
  int64_t experts = w->problem->batch->experts, off = alf_box_balance(&w->box, ROUNDS, experts);
  bool gains = off < w->off / 10 * 9;
  w->off = off;
  return !gains || off <= experts || alf_box_on_border(&w->box) == 0;
}

/* A box that holds half of all cells and does not do may as well hold all of them. */
static int64_t slots_to_resume(const workspace *w)
{
  int64_t tokens = w->problem->batch->tokens;
  if (w->slots >= tokens || w->box.cells >= tokens * w->problem->batch->experts / 2)
    return tokens;
  return w->stops > PATIENCE ? 2 * w->slots : w->slots;
}

/* Whether the box, which has been filled, is to be given up for better prices; then they are found. */
static alf_status look_for_better_prices(workspace *w, bool *found, int64_t *augmentations, alf_error *err)
{
  *found = true;
  if (is_crowded(w)) {
    add_noise(w);
    return approach(w, augmentations, err);
  }
  bool is_settled = is_in_place(w);
  if (w->off > few_at(w, 1) && !w->has_tried_groups) /* whether it finds groups or not, the box is theirs now */
    return approach_by_groups(w, augmentations, err);
  *found = !is_settled;
  if (!is_settled)
    alf_box_set_widths(&w->box, w->slots);
  return ALF_OK;
}

/* Few paths that are left are found faster without a box, and so are those for which boxes do not help. */
static bool is_nearly_done(const workspace *w, int64_t excess_before)
{
  int64_t excess = w->box.excess;
  bool helps_little = excess_before - excess < FEW_PATHS && excess < FEW_PATHS * (int64_t)w->problem->batch->experts;
  return excess <= FEW_PATHS * w->stops || (w->stops > 1 && helps_little);
}

/* One box and the paths in it; *done when they end optimal, or nearly so. */
static alf_status try_box(workspace *w, bool *done, int64_t *augmentations, alf_error *err)
{
  alf_box_end end = ALF_BOX_LEFT;
  bool found = false;
  alf_status status = place_box(w, err);
  if (!status && w->stops == 0)
    status = look_for_better_prices(w, &found, augmentations, err);
  if (status || found)
    return status;
  int64_t before = w->box.excess;
  status = alf_box_augment(&w->box, &end, augmentations, err);
  *done = end == ALF_BOX_OPTIMAL;
  if (status || *done)
    return status;
  if (end == ALF_BOX_NO_PATH)
    return alf_fail(err, ALF_ESOLVER, "exchange: no path although every cell is free");
  w->stops++;
  *done = is_nearly_done(w, before);
  w->slots = slots_to_resume(w);
  alf_box_set_widths_to_resume(&w->box, w->slots);
  return ALF_OK;
}

/* The primal and its prices; a few paths may be left to do. */
static alf_status conclude(const workspace *w, alf_solution *solution, alf_error *err)
{
  char is_spared[ALF_MAX_EXPERTS];
  alf_status status = alf_box_write_primal(&w->box, solution, err);
  if (status)
    return status;
  alf_box_write_spared(&w->box, is_spared);
  if (w->box.excess > 0)
    return alf_exchange_finish(w->problem, solution, is_spared, w->box.deadline, err);
  if (w->box.noise_bits)
    return alf_exchange_prices(w->problem, solution, err);
  alf_box_write_prices(&w->box, solution);
  return ALF_OK;
}

static alf_status solve(void *opaque, alf_solution *solution, alf_error *err)
{
  workspace *w = opaque;
  bool done = false;
  w->stretch = 1;
  w->slots = w->problem->topk * solution->tokens / solution->experts / 4 + 2;
  w->slots = w->slots < FINE_SLOTS ? w->slots : FINE_SLOTS;
  alf_status status = approach(w, &solution->iterations, err);
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
