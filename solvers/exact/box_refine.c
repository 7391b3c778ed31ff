#include <stdlib.h>
#include <string.h>

#include "exact/box.h"

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

/* chosen[] of the token becomes what it was without its free cells, and those that are in. */
static void write_chosen(alf_box *box, const alf_box_token *token)
{
  alf_expert *chosen = box->chosen + token->token * box->problem->topk, merged[ALF_MAX_EXPERTS];
  const alf_box_cell *cell = box->cell + token->first;
  int32_t topk = box->problem->topk, n = 0;
  for (int32_t j = 0, c = 0; j < topk || c < token->cells;) {
    bool from_cell = c < token->cells && (j == topk || cell[c].expert <= chosen[j]);
    alf_expert k = from_cell ? cell[c].expert : chosen[j];
    bool keep = from_cell ? box->is_in[token->first + c] : true;
    j += j < topk && chosen[j] == k;
    c += from_cell;
    if (keep)
      merged[n++] = k;
  }
  memcpy(chosen, merged, (size_t)topk * sizeof *chosen);
}

/* The lowest that a cell that is in can come inside the new box, and the highest that another one can. */
static alf_cut reach_of(const alf_box *box, const alf_box_token *token)
{
  alf_cut reach = {INT64_MAX, INT64_MIN};
  for (int64_t c = token->first; c < token->first + token->cells; c++) {
    alf_box_cell cell = box->cell[c];
    int64_t score = cell.affinity + box->price[cell.expert];
    int64_t low = box->is_in[c] ? score - box->down[cell.expert] : INT64_MAX;
    int64_t high = box->is_in[c] ? INT64_MIN : score + box->up[cell.expert];
    reach.last_in = low < reach.last_in ? low : reach.last_in;
    reach.first_out = high > reach.first_out ? high : reach.first_out;
  }
  return reach;
}

/* Keeps the cells of one token that can swap in the smaller box, at the end of the kept ones. */
static void keep_token(alf_box *box, const alf_box_token *old)
{
  alf_cut reach = reach_of(box, old);
  alf_box_token kept = {.token = old->token, .first = box->cells};
  for (int64_t c = old->first; c < old->first + old->cells; c++) {
    alf_box_cell cell = box->cell[c];
    bool is_in = box->is_in[c];
    int64_t score = cell.affinity + box->price[cell.expert];
    bool may_leave = score - box->down[cell.expert] <= reach.first_out;
    bool may_enter = score + box->up[cell.expert] >= reach.last_in, is_free = is_in ? may_leave : may_enter;
    kept.want += is_free && is_in;
    box->settled[cell.expert] += is_in && !is_free;
    cell.row = (int32_t)box->tokens;
    box->cell[box->cells] = cell;
    box->is_in[box->cells] = is_in;
    box->cells += is_free;
  }
  kept.cells = (int32_t)(box->cells - kept.first);
  if (kept.cells)
    box->token[box->tokens++] = kept;
}

/* The virtual token stays as it is, for its slots are no part of chosen[]. */
static void keep_virtual(alf_box *box, const alf_box_token *old)
{
  alf_box_token kept = *old;
  kept.first = box->cells;
  for (int64_t c = old->first; c < old->first + old->cells; c++) {
    box->is_in[box->cells] = box->is_in[c];
    box->cell[box->cells] = box->cell[c];
    box->cell[box->cells++].row = (int32_t)box->tokens;
  }
  box->token[box->tokens++] = kept;
}

alf_status alf_box_refine(alf_box *box, int64_t slots, alf_error *err)
{
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
    if (old.is_changed)
      write_chosen(box, &old);
    keep_token(box, &old);
  }
  return alf_box_order_cells(box, err);
}
