#include "exact/box_parts.h"

/* A near cell is chosen from the price on at which it beats its rival: the best other one of its token, or the last
   chosen one. These two follow each other's price; to the cells behind them it is as if the rival's stayed. */
static void enter_near_cell(alf_box *box, const alf_scan *scan, const int64_t *affinity, int32_t k, bool is_in,
                            int32_t rival, bool follows)
{
  int64_t entry = affinity[rival] - affinity[k];
  alf_box_cell cell = {entry, rival, (alf_expert)k};
  if (!follows)
    cell = (alf_box_cell){entry + box->price[rival], scan->experts, (alf_expert)k};
  box->cell[box->cells++] = cell;
  box->settled[k] -= is_in;
}

static void enter_near_cells(alf_box_part *part, const int64_t *affinity)
{
  alf_scan *scan = &part->scan;
  alf_scan_within(scan, scan->cut.first_out, scan->cut.last_in);
  int32_t last_in = alf_scan_find(scan, scan->cut.last_in, true);
  int32_t first_out = alf_scan_find(scan, scan->cut.first_out, false);
  for (int32_t w = 0; w < scan->words; w++) {
    for (uint64_t word = scan->within[w]; word; word &= word - 1) {
      int32_t bit = __builtin_ctzll(word), k = 64 * w + bit;
      bool is_in = scan->chosen[w] >> bit & 1;
      enter_near_cell(&part->box, scan, affinity, k, is_in, is_in ? first_out : last_in,
                      k == first_out || k == last_in);
    }
  }
}

static alf_status look_at_token(alf_box_part *part, int64_t i, const int64_t *affinity)
{
  const alf_scan *scan = &part->scan;
  alf_box_scan_token(part, i, affinity);
  if (scan->lowest_chosen > scan->cut.first_out && scan->highest_other < scan->cut.last_in)
    return ALF_OK;
  alf_status status = alf_box_reserve(&part->box, &part->err);
  if (!status)
    enter_near_cells(part, affinity);
  return status;
}

alf_status alf_box_survey(alf_box *box, int64_t stride, alf_error *err)
{
  alf_status status = alf_box_look_at_tokens(box, stride, look_at_token, err);
  if (!status)
    status = alf_box_order_cells(box, err);
  return status;
}
