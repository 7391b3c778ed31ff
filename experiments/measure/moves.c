#include "measure/moves.h"

#include <stdlib.h>

#include "alf/int128.h"

alf_status alf_moves_alloc(alf_moves *m, int32_t topk, int64_t room, alf_error *err)
{
  *m = (alf_moves){.room = room, .stride = 1};
  m->left = calloc((size_t)topk, sizeof *m->left);
  m->entered = calloc((size_t)topk, sizeof *m->entered);
  m->kept = calloc((size_t)room + 1, sizeof *m->kept);
  if (m->left && m->entered && m->kept)
    return ALF_OK;
  alf_moves_free(m);
  return alf_fail_memory(err, (size_t)room * sizeof *m->kept);
}

void alf_moves_free(alf_moves *m)
{
  free(m->left);
  free(m->entered);
  free(m->kept);
  *m = (alf_moves){0};
}

/* Every second of those kept gives way when there is no more room: what is kept is spread over the run. */
static void keep(alf_moves *m, const alf_move *move)
{
  if (m->room == 0 || m->all % m->stride)
    return;
  if (m->kept_count == m->room) {
    for (int64_t i = 0; 2 * i < m->room; i++)
      m->kept[i] = m->kept[2 * i];
    m->kept_count = (m->room + 1) / 2;
    m->stride *= 2;
    if (m->all % m->stride)
      return;
  }
  m->kept[m->kept_count++] = *move;
}

static int bin_of(const alf_move *move)
{
  if (move->margin <= 0 || move->bound <= 0)
    return 0;
  int64_t bin = (int64_t)((alf_int128)move->margin * ALF_MOVE_BINS / move->bound);
  return bin < ALF_MOVE_BINS ? (int)bin : ALF_MOVE_BINS - 1;
}

static void add(alf_moves *m, const alf_move *move)
{
  m->count[move->from][move->to]++;
  m->bin[move->from][move->to][bin_of(move)]++;
  m->outside += move->margin < 0 || move->margin > move->bound;
  keep(m, move);
  m->all++;
}

static int state_of(const alf_step *step, int32_t k)
{
  int64_t deficit = step->topk * step->batch_before->tokens - step->batch_before->experts * step->load_before[k];
  return deficit > 0 ? ALF_UNDER : deficit < 0 ? ALF_OVER : ALF_BALANCED;
}

/* Experts of the row `before` that are not in `after`. */
static int32_t difference(const uint64_t *before, const uint64_t *after, int32_t words, alf_expert *out)
{
  int32_t count = 0;
  for (int32_t w = 0; w < words; w++)
    for (uint64_t bits = before[w] & ~after[w]; bits; bits &= bits - 1)
      out[count++] = (alf_expert)(w * 64 + __builtin_ctzll(bits));
  return count;
}

static void add_token(alf_moves *m, const alf_step *step, int64_t i)
{
  int32_t experts = step->batch_before->experts, words = alf_selection_words(experts);
  const uint64_t *before = step->chosen_before + i * words, *after = step->chosen_after + i * words;
  const int64_t *row = (const int64_t *)step->batch_before->values + i * experts;
  const int64_t *shift = step->shift_before.grid, *delta = step->delta.grid;
  int32_t left = difference(before, after, words, m->left), entered = difference(after, before, words, m->entered);
  for (int32_t a = 0; a < left; a++)
    for (int32_t b = 0; b < entered; b++) {
      int32_t k = m->left[a], l = m->entered[b];
      alf_move move = {.n = step->n,
                       .from = state_of(step, k),
                       .to = state_of(step, l),
                       .margin = row[k] + shift[k] - row[l] - shift[l],
                       .bound = delta[l] - delta[k]};
      add(m, &move);
    }
}

void alf_moves_add(alf_moves *m, const alf_step *step)
{
  for (int64_t i = 0; i < step->batch_before->tokens; i++)
    add_token(m, step, i);
}
