#include "exact/box.h"

#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "core/grow.h"
#include "core/hot.h"
#include "exact/perturb.h"

alf_status alf_box_check_deadline(const alf_box *box, alf_error *err)
{
  if (alf_deadline_left_ms(box->deadline) > 0)
    return ALF_OK;
  return alf_fail(err, ALF_ETIMEOUT, "exchange: time limit reached");
}

alf_status alf_box_alloc(alf_box *box, const alf_problem *problem, alf_deadline deadline, alf_error *err)
{
  size_t experts = (size_t)problem->batch->experts, slots = (size_t)(problem->topk * problem->batch->tokens);
  *box = (alf_box){.problem = problem, .deadline = deadline};
  box->price = calloc(experts, sizeof *box->price);
  box->centre = calloc(experts, sizeof *box->centre);
  box->down = calloc(experts, sizeof *box->down);
  box->up = calloc(experts, sizeof *box->up);
  box->score = calloc(experts, sizeof *box->score);
  box->settled = calloc(experts, sizeof *box->settled);
  box->is_chosen = calloc(experts, sizeof *box->is_chosen);
  box->column = calloc(experts + 1, sizeof *box->column);
  box->chosen = malloc(slots * sizeof *box->chosen);
  if (box->price && box->centre && box->down && box->up && box->score && box->settled && box->is_chosen && box->column && box->chosen)
    return ALF_OK;
  alf_box_free(box);
  return alf_fail_memory(err, slots * sizeof *box->chosen + experts * 6 * sizeof *box->price);
}

void alf_box_free(alf_box *box)
{
  free(box->price);
  free(box->centre);
  free(box->down);
  free(box->up);
  free(box->score);
  free(box->settled);
  free(box->is_chosen);
  free(box->column);
  free(box->chosen);
  free(box->token);
  free(box->cell);
  free(box->is_in);
  free(box->amount);
  free(box->place);
  free(box->entry);
  *box = (alf_box){0};
}

/* What is optimal with this noise is optimal without it (alf_perturb). */
static int64_t noise(const alf_box *box, int64_t i, int32_t k)
{
  int32_t experts = box->problem->batch->experts;
  return alf_noise((uint64_t)(i * experts + k), box->noise_bits, experts);
}

static int64_t fine_affinity(const alf_box *box, int64_t i, int32_t k)
{
  int64_t affinity = alf_affinity_row(box->problem->batch, i)[k];
  return box->noise_bits ? affinity * (INT64_C(1) << box->noise_bits) + noise(box, i, k) : affinity;
}

void alf_box_read_token(const alf_box *box, int64_t i, int64_t *affinity)
{
  for (int32_t k = 0; k < box->problem->batch->experts; k++)
    affinity[k] = fine_affinity(box, i, k);
}

ALF_HOT static void add_rows(const int64_t *a, const int64_t *b, int32_t experts, int64_t *sum)
{
  for (int32_t k = 0; k < experts; k++)
    sum[k] = a[k] + b[k];
}

static void score_token(const alf_box *box, int64_t i)
{
  int32_t experts = box->problem->batch->experts;
  if (!box->noise_bits) {
    add_rows(alf_affinity_row(box->problem->batch, i), box->price, experts, box->score);
    return;
  }
  for (int32_t k = 0; k < experts; k++)
    box->score[k] = fine_affinity(box, i, k) + box->price[k];
}

/* max of score + width over all experts. */
ALF_HOT static int64_t highest_reach(const int64_t *score, const int64_t *width, int32_t experts)
{
  int64_t highest = INT64_MIN;
  for (int32_t k = 0; k < experts; k++)
    highest = score[k] + width[k] > highest ? score[k] + width[k] : highest;
  return highest;
}

/* The lowest that a chosen cell can come inside the box, and the highest that another one can. */
typedef struct reach {
  int64_t chosen_low, other_high;
} reach;

static reach reach_of(alf_box *box, const alf_expert *chosen)
{
  int32_t topk = box->problem->topk, experts = box->problem->batch->experts;
  reach r = {.chosen_low = INT64_MAX};
  int64_t held[ALF_MAX_EXPERTS];
  for (int32_t j = 0; j < topk; j++) {
    int64_t *score = &box->score[chosen[j]], low = *score - box->down[chosen[j]];
    r.chosen_low = low < r.chosen_low ? low : r.chosen_low;
    held[j] = *score;
    *score = INT64_MIN / 2;
  }
  r.other_high = highest_reach(box->score, box->up, experts);
  for (int32_t j = 0; j < topk; j++)
    box->score[chosen[j]] = held[j];
  return r;
}

/* Room for one more token with all its cells. */
static alf_status reserve(alf_box *box, alf_error *err)
{
  int64_t cells = box->cells + box->problem->batch->experts + 1, room = box->cell_room;
  alf_box_token *token = alf_grow(box->token, &box->token_room, box->tokens + 1, sizeof *token);
  box->token = token ? token : box->token;
  char *is_in = alf_grow(box->is_in, &room, cells, sizeof *is_in);
  box->is_in = is_in ? is_in : box->is_in;
  alf_box_cell *cell = alf_grow(box->cell, &box->cell_room, cells, sizeof *cell);
  box->cell = cell ? cell : box->cell;
  return token && is_in && cell ? ALF_OK : alf_fail_memory(err, (unsigned long long)cells * sizeof *cell);
}

/* The cells that can swap. Every cell is written to the next place and kept there only if it is free: a branch would be
   mispredicted. */
static void free_cells(alf_box *box, int64_t i, const alf_expert *chosen, reach r)
{
  int32_t topk = box->problem->topk, experts = box->problem->batch->experts, n = 0, want = 0;
  alf_box_cell *cell = box->cell + box->cells;
  char *is_in = box->is_in + box->cells;
  for (int32_t j = 0; j < topk; j++) {
    int32_t k = chosen[j];
    bool is_free = box->score[k] - box->down[k] <= r.other_high;
    box->settled[k] += !is_free;
    box->is_chosen[k] = 1;
    want += is_free;
  }
  for (int32_t k = 0; k < experts; k++) {
    bool may_leave = box->score[k] - box->down[k] <= r.other_high;
    bool may_enter = box->score[k] + box->up[k] >= r.chosen_low;
    cell[n] = (alf_box_cell){box->score[k] - box->price[k], (int32_t)box->tokens, (alf_expert)k};
    is_in[n] = box->is_chosen[k];
    n += box->is_chosen[k] ? may_leave : may_enter;
  }
  for (int32_t j = 0; j < topk; j++)
    box->is_chosen[chosen[j]] = 0;
  box->token[box->tokens++] = (alf_box_token){.token = i, .first = box->cells, .cells = n, .want = want};
  box->cells += n;
}

static alf_status take_token(alf_box *box, int64_t i, alf_error *err)
{
  int32_t topk = box->problem->topk;
  alf_expert *chosen = box->chosen + i * topk;
  score_token(box, i);
  int32_t experts = box->problem->batch->experts;
  if (!box->routed || !alf_is_topk(box->score, experts, topk, chosen)) /* an earlier box may have had it right */
    alf_topk_row(box->score, experts, topk, chosen);
  reach r = reach_of(box, chosen);
  if (r.chosen_low > r.other_high) {
    for (int32_t j = 0; j < topk; j++)
      box->settled[chosen[j]]++;
    return ALF_OK;
  }
  alf_status status = reserve(box, err);
  if (!status)
    free_cells(box, i, chosen, r);
  return status;
}

/* ALF_ROUNDED: experts that keep the smaller load have a slot of one more token instead, which wants every expert
   alike. All loads are then the larger one, and prices matter up to a common shift only. */
static alf_status add_virtual_token(alf_box *box, alf_error *err)
{
  int64_t slots = box->problem->topk * box->problem->batch->tokens;
  int32_t experts = box->problem->batch->experts;
  alf_load_range range = alf_problem_load_range(box->problem, 0);
  alf_status status = range.lower < range.upper ? reserve(box, err) : ALF_OK;
  if (status || range.lower == range.upper)
    return status;
  box->token[box->tokens] = (alf_box_token){-1, box->cells, experts, (int32_t)(range.upper * experts - slots), false};
  for (int32_t k = 0; k < experts; k++) {
    box->is_in[box->cells] = k < box->token[box->tokens].want;
    box->cell[box->cells++] = (alf_box_cell){0, (int32_t)box->tokens, (alf_expert)k};
  }
  box->tokens++;
  return ALF_OK;
}

alf_status alf_box_order_cells(alf_box *box, alf_error *err)
{
  size_t cells = (size_t)box->cells + 1;
  int32_t experts = box->problem->batch->experts;
  free(box->amount);
  free(box->place);
  free(box->entry);
  box->amount = calloc(cells, sizeof *box->amount);
  box->place = malloc(cells * sizeof *box->place);
  box->entry = malloc(cells * sizeof *box->entry);
  if (!box->amount || !box->place || !box->entry)
    return alf_fail_memory(err, cells * 16);
  memset(box->column, 0, ((size_t)experts + 1) * sizeof *box->column);
  for (int64_t c = 0; c < box->cells; c++)
    box->column[box->cell[c].expert]++;
  for (int32_t k = 0, sum = 0; k <= experts; k++) {
    int32_t count = k < experts ? (int32_t)box->column[k] : 0;
    box->column[k] = sum;
    sum += count;
  }
  memcpy(box->score, box->column, (size_t)experts * sizeof *box->score); /* the next free place of each column */
  for (int64_t c = 0; c < box->cells; c++)
    box->place[c] = (int32_t)box->score[box->cell[c].expert]++;
  return ALF_OK;
}

alf_status alf_box_fill(alf_box *box, int64_t stride, alf_error *err)
{
  const alf_affinity *batch = box->problem->batch;
  size_t bytes = (size_t)batch->experts * sizeof *box->price;
  alf_status status = ALF_OK;
  box->tokens = box->cells = box->sampled = 0;
  memcpy(box->centre, box->price, bytes);
  memset(box->settled, 0, bytes);
  for (int64_t i = 0; i < batch->tokens && !status; i += stride, box->sampled++) {
    status = take_token(box, i, err);
    if (!status && box->sampled % 8192 == 0)
      status = alf_box_check_deadline(box, err);
  }
  if (!status && stride == 1)
    status = add_virtual_token(box, err);
  box->routed = !status && stride == 1;
  return status ? status : alf_box_order_cells(box, err);
}

int64_t alf_box_target(const alf_box *box, int32_t k)
{
  const alf_problem *problem = box->problem;
  int64_t tokens = problem->batch->tokens, experts = problem->batch->experts, slots = problem->topk * box->sampled;
  if (problem->capacity)
    return (problem->capacity[k] * box->sampled + tokens / 2) / tokens;
  const alf_box_token *last = &box->token[box->tokens - 1];
  if (box->tokens && last->token < 0)
    slots += last->want;
  return slots / experts + (k < slots % experts);
}

bool alf_box_touches_border(const alf_box *box)
{
  for (int32_t k = 0; k < box->problem->batch->experts; k++)
    if (box->price[k] - box->centre[k] == box->up[k] || box->centre[k] - box->price[k] == box->down[k])
      return true;
  return false;
}

bool alf_box_holds_prices(const alf_box *box)
{
  int64_t lowest = INT64_MAX, highest = INT64_MIN;
  for (int32_t k = 0; k < box->problem->batch->experts; k++) {
    int64_t moved = box->price[k] - box->centre[k];
    lowest = moved + box->down[k] < lowest ? moved + box->down[k] : lowest;
    highest = moved - box->up[k] > highest ? moved - box->up[k] : highest;
  }
  return highest <= lowest;
}
