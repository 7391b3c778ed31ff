#include "exact/sample.h"

#include <stdlib.h>
#include <string.h>

#include "core/gap.h"
#include "core/hot.h"
#include "exact/perturb.h"

enum {
  COLUMNS = 8,              /* experts whose quantiles are found together: a cache line of affinities */
  PARALLEL_CELLS = 1 << 13, /* from which on threads pay */
};

void alf_sample_free(alf_sample *sample)
{
  free(sample->affinity);
  free(sample->threshold);
  free(sample->entry);
  free(sample->count);
  alf_scan_free(&sample->scan);
  *sample = (alf_sample){0};
}

alf_status alf_sample_take(alf_sample *sample, alf_box *box, int64_t stride, alf_error *err)
{
  size_t experts = (size_t)box->problem->batch->experts;
  size_t tokens = (size_t)((box->problem->batch->tokens + stride - 1) / stride);
  *sample = (alf_sample){.tokens = (int64_t)tokens};
  sample->affinity = malloc(tokens * experts * sizeof *sample->affinity);
  sample->threshold = malloc(tokens * sizeof *sample->threshold);
  sample->entry = malloc(tokens * experts * sizeof *sample->entry);
  sample->count = calloc(4 * experts, sizeof *sample->count);
  alf_status status = alf_scan_alloc(&sample->scan, (int32_t)experts, box->problem->topk, err);
  if (!status && (!sample->affinity || !sample->threshold || !sample->entry || !sample->count))
    status = alf_fail_memory(err, (tokens * (2 * experts + 1) + 4 * experts) * sizeof *sample->affinity);
  if (status) {
    alf_sample_free(sample);
    return status;
  }
  sample->target = sample->count + experts;
  sample->next = sample->target + experts;
  sample->best = sample->next + experts;
  for (size_t r = 0; r < tokens; r++) {
    int64_t *row = sample->affinity + r * experts;
    const int64_t *affinity = alf_box_affinity(box, (int64_t)r * stride, row);
    if (affinity != row)
      memcpy(row, affinity, experts * sizeof *row);
    sample->threshold[r] = ALF_SCAN_NO_GUESS;
  }
  box->sampled = (int64_t)tokens;
  return ALF_OK;
}

/* For some experts, the prices from which on each token chooses them, the thresholds staying as they are. */
ALF_HOT static void gather_entries(const alf_sample *sample, int32_t experts, int32_t first, int32_t count)
{
  for (int64_t r = 0; r < sample->tokens; r++) {
    const int64_t *affinity = sample->affinity + r * experts + first;
    for (int32_t k = 0; k < count; k++)
      sample->entry[(first + k) * sample->tokens + r] = sample->threshold[r] - affinity[k];
  }
}

/* A price at which so many tokens choose the expert, or more where they tie: in the middle of those. */
static int64_t price_for(const int64_t *entry, int64_t tokens, int64_t target)
{
  alf_gap gap = alf_gap_at(entry, tokens, target < 0 ? 0 : target > tokens ? tokens : target);
  int64_t price = target < tokens ? gap.above : gap.below + 1;
  if (target > 0 && target < tokens)
    price = gap.below + (gap.above - gap.below) / 2 + 1;
  return price < -ALF_PRICE_LIMIT ? -ALF_PRICE_LIMIT : price > ALF_PRICE_LIMIT ? ALF_PRICE_LIMIT : price;
}

typedef struct quantiles {
  const alf_sample *sample;
  const alf_box *box;
  int64_t *price;
} quantiles;

static void find_quantiles_of(void *context, int64_t block)
{
  const quantiles *q = context;
  const alf_sample *sample = q->sample;
  int32_t experts = q->box->problem->batch->experts, first = (int32_t)block * COLUMNS;
  int32_t end = experts - first < COLUMNS ? experts : first + COLUMNS;
  if (alf_deadline_left_ms(q->box->deadline) <= 0)
    return;
  gather_entries(sample, experts, first, end - first);
  for (int32_t k = first; k < end; k++)
    q->price[k] = price_for(sample->entry + k * sample->tokens, sample->tokens, sample->target[k]);
}

/* The prices at which sample->target tokens choose each expert. Past the deadline some stay as they are. */
static void find_quantiles(const alf_sample *sample, const alf_box *box, int64_t *price)
{
  int32_t experts = box->problem->batch->experts;
  bool pays = sample->tokens * experts >= PARALLEL_CELLS;
  alf_team_share(pays ? box->team : NULL, (experts + COLUMNS - 1) / COLUMNS, find_quantiles_of,
                 &(quantiles){sample, box, price});
}

/* Thresholds at the prices of the box; returns Σ|load − L| there. */
static int64_t survey(alf_sample *sample, alf_box *box)
{
  int32_t experts = box->problem->batch->experts;
  alf_scan *scan = &sample->scan;
  int64_t off = 0;
  memset(sample->count, 0, (size_t)experts * sizeof *sample->count);
  memcpy(scan->price, box->price, (size_t)experts * sizeof *box->price);
  for (int64_t r = 0; r < sample->tokens; r++) {
    alf_scan_token(scan, sample->affinity + r * experts, sample->threshold[r]);
    sample->threshold[r] = alf_cut_middle(scan->cut);
    for (int32_t w = 0; w < scan->words; w++)
      for (uint64_t word = scan->chosen[w]; word; word &= word - 1)
        sample->count[64 * w + __builtin_ctzll(word)]++;
  }
  for (int32_t k = 0; k < experts; k++)
    off += llabs(sample->count[k] - alf_box_target(box, k));
  return off;
}

int64_t alf_sample_balance(alf_sample *sample, alf_box *box, int rounds, int64_t enough)
{
  int32_t experts = box->problem->batch->experts;
  size_t bytes = (size_t)experts * sizeof *box->price;
  int64_t least = INT64_MAX;
  for (int round = 0; round < rounds && least > enough; round++) {
    int64_t off = survey(sample, box);
    bool stalls = round > 1 && off > least / 4 * 3;
    if (off < least) {
      memcpy(sample->best, box->price, bytes);
      least = off;
    }
    if (stalls || alf_deadline_left_ms(box->deadline) == 0)
      break;
    for (int32_t k = 0; k < experts; k++)
      sample->target[k] = alf_box_target(box, k);
    find_quantiles(sample, box, box->price);
  }
  memcpy(box->price, sample->best, bytes);
  return least;
}

/* How far prices can go, down or up, until `slots` fewer or more tokens choose the expert: nobody or all at the most. */
static void find_width(alf_sample *sample, const alf_box *box, int64_t slots, int64_t *width)
{
  int32_t experts = box->problem->batch->experts;
  for (int32_t k = 0; k < experts; k++)
    sample->target[k] = alf_box_target(box, k) + slots;
  find_quantiles(sample, box, sample->next);
  for (int32_t k = 0; k < experts; k++)
    width[k] = llabs(sample->next[k] - box->price[k]) + 1;
}

void alf_sample_set_widths(alf_sample *sample, alf_box *box, int64_t slots)
{
  survey(sample, box);
  find_width(sample, box, -slots, box->down);
  find_width(sample, box, slots, box->up);
}
