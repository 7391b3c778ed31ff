#include <stdlib.h>
#include <string.h>

#include "exact/box.h"

static int64_t score_of(const alf_box *box, const alf_box_cell *cell)
{
  return cell->affinity + box->price[cell->expert];
}

/* The nearest cells of each expert set its widths; the old box stays the limit. */
static void set_widths(alf_box *box, int64_t slots)
{
  int64_t experts = box->problem->batch->experts, down[ALF_MAX_EXPERTS], up[ALF_MAX_EXPERTS];
  for (int64_t k = 0; k < experts; k++) {
    int64_t moved = box->price[k] - box->centre[k];
    down[k] = box->down[k] + moved;
    up[k] = box->up[k] - moved;
  }
  alf_box_set_widths(box, slots);
  for (int64_t k = 0; k < experts; k++) {
    box->down[k] = box->down[k] < down[k] ? box->down[k] : down[k];
    box->up[k] = box->up[k] < up[k] ? box->up[k] : up[k];
  }
}

/* The slots of a token's cells go to the want largest scores, the lower expert first: marks them in `is_in`. */
static void route_cells(const alf_box *box, const alf_box_token *token, char *is_in)
{
  const alf_box_cell *cell = box->cell + token->first;
  memset(is_in, 0, (size_t)token->cells);
  for (int32_t n = 0; n < token->want; n++) {
    int32_t best = -1;
    for (int32_t c = 0; c < token->cells; c++)
      if (!is_in[c] && (best < 0 || score_of(box, &cell[c]) > score_of(box, &cell[best])))
        best = c;
    is_in[best] = 1;
  }
}

/* chosen[] of the token becomes what it was without its free cells, and those that are in. */
static void write_chosen(alf_box *box, const alf_box_token *token, const char *is_in)
{
  alf_expert *chosen = box->chosen + token->token * box->problem->topk, merged[ALF_MAX_EXPERTS];
  const alf_box_cell *cell = box->cell + token->first;
  int32_t topk = box->problem->topk, n = 0;
  for (int32_t j = 0, c = 0; j < topk || c < token->cells;) {
    bool from_cell = c < token->cells && (j == topk || cell[c].expert <= chosen[j]);
    alf_expert k = from_cell ? cell[c].expert : chosen[j];
    bool keep = from_cell ? is_in[c] : true;
    j += j < topk && chosen[j] == k;
    c += from_cell;
    if (keep)
      merged[n++] = k;
  }
  memcpy(chosen, merged, (size_t)topk * sizeof *chosen);
}

/* Keeps the cells of one token that can swap in the smaller box, at the end of the kept ones. */
static void keep_token(alf_box *box, const alf_box_token *old, const char *is_in)
{
  const alf_box_cell *cell = box->cell + old->first;
  int64_t chosen_low = INT64_MAX, other_high = INT64_MIN, first = box->cells;
  for (int32_t c = 0; c < old->cells; c++) {
    int64_t score = score_of(box, &cell[c]),
            reach = is_in[c] ? score - box->down[cell[c].expert] : score + box->up[cell[c].expert];
    if (is_in[c] && reach < chosen_low)
      chosen_low = reach;
    if (!is_in[c] && reach > other_high)
      other_high = reach;
  }
  alf_box_token kept = {.token = old->token, .first = first};
  for (int32_t c = 0; c < old->cells; c++) {
    alf_box_cell held = cell[c];
    int64_t score = score_of(box, &held);
    bool is_free = is_in[c] ? score - box->down[held.expert] <= other_high : score + box->up[held.expert] >= chosen_low;
    kept.want += is_free && is_in[c];
    box->settled[held.expert] += is_in[c] && !is_free;
    held.row = (int32_t)box->tokens;
    if (is_free)
      box->cell[box->cells++] = held;
  }
  kept.cells = (int32_t)(box->cells - first);
  if (kept.cells)
    box->token[box->tokens++] = kept;
}

/* The virtual token stays as it is, for its slots are no part of chosen[]. */
static void keep_virtual(alf_box *box, const alf_box_token *old)
{
  alf_box_token kept = *old;
  kept.first = box->cells;
  for (int32_t c = 0; c < old->cells; c++) {
    box->cell[box->cells] = box->cell[old->first + c];
    box->cell[box->cells++].row = (int32_t)box->tokens;
  }
  box->token[box->tokens++] = kept;
}

alf_status alf_box_refine(alf_box *box, int64_t slots, alf_error *err)
{
  char is_in[ALF_MAX_EXPERTS];
  int64_t tokens = box->tokens;
  set_widths(box, slots);
  memcpy(box->centre, box->price, (size_t)box->problem->batch->experts * sizeof *box->price);
  box->tokens = box->cells = 0;
  for (int64_t r = 0; r < tokens; r++) {
    alf_box_token old = box->token[r];
    if (old.token < 0) {
      keep_virtual(box, &old);
      continue;
    }
    route_cells(box, &old, is_in);
    write_chosen(box, &old, is_in);
    keep_token(box, &old, is_in);
  }
  return alf_box_order_cells(box, err);
}
