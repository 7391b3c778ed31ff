#include "exact/exchange_turned.h"

#include "exact/paths.h"

enum {
  BLOCKS = 64,              /* of tokens */
  PARALLEL_CELLS = 1 << 17, /* from which on threads pay */
  LINE = 8,                 /* affinities in a cache line: the side of the squares that are turned */
};

/* Stands in for the affinity to an expert that a token has in full: what it would get by a move is then far too
   little. */
static const int64_t full = -ALF_PATH_NONE;

typedef struct turning {
  const alf_problem *problem;
  const alf_solution *x;
  alf_exchange_turned *turned;
} turning;

void alf_exchange_turned_note(alf_exchange_turned *turned, const alf_problem *problem, const alf_solution *solution,
                              int64_t token, int32_t expert, int64_t amount)
{
  if (turned->column)
    turned->column[expert * solution->tokens + token] =
        amount == solution->denominator ? full : alf_affinity_row(problem->batch, token)[expert];
}

static void turn_block(void *context, int64_t block)
{
  const turning *t = context;
  const alf_solution *x = t->x;
  int64_t lines = (x->tokens + LINE - 1) / LINE, from = lines * block / BLOCKS * LINE;
  int64_t to = lines * (block + 1) / BLOCKS * LINE;
  to = to < x->tokens ? to : x->tokens;
  for (int64_t first = from; first < to; first += LINE)
    for (int32_t k = 0; k < x->experts; k++)
      for (int64_t i = first; i < first + LINE && i < to; i++)
        t->turned->column[k * x->tokens + i] = alf_affinity_row(t->problem->batch, i)[k];
  for (int64_t i = from; i < to; i++)
    for (int64_t e = x->row[i]; e < x->row[i + 1]; e++)
      alf_exchange_turned_note(t->turned, t->problem, x, i, x->expert[e], x->amount[e]);
}

alf_status alf_exchange_turn(const alf_problem *problem, const alf_solution *solution, alf_team *team,
                             alf_exchange_turned *turned, alf_error *err)
{
  int64_t cells = solution->tokens * solution->experts;
  size_t bytes = (size_t)cells * sizeof *turned->column;
  turned->column = alf_large_take(&turned->room, bytes);
  if (!turned->column)
    return alf_fail_memory(err, bytes);
  alf_team_share(cells >= PARALLEL_CELLS ? team : NULL, BLOCKS, turn_block, &(turning){problem, solution, turned});
  return ALF_OK;
}

void alf_exchange_turned_free(alf_exchange_turned *turned)
{
  alf_large_free(&turned->room);
  turned->column = NULL;
}
