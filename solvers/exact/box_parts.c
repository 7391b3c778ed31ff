#include "exact/box_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/grow.h"

enum {
  MOST_PARTS = 64,
  PART_CELLS = 1 << 17, /* cells of the batch that are worth a thread */
  POLL_TOKENS = 8192,   /* between two looks at the deadline */
};

static alf_status make_room(alf_box *box, int64_t tokens, int64_t cells, alf_error *err)
{
  int64_t room = box->cell_room;
  alf_box_token *token = alf_grow(box->token, &box->token_room, tokens, sizeof *token);
  box->token = token ? token : box->token;
  char *is_in = alf_grow(box->is_in, &room, cells, sizeof *is_in);
  box->is_in = is_in ? is_in : box->is_in;
  alf_box_cell *cell = is_in ? alf_grow(box->cell, &box->cell_room, cells, sizeof *cell) : NULL;
  box->cell = cell ? cell : box->cell;
  return token && cell ? ALF_OK : alf_fail_memory(err, (unsigned long long)cells * sizeof *cell);
}

alf_status alf_box_reserve(alf_box *box, alf_error *err)
{
  return make_room(box, box->tokens + 1, box->cells + box->problem->batch->experts, err);
}

void alf_box_scan_token(alf_box_part *part, int64_t i, const int64_t *affinity)
{
  alf_box *box = &part->box;
  alf_scan *scan = &part->scan;
  alf_scan_token(scan, affinity, box->threshold[i] ^ ALF_SCAN_NO_GUESS);
  box->threshold[i] = alf_cut_middle(scan->cut) ^ ALF_SCAN_NO_GUESS;
  for (int32_t w = 0; w < scan->words; w++)
    for (uint64_t word = scan->chosen[w]; word; word &= word - 1)
      box->settled[64 * w + __builtin_ctzll(word)]++;
}

static void look_at_part(void *context, int64_t index)
{
  alf_box_part *part = (alf_box_part *)context + index;
  alf_box *box = &part->box;
  for (int64_t i = part->from; i < part->to && !part->status; i += part->stride, box->sampled++) {
    part->status = part->look(part, i, alf_box_affinity(box, i, part->fine));
    if (!part->status && box->sampled % POLL_TOKENS == 0)
      part->status = alf_box_check_deadline(box, &part->err);
  }
}

/* The first part works on the arrays of the box itself. */
static alf_status part_alloc(alf_box_part *p, const alf_box *box, bool is_first, alf_error *err)
{
  size_t experts = (size_t)box->problem->batch->experts, bytes = experts * sizeof(int64_t);
  p->box = *box;
  if (!is_first) {
    p->box.token = NULL;
    p->box.cell = NULL;
    p->box.is_in = NULL;
    p->box.token_room = p->box.cell_room = 0;
  }
  p->box.tokens = p->box.cells = p->box.sampled = 0;
  p->box.settled = calloc(experts, sizeof *p->box.settled);
  p->fine = malloc(bytes);
  alf_status status = p->box.settled && p->fine ? ALF_OK : alf_fail_memory(err, 2 * bytes);
  if (!status)
    status = alf_scan_alloc(&p->scan, (int32_t)experts, box->problem->topk, err);
  if (status)
    return status;
  memcpy(p->scan.price, box->price, bytes);
  memcpy(p->scan.down, box->down, bytes);
  memcpy(p->scan.up, box->up, bytes);
  return ALF_OK;
}

static void part_free(alf_box_part *p, bool is_first)
{
  free(p->box.settled);
  free(p->fine);
  alf_scan_free(&p->scan);
  if (is_first)
    return;
  free(p->box.token);
  free(p->box.cell);
  free(p->box.is_in);
}

/* Hands over what the part has found, behind what the parts before it have. */
static alf_status append_part(alf_box *box, const alf_box_part *p, alf_error *err)
{
  const alf_box *from = &p->box;
  int64_t tokens = box->tokens + from->tokens, cells = box->cells + from->cells;
  alf_status status = make_room(box, tokens, cells, err);
  if (status)
    return status;
  memcpy(box->is_in + box->cells, from->is_in, (size_t)from->cells);
  for (int64_t c = 0; c < from->cells; c++) {
    box->cell[box->cells + c] = from->cell[c];
    box->cell[box->cells + c].row += from->tokens ? (int32_t)box->tokens : 0;
  }
  for (int64_t r = 0; r < from->tokens; r++) {
    box->token[box->tokens + r] = from->token[r];
    box->token[box->tokens + r].first += box->cells;
  }
  box->tokens = tokens;
  box->cells = cells;
  return ALF_OK;
}

/* In the order of tokens, so that the result does not depend on how many parts there were. */
static alf_status gather(alf_box *box, alf_box_part *parts, int64_t count, alf_error *err)
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
    if (!status && q > 0 && parts[q].box.cells)
      status = append_part(box, &parts[q], err);
    for (int32_t k = 0; k < box->problem->batch->experts; k++)
      box->settled[k] += parts[q].box.settled[k];
    box->sampled += parts[q].box.sampled;
  }
  return status;
}

static alf_status share_out(alf_box *box, int64_t stride, int64_t count, alf_box_look *look, alf_error *err)
{
  int64_t tokens = box->problem->batch->tokens, steps = (tokens + stride - 1) / stride;
  alf_box_part *parts = calloc((size_t)count, sizeof *parts);
  alf_status status = parts ? ALF_OK : alf_fail_memory(err, (size_t)count * sizeof *parts);
  for (int64_t q = 0; q < count && !status; q++) {
    status = part_alloc(&parts[q], box, q == 0, err);
    parts[q].look = look;
    parts[q].stride = stride;
    parts[q].from = steps * q / count * stride;
    parts[q].to = q + 1 < count ? steps * (q + 1) / count * stride : tokens;
  }
  if (!status) {
    alf_team_share(box->team, count, look_at_part, parts);
    status = gather(box, parts, count, err);
  }
  for (int64_t q = 0; q < count && parts; q++)
    part_free(&parts[q], q == 0);
  free(parts);
  return status;
}

alf_status alf_box_look_at_tokens(alf_box *box, int64_t stride, alf_box_look *look, alf_error *err)
{
  const alf_affinity *batch = box->problem->batch;
  size_t bytes = (size_t)batch->experts * sizeof *box->price;
  int64_t parts = batch->tokens / stride * batch->experts / PART_CELLS + 1;
  int64_t threads = alf_team_size(box->team);
  memcpy(box->centre, box->price, bytes);
  memset(box->settled, 0, bytes);
  box->tokens = box->cells = box->sampled = 0;
  parts = parts < threads ? parts : threads;
  return share_out(box, stride, parts < MOST_PARTS ? parts : MOST_PARTS, look, err);
}
