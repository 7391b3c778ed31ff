#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/solver.h"
#include "exact/box.h"
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
  LOOKS = 3,       /* at one sample, at most */
  WIDEST = 4,      /* times the half-width of ordinary prices */
  PATIENCE = 2,    /* boxes in a row at whose border paths stop before all experts get more room */
  FINE_SLOTS = 32, /* half-width of the last box, in slots on either side of the threshold, at most */
};

typedef struct workspace {
  const alf_problem *problem;
  alf_box box;
  int64_t slots; /* half-width of the next box */
  int stretch;   /* 1, 2, … WIDEST: how many times wider than usual samples are looked at */
  int64_t off;   /* Σ|load − L| that the last box was balanced to, slots */
  int stops;     /* boxes in a row at whose border paths stopped: they go on from there */
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

static alf_status balance_sample(workspace *w, alf_sample *sample, int64_t stride, int64_t *off, alf_error *err)
{
  alf_sample_free(sample);
  alf_status status = alf_sample_take(sample, &w->box, stride, err);
  if (!status)
    *off = alf_sample_balance(sample, &w->box, ROUNDS, enough_at(w, stride));
  return status ? status : alf_box_check_deadline(&w->box, err);
}

/* The first sample. Rounds that stall far from balance have met ties: noise parts them. */
static alf_status approach_from_afar(workspace *w, int64_t stride, int64_t slots, alf_error *err)
{
  int64_t off = 0, few = 4 * w->problem->batch->experts + enough_at(w, stride);
  alf_sample sample = {0};
  alf_status status = balance_sample(w, &sample, stride, &off, err);
  if (!status && off > few && has_room_for_noise(w)) {
    add_noise(w);
    status = balance_sample(w, &sample, stride, &off, err);
  }
  if (!status)
    alf_sample_set_widths(&sample, &w->box, slots);
  alf_sample_free(&sample);
  return status;
}

/* Half-width in slots of a sample for the prices that the next one, or the whole batch, will come to: so wide that hardly
   one of all experts should leave it. */
static int64_t next_slots(const workspace *w, int64_t stride)
{
  double tokens = (double)w->problem->batch->tokens / (double)stride;
  double farthest = 0.85 * sqrt(2 * log(2.0 * w->problem->batch->experts));
  return (int64_t)(w->stretch * farthest * sampling_noise(w->problem, LEVEL_FACTOR * tokens) / LEVEL_FACTOR) + 1;
}

/* One look at every stride-th token. *is_short: many prices would have gone farther than the widths, as they do together
   where experts are loosely coupled. */
static alf_status look(workspace *w, int64_t stride, bool *is_short, alf_error *err)
{
  alf_box *box = &w->box;
  alf_status status = alf_box_survey(box, stride, err);
  if (status)
    return status;
  alf_box_balance(box, ROUNDS, enough_at(w, stride) / 4);
  *is_short = alf_box_on_border(box) > box->problem->batch->experts / 16;
  return alf_box_check_deadline(box, err);
}

/* The prices at which every stride-th token is balanced, nearly, and widths about them. */
static alf_status settle(workspace *w, int64_t stride, alf_error *err)
{
  int64_t again = next_slots(w, stride * LEVEL_FACTOR) * LEVEL_FACTOR / 2;
  bool is_short = true;
  alf_status status = ALF_OK;
  for (int n = 1; n <= LOOKS && is_short && !status; n++) {
    status = look(w, stride, &is_short, err);
    if (is_short && w->stretch < WIDEST)
      w->stretch *= 2;
    if (!status)
      alf_box_set_widths(&w->box, is_short && n < LOOKS ? again : stride > 1 ? next_slots(w, stride) : w->slots);
  }
  return status;
}

/* Larger and larger samples, up to the whole batch. */
static alf_status approach(workspace *w, alf_error *err)
{
  int64_t tokens = w->problem->batch->tokens, stride = 1;
  while (tokens / (stride * LEVEL_FACTOR) >= (int64_t)TOKENS_PER_EXPERT * w->problem->batch->experts)
    stride *= LEVEL_FACTOR;
  alf_status status = approach_from_afar(w, stride, stride > 1 ? next_slots(w, stride) : w->slots, err);
  while (stride > 1 && !status) {
    stride /= LEVEL_FACTOR;
    status = settle(w, stride, err);
  }
  return status;
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

/* One box and the paths in it; *done when they end optimal. */
static alf_status try_box(workspace *w, bool *done, int64_t *augmentations, alf_error *err)
{
  alf_box_end end = ALF_BOX_LEFT;
  alf_status status = place_box(w, err);
  if (status)
    return status;
  if (w->stops == 0 && is_crowded(w)) {
    add_noise(w);
    return approach(w, err);
  }
  if (w->stops == 0 && !is_in_place(w)) {
    alf_box_set_widths(&w->box, w->slots);
    return ALF_OK;
  }
  status = alf_box_augment(&w->box, &end, augmentations, err);
  *done = end == ALF_BOX_OPTIMAL;
  if (status || *done)
    return status;
  if (end == ALF_BOX_NO_PATH)
    return alf_fail(err, ALF_ESOLVER, "exchange: no path although every cell is free");
  w->stops++;
  w->slots = slots_to_resume(w);
  alf_box_set_widths_to_resume(&w->box, w->slots);
  return ALF_OK;
}

static alf_status solve(void *opaque, alf_solution *solution, alf_error *err)
{
  workspace *w = opaque;
  bool done = false;
  w->stretch = 1;
  w->slots = w->problem->topk * solution->tokens / solution->experts / 4 + 2;
  w->slots = w->slots < FINE_SLOTS ? w->slots : FINE_SLOTS;
  alf_status status = approach(w, err);
  w->off = INT64_MAX;
  while (!status && !done) {
    status = alf_box_check_deadline(&w->box, err);
    if (!status)
      status = try_box(w, &done, &solution->iterations, err);
  }
  if (!status)
    status = alf_box_write_primal(&w->box, solution, err);
  if (!status && w->box.noise_bits)
    return alf_exchange_prices(w->problem, solution, err);
  if (!status)
    alf_box_write_prices(&w->box, solution);
  return status;
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
