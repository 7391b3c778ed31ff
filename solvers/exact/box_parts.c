#include "exact/box_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/grow.h"

enum {
  MOST_BLOCKS = 64,
  BLOCK_CELLS = 1 << 15,    /* of the batch in a block of tokens, about, but for the largest */
  MOST_KEPT = 1 << 22,      /* cells of the box: with more, parts keep no room, which would double its memory */
  PARALLEL_CELLS = 1 << 13, /* of the box, from which on threads pay to copy them */
  POLL_TOKENS = 8192,       /* between two looks at the deadline */
};

static void take_arrays(alf_box *to, const alf_box *from)
{
  to->token = from->token;
  to->cell = from->cell;
  to->is_in = from->is_in;
  to->token_room = from->token_room;
  to->cell_room = from->cell_room;
}

static void drop_arrays(alf_box *box)
{
  free(box->token);
  free(box->cell);
  free(box->is_in);
  take_arrays(box, &(alf_box){0});
}

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

/* The same for what is all new. */
static alf_status make_new_room(alf_box *box, int64_t tokens, int64_t cells, alf_error *err)
{
  if (box->token && box->cell && tokens <= box->token_room && cells <= box->cell_room)
    return ALF_OK;
  drop_arrays(box);
  return make_room(box, tokens + tokens / 4, cells + cells / 4, err);
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

/* What one block of tokens has led to, in the box of the part that looked at it. */
typedef struct block {
  int part;
  int64_t token, tokens, cell, cells;
} block;

typedef struct looks {
  alf_box *box;
  alf_box_look *look;
  int64_t stride, blocks;
  block block[MOST_BLOCKS];
  int64_t token[MOST_BLOCKS + 1], cell[MOST_BLOCKS + 1]; /* where each block is to begin in the box, and the end */
} looks;

static void look_at_block(void *context, int index, int64_t i)
{
  looks *l = context;
  alf_box_part *part = &l->box->part[index];
  alf_box *box = &part->box;
  int64_t tokens = box->problem->batch->tokens, steps = (tokens + l->stride - 1) / l->stride;
  int64_t from = steps * i / l->blocks * l->stride, to = steps * (i + 1) / l->blocks * l->stride;
  block *b = &l->block[i];
  *b = (block){index, box->tokens, 0, box->cells, 0};
  for (int64_t t = from; t < to && t < tokens && !part->status; t += l->stride, box->sampled++) {
    part->status = l->look(part, t, alf_box_affinity(box, t, part->fine));
    if (!part->status && box->sampled % POLL_TOKENS == 0)
      part->status = alf_box_check_deadline(box, &part->err);
  }
  b->tokens = box->tokens - b->token;
  b->cells = box->cells - b->cell;
}

alf_status alf_box_parts_alloc(alf_box *box, alf_error *err)
{
  size_t experts = (size_t)box->problem->batch->experts, bytes = experts * sizeof(int64_t);
  size_t count = (size_t)alf_team_size(box->team);
  box->part = calloc(count, sizeof *box->part);
  alf_status status = box->part ? ALF_OK : alf_fail_memory(err, count * sizeof *box->part);
  for (size_t q = 0; q < count && !status; q++) {
    alf_box_part *p = &box->part[q];
    p->box.settled = malloc(bytes);
    p->fine = malloc(bytes);
    p->next = malloc(bytes);
    status = p->box.settled && p->fine && p->next ? ALF_OK : alf_fail_memory(err, 3 * bytes);
    if (!status)
      status = alf_scan_alloc(&p->scan, (int32_t)experts, box->problem->topk, err);
  }
  return status;
}

void alf_box_parts_free(alf_box *box)
{
  int parts = box->part ? alf_team_size(box->team) : 0;
  for (int q = 0; q < parts; q++) {
    alf_box_part *p = &box->part[q];
    free(p->box.settled);
    free(p->fine);
    free(p->next);
    alf_scan_free(&p->scan);
    drop_arrays(&p->box);
  }
  free(box->part);
}

/* A thread that is alone works on the arrays of the box itself. */
static void begin(alf_box_part *p, const alf_box *box)
{
  size_t bytes = (size_t)box->problem->batch->experts * sizeof *box->price;
  alf_box own = p->box;
  p->box = *box;
  if (alf_team_size(box->team) > 1)
    take_arrays(&p->box, &own);
  p->box.settled = own.settled;
  memset(p->box.settled, 0, bytes);
  p->box.tokens = p->box.cells = p->box.sampled = 0;
  p->status = ALF_OK;
  memcpy(p->scan.price, box->price, bytes);
  memcpy(p->scan.down, box->down, bytes);
  memcpy(p->scan.up, box->up, bytes);
}

/* Rows of a survey's cells are experts. */
static void copy_block(void *context, int64_t i)
{
  const looks *l = context;
  const block *b = &l->block[i];
  const alf_box *from = &l->box->part[b->part].box;
  alf_box *box = l->box;
  int64_t rows_on = b->tokens ? l->token[i] - b->token : 0;
  if (b->tokens)
    memcpy(box->is_in + l->cell[i], from->is_in + b->cell, (size_t)b->cells);
  for (int64_t c = 0; c < b->cells; c++) {
    box->cell[l->cell[i] + c] = from->cell[b->cell + c];
    box->cell[l->cell[i] + c].row += (int32_t)rows_on;
  }
  for (int64_t r = 0; r < b->tokens; r++) {
    box->token[l->token[i] + r] = from->token[b->token + r];
    box->token[l->token[i] + r].first += l->cell[i] - b->cell;
  }
}

/* In the order of tokens, so that the result does not depend on who looked at them. */
static alf_status gather_blocks(looks *l, alf_error *err)
{
  alf_box *box = l->box;
  for (int64_t i = 0; i < l->blocks; i++) {
    l->token[i + 1] = l->token[i] + l->block[i].tokens;
    l->cell[i + 1] = l->cell[i] + l->block[i].cells;
  }
  alf_status status = make_new_room(box, l->token[l->blocks], l->cell[l->blocks], err);
  if (status)
    return status;
  box->tokens = l->token[l->blocks];
  box->cells = l->cell[l->blocks];
  alf_team_share(box->cells < PARALLEL_CELLS ? NULL : box->team, l->blocks, copy_block, l);
  for (int q = 0; q < alf_team_size(box->team) && box->cells > MOST_KEPT; q++)
    drop_arrays(&box->part[q].box);
  return ALF_OK;
}

static alf_status end(alf_box *box, const alf_box_part *p, alf_error *err)
{
  for (int32_t k = 0; k < box->problem->batch->experts; k++)
    box->settled[k] += p->box.settled[k];
  box->sampled += p->box.sampled;
  return p->status ? alf_fail(err, p->status, "%s", p->err.text) : ALF_OK;
}

static alf_status look_at_blocks(looks *l, alf_error *err)
{
  alf_box *box = l->box;
  int parts = alf_team_size(box->team);
  alf_status status = ALF_OK;
  for (int q = 0; q < parts; q++)
    begin(&box->part[q], box);
  alf_team_deal(box->team, parts, l->blocks, look_at_block, l);
  if (parts == 1) {
    take_arrays(box, &box->part[0].box);
    take_arrays(&box->part[0].box, &(alf_box){0});
    box->tokens = box->part[0].box.tokens;
    box->cells = box->part[0].box.cells;
  }
  for (int q = 0; q < parts && !status; q++)
    status = end(box, &box->part[q], err);
  return status || parts == 1 ? status : gather_blocks(l, err);
}

alf_status alf_box_look_at_tokens(alf_box *box, int64_t stride, alf_box_look *look, alf_error *err)
{
  const alf_affinity *batch = box->problem->batch;
  size_t bytes = (size_t)batch->experts * sizeof *box->price;
  int64_t blocks = batch->tokens / stride * batch->experts / BLOCK_CELLS + 1;
  looks l = {.box = box, .look = look, .stride = stride, .blocks = blocks < MOST_BLOCKS ? blocks : MOST_BLOCKS};
  memcpy(box->centre, box->price, bytes);
  memset(box->settled, 0, bytes);
  box->tokens = box->cells = box->sampled = 0;
  return look_at_blocks(&l, err);
}
