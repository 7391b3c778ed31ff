#include <math.h>
#include <stdlib.h>

#include "exact/box_groups.h"
#include "exact/coarse.h"
#include "exact/exchange_work.h"
#include "exact/perturb.h"
#include "exact/sample.h"

enum {
  TOKENS_PER_EXPERT = 2, /* in the first sample, at least */
  LEVEL_FACTOR = 4,
  LOOKS = 3,  /* at one sample, at most */
  WIDEST = 4, /* times the half-width of ordinary prices */
  NOISE_BITS = 16,
  STALL_SHARE = 64,     /* of all slots, by which loads are off */
  FEW_GROUPS = 8,       /* for every expert: solved fast */
  MOST_GROUPS = 64,     /* for every expert: where few are not fine enough */
  FAST_CELLS = 1 << 18, /* groups × experts, or E groups */
  COARSEST_GROUPS = 3,  /* bits below the spread of affinities */
  FINE_GROUPS = 4,      /* bits below it that are fine enough */
  SPREAD_ROWS = 64,     /* tokens that are looked at for the spread */
};

/* Slots by which loads are off at a sample of n tokens when the prices come from one of a quarter of them. */
static double sampling_noise(const alf_problem *problem, double n)
{
  double load = problem->topk * n / problem->batch->experts;
  return 1.2 * sqrt(load * (LEVEL_FACTOR - 1));
}

bool alf_exchange_has_room_for_noise(const alf_exchange_work *w)
{
  for (int32_t k = 0; k < w->problem->batch->experts; k++)
    if (llabs(w->box.price[k]) >= ALF_PRICE_LIMIT >> (NOISE_BITS + 2))
      return false;
  return w->box.noise_bits == 0;
}

void alf_exchange_add_noise(alf_exchange_work *w)
{
  alf_box *box = &w->box;
  box->noise_bits = NOISE_BITS;
  for (int32_t k = 0; k < w->problem->batch->experts; k++)
    box->price[k] *= INT64_C(1) << NOISE_BITS;
}

/* Σ|load − L| that is small beside what the next sample, or the last box, will find. */
static int64_t enough_at(const alf_exchange_work *w, int64_t stride)
{
  double tokens = (double)w->problem->batch->tokens / (double)stride;
  double noise = stride > 1 ? sampling_noise(w->problem, LEVEL_FACTOR * tokens) / LEVEL_FACTOR : (double)w->slots;
  return (int64_t)((1 + noise / 4) * w->problem->batch->experts);
}

int64_t alf_exchange_few(const alf_exchange_work *w, int64_t stride)
{
  int64_t slots = w->problem->topk * (w->problem->batch->tokens / stride);
  return 4 * w->problem->batch->experts + enough_at(w, stride) + slots / STALL_SHARE;
}

/* Half-width in slots of a sample for the prices that the next one, or the whole batch, will come to: so wide that
   hardly one of all experts should leave it. */
static int64_t next_slots(const alf_exchange_work *w, int64_t stride)
{
  double tokens = (double)w->problem->batch->tokens / (double)stride;
  double farthest = 0.85 * sqrt(2 * log(2.0 * w->problem->batch->experts));
  return (int64_t)(w->stretch * farthest * sampling_noise(w->problem, LEVEL_FACTOR * tokens) / LEVEL_FACTOR) + 1;
}

/* The first sample. */
static alf_status approach_from_afar(alf_exchange_work *w, int64_t stride, bool *is_stalled, alf_error *err)
{
  int64_t off = 0;
  alf_sample sample = {0};
  alf_status status = alf_sample_take(&sample, &w->box, stride, err);
  if (!status) {
    off = alf_sample_balance(&sample, &w->box, ALF_EXCHANGE_ROUNDS, enough_at(w, stride));
    alf_sample_set_widths(&sample, &w->box, stride > 1 ? next_slots(w, stride) : w->slots);
  }
  *is_stalled = off > alf_exchange_few(w, stride);
  alf_sample_free(&sample);
  return status ? status : alf_box_check_deadline(&w->box, err);
}

/* One look at every stride-th token. *is_short: many prices would have gone farther than the widths, as they do
   together where experts are loosely coupled. */
static alf_status look(alf_exchange_work *w, int64_t stride, int64_t *off, bool *is_short, alf_error *err)
{
  alf_box *box = &w->box;
  alf_status status = alf_box_survey(box, stride, err);
  if (status)
    return status;
  *off = alf_box_balance(box, ALF_EXCHANGE_ROUNDS, enough_at(w, stride) / 4);
  *is_short = alf_box_on_border(box) > box->problem->batch->experts / 16;
  return alf_box_check_deadline(box, err);
}

/* The prices at which every stride-th token is balanced, nearly, and widths about them. */
static alf_status settle(alf_exchange_work *w, int64_t stride, bool *is_stalled, alf_error *err)
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
  *is_stalled = off > alf_exchange_few(w, stride);
  return status;
}

/* The same for the whole batch, from prices of every fourth token: on its coarse copy where it has one. */
static alf_status settle_all(alf_exchange_work *w, bool *is_stalled, alf_error *err)
{
  int64_t experts = w->problem->batch->experts;
  bool taken;
  alf_coarse coarse;
  alf_status status = alf_coarse_take(&coarse, &w->box, next_slots(w, LEVEL_FACTOR), &taken, err);
  if (status || !taken)
    return status ? status : settle(w, 1, is_stalled, err);
  int64_t off = alf_coarse_balance(&coarse, &w->box, ALF_EXCHANGE_ROUNDS, 2 * experts);
  alf_coarse_set_widths(&coarse, &w->box, w->slots);
  alf_coarse_free(&coarse);
  *is_stalled = off > alf_exchange_few(w, 1);
  return alf_box_check_deadline(&w->box, err);
}

/* Larger and larger samples, up to the whole batch, or until one stalls and groups have not been tried. */
static alf_status try_approach(alf_exchange_work *w, bool *is_stalled, alf_error *err)
{
  int64_t tokens = w->problem->batch->tokens, stride = 1;
  while (tokens / (stride * LEVEL_FACTOR) >= (int64_t)TOKENS_PER_EXPERT * w->problem->batch->experts)
    stride *= LEVEL_FACTOR;
  alf_status status = approach_from_afar(w, stride, is_stalled, err);
  while (stride > 1 && !status && (!*is_stalled || w->has_tried_groups)) {
    stride /= LEVEL_FACTOR;
    status = stride > 1 ? settle(w, stride, is_stalled, err) : settle_all(w, is_stalled, err);
  }
  return status;
}

static void set_even_widths(alf_box *box, int64_t width)
{
  for (int32_t k = 0; k < box->problem->batch->experts; k++)
    box->down[k] = box->up[k] = width;
}

/* Bits of the largest difference between two affinities of a token, as some tokens show it. */
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
static alf_status fill_with_groups(alf_exchange_work *w, int bits, int64_t most, int *grain, alf_error *err)
{
  alf_box *box = &w->box;
  *grain = bits > COARSEST_GROUPS ? bits - COARSEST_GROUPS : 0;
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

/* So many groups for every expert, but at most `limit`, and not so many that their paths take longer than those of the
   batch would. */
static int64_t groups_of(int64_t experts, int64_t each, int64_t limit)
{
  int64_t fast = FAST_CELLS / experts > experts ? FAST_CELLS / experts : experts;
  limit = limit < fast ? limit : fast;
  return each * experts < limit ? each * experts : limit;
}

/* Few groups are solved fast, but where they are too coarse more of them come nearer; those still are a smaller problem
   than the batch. */
static alf_status find_groups(alf_exchange_work *w, int *grain, alf_error *err)
{
  int64_t tokens = w->problem->batch->tokens, experts = w->problem->batch->experts;
  int bits = bits_of_spread(w->problem->batch);
  int64_t few = groups_of(experts, FEW_GROUPS, tokens / 8), most = groups_of(experts, MOST_GROUPS, tokens / 3);
  alf_status status = fill_with_groups(w, bits, few, grain, err);
  if (!status && most > few && (w->box.tokens == 0 || *grain > bits - FINE_GROUPS))
    status = fill_with_groups(w, bits, most, grain, err);
  return status;
}

alf_status alf_exchange_approach_by_groups(alf_exchange_work *w, int64_t *augmentations, alf_error *err)
{
  alf_box *box = &w->box;
  alf_box_end end;
  int grain = 0;
  bool is_stalled;
  w->has_tried_groups = true;
  w->has_groups = false;
  alf_status status = find_groups(w, &grain, err);
  if (status || box->tokens < box->problem->batch->experts / 2) /* prices of so few would leave all the rest tied */
    return status;
  w->has_groups = true;
  alf_box_free_all(box);
  status = alf_box_augment(box, &end, augmentations, err);
  set_even_widths(box, INT64_C(1) << (grain + box->noise_bits));
  return status ? status : settle(w, 1, &is_stalled, err);
}

alf_status alf_exchange_approach(alf_exchange_work *w, int64_t *augmentations, alf_error *err)
{
  bool is_stalled = false;
  alf_status status = try_approach(w, &is_stalled, err);
  if (!status && is_stalled && alf_exchange_has_room_for_noise(w)) {
    alf_exchange_add_noise(w);
    status = try_approach(w, &is_stalled, err);
  }
  if (status || !is_stalled || w->has_tried_groups)
    return status;
  status = alf_exchange_approach_by_groups(w, augmentations, err);
  return status || w->has_groups ? status : try_approach(w, &is_stalled, err);
}
