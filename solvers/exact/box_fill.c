#include "exact/box_parts.h"

/* Enters the cells that can swap: chosen ones that may fall below the highest other, others that may rise to the lowest
   chosen one. */
static void free_cells(alf_box_part *part, int64_t i, const int64_t *affinity)
{
  alf_box *box = &part->box;
  alf_scan *scan = &part->scan;
  alf_box_token token = {.token = i, .first = box->cells, .copies = 1};
  alf_scan_within(scan, scan->highest_other, scan->lowest_chosen);
  for (int32_t w = 0; w < scan->words; w++) {
    for (uint64_t word = scan->within[w]; word; word &= word - 1) {
      int32_t bit = __builtin_ctzll(word);
      alf_expert k = (alf_expert)(64 * w + bit);
      bool is_in = scan->chosen[w] >> bit & 1;
      box->is_in[box->cells] = is_in;
      box->cell[box->cells++] = (alf_box_cell){affinity[k], (int32_t)box->tokens, k};
      box->settled[k] -= is_in;
      token.want += is_in;
    }
  }
  token.cells = (int32_t)(box->cells - token.first);
  box->token[box->tokens++] = token;
}

static alf_status take_token(alf_box_part *part, int64_t i, const int64_t *affinity)
{
  alf_scan *scan = &part->scan;
  alf_expert *chosen = part->box.chosen + i * scan->topk;
  alf_box_scan_token(part, i, affinity);
  for (int32_t w = 0; w < scan->words; w++)
    for (uint64_t word = scan->chosen[w]; word; word &= word - 1)
      *chosen++ = (alf_expert)(64 * w + __builtin_ctzll(word));
  if (scan->lowest_chosen > scan->highest_other)
    return ALF_OK;
  alf_status status = alf_box_reserve(&part->box, &part->err);
  if (!status)
    free_cells(part, i, affinity);
  return status;
}

/* ALF_ROUNDED: experts that keep the smaller load have a slot of one more token instead, which wants every expert
   alike. All loads are then the larger one, and prices matter up to a common shift only. */
alf_status alf_box_add_virtual_token(alf_box *box, alf_error *err)
{
  int64_t slots = box->problem->topk * box->problem->batch->tokens;
  int32_t experts = box->problem->batch->experts;
  alf_load_range range = alf_problem_load_range(box->problem, 0);
  alf_status status = range.lower < range.upper ? alf_box_reserve(box, err) : ALF_OK;
  if (status || range.lower == range.upper)
    return status;
  box->token[box->tokens] = (alf_box_token){-1, box->cells, experts, (int32_t)(range.upper * experts - slots), 1};
  for (int32_t k = 0; k < experts; k++) {
    box->is_in[box->cells] = k < box->token[box->tokens].want;
    box->cell[box->cells++] = (alf_box_cell){0, (int32_t)box->tokens, (alf_expert)k};
  }
  box->tokens++;
  return ALF_OK;
}

alf_status alf_box_fill(alf_box *box, alf_error *err)
{
  alf_status status = alf_box_look_at_tokens(box, 1, take_token, err);
  if (!status)
    status = alf_box_add_virtual_token(box, err);
  return status ? status : alf_box_order_cells(box, err);
}
