#include <stdlib.h>
#include <string.h>

#include "exact/box.h"

enum { FACTOR = 8 }; /* by which a width grows */

void alf_box_forget(alf_box *box)
{
  free(box->kept.price);
  free(box->kept.token);
  free(box->kept.row);
  free(box->kept.expert);
  free(box->kept.amount);
  box->kept = (alf_box_kept){0};
}

static alf_status alloc_kept(alf_box *box, alf_error *err)
{
  alf_box_kept *kept = &box->kept;
  size_t tokens = (size_t)box->tokens, entries = (size_t)(box->cells + box->tokens * box->problem->topk);
  alf_box_forget(box);
  kept->price = malloc((size_t)box->problem->batch->experts * sizeof *kept->price);
  kept->token = malloc((tokens + 1) * sizeof *kept->token);
  kept->row = malloc((tokens + 1) * sizeof *kept->row);
  kept->expert = malloc((entries + 1) * sizeof *kept->expert);
  kept->amount = malloc((entries + 1) * sizeof *kept->amount);
  if (kept->price && kept->token && kept->row && kept->expert && kept->amount)
    return ALF_OK;
  alf_box_forget(box);
  return alf_fail_memory(err, (tokens + entries) * 16);
}

/* Its settled chosen cells in full, its free cells with their amounts; returns the end of the row. */
static int64_t keep_token(alf_box *box, const alf_box_token *token, int32_t denominator, int64_t end)
{
  const alf_box_cell *cell = box->cell + token->first;
  const alf_expert *chosen = token->token < 0 ? NULL : box->chosen + token->token * box->problem->topk;
  int32_t topk = chosen ? box->problem->topk : 0;
  for (int32_t j = 0, c = 0; j < topk || c < token->cells; end++) {
    bool from_cell = c < token->cells && (j == topk || cell[c].expert <= chosen[j]);
    box->kept.expert[end] = from_cell ? cell[c].expert : chosen[j];
    box->kept.amount[end] = from_cell ? box->amount[token->first + c] : denominator;
    j += j < topk && chosen[j] == box->kept.expert[end];
    c += from_cell;
  }
  return end;
}

alf_status alf_box_keep(alf_box *box, alf_error *err)
{
  int32_t denominator = (int32_t)alf_problem_denominator(box->problem);
  alf_status status = alloc_kept(box, err);
  if (status)
    return status;
  memcpy(box->kept.price, box->price, (size_t)box->problem->batch->experts * sizeof *box->price);
  box->kept.row[0] = 0;
  for (int64_t r = 0; r < box->tokens; r++) {
    box->kept.token[r] = box->token[r].token;
    box->kept.row[r + 1] = keep_token(box, &box->token[r], denominator, box->kept.row[r]);
  }
  box->kept.tokens = box->tokens;
  return ALF_OK;
}

/* The virtual token comes last, in the box as in what was kept. */
static bool is_before(int64_t kept, int64_t token)
{
  return kept >= 0 && (token < 0 || kept < token);
}

bool alf_box_recall(alf_box *box, const alf_box_token *token, int64_t *next)
{
  const alf_box_kept *kept = &box->kept;
  int64_t left = token->want * alf_problem_denominator(box->problem);
  while (*next < kept->tokens && is_before(kept->token[*next], token->token))
    ++*next;
  if (*next >= kept->tokens || kept->token[*next] != token->token)
    return false;
  int64_t e = kept->row[*next], end = kept->row[*next + 1];
  for (int64_t c = token->first; c < token->first + token->cells; c++) {
    while (e < end && kept->expert[e] < box->cell[c].expert)
      e++;
    box->amount[c] = e < end && kept->expert[e] == box->cell[c].expert ? kept->amount[e] : 0;
    left -= box->amount[c];
  }
  for (int64_t c = token->first; c < token->first + token->cells && left != 0; c++)
    box->amount[c] = 0;
  return left == 0;
}

int64_t alf_box_spare(const alf_box *box)
{
  int64_t spare = INT64_MAX;
  for (int32_t k = 0; k < box->problem->batch->experts; k++) {
    int64_t room = box->centre[k] + box->up[k] - box->price[k];
    spare = room < spare ? room : spare;
  }
  return spare > 0 ? spare : 0;
}

/* Whether experts at the border can have all the room there is: every token that has chosen one then has all its cells
   free. That is little for experts of small load, whose nearest cells say least about how far prices will go. */
static bool can_free_all(const alf_box *box, const bool *is_stopped)
{
  int64_t cells = 0;
  for (int32_t k = 0; k < box->problem->batch->experts; k++)
    cells += is_stopped[k] ? alf_box_target(box, k) * box->problem->batch->experts : 0;
  return cells <= box->cells;
}

void alf_box_set_widths_to_resume(alf_box *box, int64_t slots)
{
  int32_t experts = box->problem->batch->experts;
  int64_t down[ALF_MAX_EXPERTS], spare = alf_box_spare(box);
  bool is_stopped[ALF_MAX_EXPERTS];
  for (int32_t k = 0; k < experts; k++) {
    is_stopped[k] = box->down[k] == ALF_BOX_ALL || box->price[k] <= box->centre[k] - box->down[k] - spare;
    down[k] = is_stopped[k] ? box->down[k] : 0;
  }
  bool free_all = can_free_all(box, is_stopped);
  alf_box_set_widths(box, slots);
  for (int32_t k = 0; k < experts; k++) {
    int64_t wide = down[k] < ALF_BOX_ALL / FACTOR ? FACTOR * down[k] : ALF_BOX_ALL;
    wide = is_stopped[k] && free_all ? ALF_BOX_ALL : wide;
    box->down[k] = wide > box->down[k] ? wide : box->down[k];
    box->up[k] = 0;
  }
}
