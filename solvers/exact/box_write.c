#include <string.h>

#include "exact/box.h"
#include "exact/solution.h"

enum {
  BLOCKS = 64,
  PARALLEL_SLOTS = 1 << 15, /* from which on threads pay */
};

/* Where each block of tokens starts: its first token, the first of the box's tokens in it, its first entry. */
typedef struct writer {
  const alf_box *box;
  alf_solution *x;
  int64_t token[BLOCKS + 1], row[BLOCKS + 1], entry[BLOCKS + 1];
} writer;

/* What a token of the box has: its chosen cells that are not free, and the free ones with an amount. */
static int64_t entries_of(const alf_box *box, const alf_box_token *token)
{
  int64_t entries = box->problem->topk - token->want;
  for (int64_t c = token->first; c < token->first + token->cells; c++)
    entries += box->amount[c] > 0;
  return entries;
}

static void find_blocks(writer *w)
{
  const alf_box *box = w->box;
  int64_t row = 0, topk = box->problem->topk, extra = 0;
  for (int64_t block = 0; block <= BLOCKS; block++) {
    int64_t first = w->x->tokens / BLOCKS * block;
    first = block < BLOCKS ? first : w->x->tokens;
    for (; row < box->tokens && box->token[row].token >= 0 && box->token[row].token < first; row++)
      extra += entries_of(box, &box->token[row]) - topk;
    w->token[block] = first;
    w->row[block] = row;
    w->entry[block] = first * topk + extra;
  }
}

static int64_t write_settled(const writer *w, int64_t i, int64_t end)
{
  int32_t topk = w->box->problem->topk;
  memcpy(w->x->expert + end, w->box->chosen + i * topk, (size_t)topk * sizeof *w->x->expert);
  for (int32_t j = 0; j < topk; j++)
    w->x->amount[end + j] = (int32_t)w->x->denominator;
  return end + topk;
}

/* Its chosen cells that are not free in full, its free cells with their amounts. */
static int64_t write_free(const writer *w, const alf_box_token *token, int64_t end)
{
  const alf_box *box = w->box;
  int32_t topk = box->problem->topk;
  const alf_expert *chosen = box->chosen + token->token * topk;
  int64_t c = token->first, last = token->first + token->cells;
  for (int32_t j = 0; j < topk || c < last;) {
    bool from_cell = c < last && (j == topk || box->cell[c].expert <= chosen[j]);
    alf_expert k = from_cell ? box->cell[c].expert : chosen[j];
    int32_t amount = from_cell ? box->amount[c] : (int32_t)w->x->denominator;
    j += j < topk && chosen[j] == k;
    c += from_cell;
    if (amount == 0)
      continue;
    w->x->expert[end] = k;
    w->x->amount[end++] = amount;
  }
  return end;
}

static void write_block(void *context, int64_t block)
{
  const writer *w = context;
  int64_t row = w->row[block], end = w->entry[block];
  for (int64_t i = w->token[block]; i < w->token[block + 1]; i++) {
    bool is_free = row < w->row[block + 1] && w->box->token[row].token == i;
    end = is_free ? write_free(w, &w->box->token[row], end) : write_settled(w, i, end);
    row += is_free;
    w->x->row[i + 1] = end;
  }
}

alf_status alf_box_write_primal(const alf_box *box, alf_solution *x, alf_error *err)
{
  writer w = {.box = box, .x = x};
  find_blocks(&w);
  alf_status status = alf_solution_reserve(x, w.entry[BLOCKS], err);
  if (!status)
    alf_team_share(w.entry[BLOCKS] < PARALLEL_SLOTS ? NULL : box->team, BLOCKS, write_block, &w);
  return status;
}

void alf_box_write_prices(const alf_box *box, alf_solution *x)
{
  int64_t origin = box->price[0];
  const alf_box_token *last = box->tokens ? &box->token[box->tokens - 1] : NULL;
  if (last && last->token < 0) {
    origin = INT64_MAX;
    for (int64_t c = last->first; c < last->first + last->cells; c++)
      if (box->amount[c] > 0 && box->price[box->cell[c].expert] < origin)
        origin = box->price[box->cell[c].expert];
  }
  for (int32_t k = 0; k < x->experts; k++)
    x->price[k] = box->price[k] - origin;
}

void alf_box_write_spared(const alf_box *box, char *is_spared)
{
  const alf_box_token *last = box->tokens ? &box->token[box->tokens - 1] : NULL;
  memset(is_spared, 0, (size_t)box->problem->batch->experts);
  for (int64_t c = 0; last && last->token < 0 && c < last->cells; c++)
    is_spared[box->cell[last->first + c].expert] = box->amount[last->first + c] > 0;
}
