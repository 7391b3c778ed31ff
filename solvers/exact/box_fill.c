#include <stdlib.h>
#include <string.h>

#include "alf/parallel.h"
#include "core/grow.h"
#include "core/hot.h"
#include "exact/box.h"

enum {
  MOST_PARTS = 64,
  PART_CELLS = 1 << 20, /* cells of the batch that are worth a thread */
  POLL_TOKENS = 8192,   /* between two looks at the deadline */
};

/* What one thread finds in its share of the tokens, in a box of its own that borrows centre and widths. */
typedef struct part {
  alf_box box;
  int64_t from, to, stride;
  uint8_t *is_free;   /* E, filled up with zeros to whole words */
  uint8_t *is_chosen; /* E: 0 between tokens */
  alf_expert *free;   /* E: indices */
  alf_status status;
  alf_error err;
} part;

ALF_HOT static void add_rows(const int64_t *a, const int64_t *b, int32_t experts, int64_t *sum)
{
  for (int32_t k = 0; k < experts; k++)
    sum[k] = a[k] + b[k];
}

static void score_token(const alf_box *box, int64_t i)
{
  int32_t experts = box->problem->batch->experts;
  const int64_t *affinity = alf_affinity_row(box->problem->batch, i);
  if (box->noise_bits) {
    alf_box_read_token(box, i, box->score);
    affinity = box->score;
  }
  add_rows(affinity, box->price, experts, box->score);
}

/* The highest that a cell that is not chosen can come inside the box. A chosen cell that ties with one of those counts
   as one: more cells than need be are then free. */
ALF_HOT static int64_t highest_other(const int64_t *score, const int64_t *up, int32_t experts, int64_t first_out)
{
  int64_t highest = INT64_MIN;
  for (int32_t k = 0; k < experts; k++) {
    int64_t reach = score[k] + up[k], other = score[k] > first_out ? INT64_MIN : reach;
    highest = other > highest ? other : highest;
  }
  return highest;
}

static int64_t lowest_chosen(const alf_box *box, const alf_expert *chosen)
{
  int64_t lowest = INT64_MAX;
  for (int32_t j = 0; j < box->problem->topk; j++) {
    int64_t reach = box->score[chosen[j]] - box->down[chosen[j]];
    lowest = reach < lowest ? reach : lowest;
  }
  return lowest;
}

ALF_HOT static void flag_reach(const int64_t *score, const int64_t *up, int32_t experts, int64_t low, uint8_t *flag)
{
  for (int32_t k = 0; k < experts; k++)
    flag[k] = score[k] + up[k] >= low;
}

/* Writes the indices of the flags, 0 or 1, that are set; most are not, and eight of those are passed over at once. */
static int32_t pick(const uint8_t *flag, int32_t count, alf_expert *index)
{
  int32_t held = 0;
  for (int32_t first = 0; first < count; first += 8) {
    uint64_t word = 0;
    for (int b = 0; b < 8; b++)
      word |= (uint64_t)flag[first + b] << (8 * b);
    for (; word; word &= word - 1)
      index[held++] = (alf_expert)(first + __builtin_ctzll(word) / 8);
  }
  return held;
}

/* Room for one more token with all its cells. */
static alf_status reserve(alf_box *box, alf_error *err)
{
  int64_t cells = box->cells + box->problem->batch->experts, room = box->cell_room;
  alf_box_token *token = alf_grow(box->token, &box->token_room, box->tokens + 1, sizeof *token);
  box->token = token ? token : box->token;
  char *is_in = alf_grow(box->is_in, &room, cells, sizeof *is_in);
  box->is_in = is_in ? is_in : box->is_in;
  alf_box_cell *cell = is_in ? alf_grow(box->cell, &box->cell_room, cells, sizeof *cell) : NULL;
  box->cell = cell ? cell : box->cell;
  return token && cell ? ALF_OK : alf_fail_memory(err, (unsigned long long)cells * sizeof *cell);
}

/* Enters the cells that can swap: chosen ones that may fall below other_high, others that may rise to chosen_low. */
static void free_cells(part *p, int64_t i, const alf_expert *chosen, int64_t chosen_low, int64_t other_high)
{
  alf_box *box = &p->box;
  int32_t experts = box->problem->batch->experts, topk = box->problem->topk;
  alf_box_token token = {.token = i, .first = box->cells};
  flag_reach(box->score, box->up, experts, chosen_low, p->is_free);
  for (int32_t j = 0; j < topk; j++) {
    int32_t k = chosen[j];
    bool is_free = box->score[k] - box->down[k] <= other_high;
    p->is_free[k] = is_free;
    p->is_chosen[k] = 1;
    box->settled[k] += !is_free;
    token.want += is_free;
  }
  token.cells = pick(p->is_free, experts, p->free);
  for (int32_t c = 0; c < token.cells; c++) {
    alf_expert k = p->free[c];
    box->is_in[token.first + c] = (char)p->is_chosen[k];
    box->cell[token.first + c] = (alf_box_cell){box->score[k] - box->price[k], (int32_t)box->tokens, k};
  }
  for (int32_t j = 0; j < topk; j++)
    p->is_chosen[chosen[j]] = 0;
  box->token[box->tokens++] = token;
  box->cells += token.cells;
}

static alf_status take_token(part *p, int64_t i)
{
  alf_box *box = &p->box;
  int32_t experts = box->problem->batch->experts, topk = box->problem->topk;
  alf_expert *chosen = box->chosen + i * topk;
  score_token(box, i);
  alf_cut cut = alf_topk_cut(box->score, experts, topk, chosen);
  int64_t chosen_low = lowest_chosen(box, chosen);
  int64_t other_high = highest_other(box->score, box->up, experts, cut.first_out);
  if (chosen_low > other_high) {
    for (int32_t j = 0; j < topk; j++)
      box->settled[chosen[j]]++;
    return ALF_OK;
  }
  alf_status status = reserve(box, &p->err);
  if (!status)
    free_cells(p, i, chosen, chosen_low, other_high);
  return status;
}

static void fill_part(void *context, int64_t index)
{
  part *p = (part *)context + index;
  for (int64_t i = p->from; i < p->to && !p->status; i += p->stride, p->box.sampled++) {
    p->status = take_token(p, i);
    if (!p->status && p->box.sampled % POLL_TOKENS == 0)
      p->status = alf_box_check_deadline(&p->box, &p->err);
  }
}

/* The first part works on the arrays of the box itself. */
static alf_status part_alloc(part *p, const alf_box *box, bool is_first, alf_error *err)
{
  size_t experts = (size_t)box->problem->batch->experts;
  p->box = *box;
  if (!is_first) {
    p->box.token = NULL;
    p->box.cell = NULL;
    p->box.is_in = NULL;
    p->box.token_room = p->box.cell_room = 0;
  }
  p->box.tokens = p->box.cells = p->box.sampled = 0;
  p->box.settled = calloc(experts, sizeof *p->box.settled);
  p->box.score = calloc(experts, sizeof *p->box.score);
  p->is_free = calloc(experts + 8, 1);
  p->is_chosen = calloc(experts, 1);
  p->free = calloc(experts, sizeof *p->free);
  if (p->box.settled && p->box.score && p->is_free && p->is_chosen && p->free)
    return ALF_OK;
  return alf_fail_memory(err, experts * 20);
}

static void part_free(part *p, bool is_first)
{
  free(p->box.settled);
  free(p->box.score);
  free(p->is_free);
  free(p->is_chosen);
  free(p->free);
  if (is_first)
    return;
  free(p->box.token);
  free(p->box.cell);
  free(p->box.is_in);
}

/* Hands over what the part has found, behind what the parts before it have. */
static alf_status append_part(alf_box *box, const part *p, alf_error *err)
{
  const alf_box *from = &p->box;
  int64_t tokens = box->tokens + from->tokens, cells = box->cells + from->cells, room = box->cell_room;
  alf_box_token *token = alf_grow(box->token, &box->token_room, tokens, sizeof *token);
  box->token = token ? token : box->token;
  char *is_in = alf_grow(box->is_in, &room, cells, sizeof *is_in);
  box->is_in = is_in ? is_in : box->is_in;
  alf_box_cell *cell = is_in ? alf_grow(box->cell, &box->cell_room, cells, sizeof *cell) : NULL;
  box->cell = cell ? cell : box->cell;
  if (!token || !cell)
    return alf_fail_memory(err, (unsigned long long)cells * sizeof *cell);
  memcpy(is_in + box->cells, from->is_in, (size_t)from->cells);
  for (int64_t c = 0; c < from->cells; c++) {
    cell[box->cells + c] = from->cell[c];
    cell[box->cells + c].row += (int32_t)box->tokens;
  }
  for (int64_t r = 0; r < from->tokens; r++) {
    token[box->tokens + r] = from->token[r];
    token[box->tokens + r].first += box->cells;
  }
  box->tokens = tokens;
  box->cells = cells;
  return ALF_OK;
}

/* In the order of tokens, so that the result does not depend on how many parts there were. */
static alf_status gather(alf_box *box, part *parts, int64_t count, alf_error *err)
{
  const alf_box *first = &parts[0].box;
  box->token = first->token;
  box->cell = first->cell;
  box->is_in = first->is_in;
  box->token_room = first->token_room;
  box->cell_room = first->cell_room;
  box->tokens = first->tokens;
  box->cells = first->cells;
  alf_status status = ALF_OK;
  for (int64_t q = 0; q < count; q++) {
    if (!status && parts[q].status)
      status = alf_fail(err, parts[q].status, "%s", parts[q].err.text);
    if (!status && q > 0 && parts[q].box.tokens)
      status = append_part(box, &parts[q], err);
    for (int32_t k = 0; k < box->problem->batch->experts; k++)
      box->settled[k] += parts[q].box.settled[k];
    box->sampled += parts[q].box.sampled;
  }
  return status;
}

static alf_status fill_parts(alf_box *box, int64_t stride, int64_t count, alf_error *err)
{
  int64_t tokens = box->problem->batch->tokens, steps = (tokens + stride - 1) / stride;
  part *parts = calloc((size_t)count, sizeof *parts);
  alf_status status = parts ? ALF_OK : alf_fail_memory(err, (size_t)count * sizeof *parts);
  for (int64_t q = 0; q < count && !status; q++) {
    status = part_alloc(&parts[q], box, q == 0, err);
    parts[q].stride = stride;
    parts[q].from = steps * q / count * stride;
    parts[q].to = q + 1 < count ? steps * (q + 1) / count * stride : tokens;
  }
  if (!status) {
    alf_parallel_for(count, box->threads, fill_part, parts);
    status = gather(box, parts, count, err);
  }
  for (int64_t q = 0; q < count && parts; q++)
    part_free(&parts[q], q == 0);
  free(parts);
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

alf_status alf_box_fill(alf_box *box, int64_t stride, alf_error *err)
{
  const alf_affinity *batch = box->problem->batch;
  size_t bytes = (size_t)batch->experts * sizeof *box->price;
  int64_t parts = batch->tokens / stride * batch->experts / PART_CELLS + 1;
  memcpy(box->centre, box->price, bytes);
  memset(box->settled, 0, bytes);
  box->tokens = box->cells = box->sampled = 0;
  int64_t threads = alf_parallel_threads(box->threads);
  parts = parts < threads ? parts : threads;
  alf_status status = fill_parts(box, stride, parts < MOST_PARTS ? parts : MOST_PARTS, err);
  if (!status && stride == 1)
    status = add_virtual_token(box, err);
  return status ? status : alf_box_order_cells(box, err);
}
