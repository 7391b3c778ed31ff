#include "routing/counting.h"

#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"

struct alf_counter {
  alf_format format;
  int64_t tokens;
  int32_t experts, ranks;
  int64_t *history; /* stale + 1 rows of E, the oldest first; −1: no such batch yet */
  int64_t *count;   /* E×ranks: one expert's counts in a row */
  int64_t *load;    /* E: the true loads of one rank */
};

static bool counts_wrongly(const alf_format *f)
{
  return f->loads || f->twice || f->stale || f->padding;
}

alf_status alf_counter_alloc(alf_counter **counter, const alf_format *format, int64_t tokens, int32_t experts,
                             alf_error *err)
{
  *counter = NULL;
  if (!counts_wrongly(format))
    return ALF_OK;
  alf_counter *c = calloc(1, sizeof *c);
  if (!c)
    return alf_fail_memory(err, sizeof *c);
  *c = (alf_counter){.format = *format, .tokens = tokens, .experts = experts};
  c->ranks = format->loads && format->ranks > 1 ? format->ranks : 1; /* integers add up to the same */
  size_t row = (size_t)experts * sizeof(int64_t), rows = (size_t)format->stale + 1, ranks = (size_t)c->ranks;
  c->history = malloc(rows * row);
  c->count = malloc(ranks * row);
  c->load = malloc(row);
  if (!c->history || !c->count || !c->load) {
    alf_counter_free(c);
    return alf_fail_memory(err, (rows + ranks + 1) * row);
  }
  alf_counter_start(c);
  *counter = c;
  return ALF_OK;
}

void alf_counter_free(alf_counter *c)
{
  if (!c)
    return;
  free(c->history);
  free(c->count);
  free(c->load);
  free(c);
}

void alf_counter_start(alf_counter *c)
{
  for (int64_t j = 0; j < (c->format.stale + 1) * (int64_t)c->experts; j++)
    c->history[j] = -1;
}

/* Whole numbers of float32 or bfloat16 add up to one of them: nothing is infinite. */
static int64_t to_count(const alf_format *f, int64_t count)
{
  alf_round_units(f->loads, 0, &count);
  return count;
}

/* What one rank makes of its tokens. Ones that are added up stop at the first even number that one more does not get
   beyond. */
static int64_t count_of_rank(const alf_format *f, int64_t load)
{
  int64_t count = f->twice ? 2 * load : load, end = INT64_C(1) << (f->loads == ALF_PRECISION_BFLOAT16 ? 8 : 24);
  if (f->ones)
    return count < end ? count : end;
  return to_count(f, count);
}

static int64_t add_in_pairs(const alf_format *f, int64_t *count, int32_t ranks)
{
  for (int64_t stride = 1; stride < ranks; stride *= 2)
    for (int64_t r = 0; r + stride < ranks; r += 2 * stride)
      count[r] = to_count(f, count[r] + count[r + stride]);
  return count[0];
}

int64_t alf_add_ranks(const alf_format *f, int64_t *count, int32_t ranks)
{
  if (f->order == ALF_RANKS_TREE)
    return add_in_pairs(f, count, ranks);
  bool descending = f->order == ALF_RANKS_DESCENDING;
  int64_t sum = 0;
  for (int32_t r = 0; r < ranks; r++)
    sum = to_count(f, sum + count[descending ? ranks - 1 - r : r]);
  return sum;
}

/* The tokens of a rank are counted apart: the one place where selections are looked at again. */
static void count_ranks(alf_counter *c, const uint64_t *chosen)
{
  int64_t words = alf_selection_words(c->experts);
  for (int32_t r = 0; r < c->ranks; r++) {
    int64_t first = (int64_t)((alf_int128)r * c->tokens / c->ranks);
    int64_t end = (int64_t)(((alf_int128)r + 1) * c->tokens / c->ranks);
    memset(c->load, 0, (size_t)c->experts * sizeof *c->load);
    alf_count_loads(chosen + first * words, end - first, c->experts, c->load);
    for (int32_t k = 0; k < c->experts; k++)
      c->count[(int64_t)k * c->ranks + r] = count_of_rank(&c->format, c->load[k]);
  }
}

void alf_counter_take(alf_counter *c, const uint64_t *chosen, const int64_t *load)
{
  int64_t experts = c->experts, *last = c->history + c->format.stale * experts;
  memmove(c->history, c->history + experts, (size_t)(c->format.stale * experts) * sizeof *c->history);
  if (c->ranks > 1)
    count_ranks(c, chosen);
  for (int32_t k = 0; k < experts; k++)
    last[k] = c->ranks > 1 ? alf_add_ranks(&c->format, c->count + (int64_t)k * c->ranks, c->ranks)
                           : count_of_rank(&c->format, load[k]);
}

const int64_t *alf_counter_seen(const alf_counter *c)
{
  return c->history[0] < 0 ? NULL : c->history;
}

const void *alf_counter_state(const alf_counter *c)
{
  return c ? c->history : NULL;
}

size_t alf_counter_state_size(const alf_counter *c)
{
  return c ? (size_t)c->format.stale * (size_t)c->experts * sizeof *c->history : 0;
}
