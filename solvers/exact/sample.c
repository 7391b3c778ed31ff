#include "exact/sample.h"

#include <stdlib.h>
#include <string.h>

#include "core/hot.h"
#include "exact/perturb.h"

enum {
  COLUMNS = 32,             /* experts whose quantiles are found together */
  PARALLEL_CELLS = 1 << 13, /* from which on threads pay */
};

void alf_sample_free(alf_sample *sample)
{
  free(sample->affinity);
  free(sample->threshold);
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
  sample->count = malloc(4 * experts * sizeof *sample->count);
  alf_status status = alf_scan_alloc(&sample->scan, (int32_t)experts, box->problem->topk, err);
  if (!status && (!sample->affinity || !sample->threshold || !sample->count))
    status = alf_fail_memory(err, (tokens * (experts + 1) + 4 * experts) * sizeof *sample->affinity);
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

/* Counts the tokens that choose each of COLUMNS experts, or fewer, when that one has the given price, the thresholds
   staying as they are. `affinity` is that of the first token to the first of them. */
ALF_HOT static void count_chosen(const alf_sample *sample, const int64_t *affinity, int32_t experts, int32_t columns,
                                 const int64_t *price, int64_t *count)
{
  for (int32_t k = 0; k < columns; k++)
    count[k] = 0;
  for (int64_t r = 0; r < sample->tokens; r++, affinity += experts)
    for (int32_t k = 0; k < columns; k++)
      count[k] += affinity[k] + price[k] > sample->threshold[r];
}

/* The prices at which nobody and at which everybody chooses each of them. */
ALF_HOT static void find_ends(const alf_sample *sample, const int64_t *affinity, int32_t experts, int32_t columns,
                              int64_t *low, int64_t *high)
{
  for (int32_t k = 0; k < columns; k++) {
    low[k] = INT64_MAX;
    high[k] = INT64_MIN;
  }
  for (int64_t r = 0; r < sample->tokens; r++, affinity += experts)
    for (int32_t k = 0; k < columns; k++) {
      int64_t entry = sample->threshold[r] - affinity[k];
      low[k] = entry < low[k] ? entry : low[k];
      high[k] = entry + 1 > high[k] ? entry + 1 : high[k];
    }
}

/* Searches for the prices of COLUMNS experts, or fewer, by intervals: their columns of the sample stay in a cache. */
typedef struct search {
  int64_t low[COLUMNS], high[COLUMNS];    /* prices, */
  int64_t below[COLUMNS], above[COLUMNS]; /* and how many choose the expert at them */
  int64_t count[COLUMNS];
} search;

/* A price strictly between low and high, where the target would lie if tokens came in evenly; every third time the
   middle, for they may not. */
static int64_t next_price(const search *s, int32_t k, int64_t target, int step)
{
  int64_t low = s->low[k], span = s->high[k] - low;
  double share = ((double)(target - s->below[k]) + 0.5) / (double)(s->above[k] - s->below[k] + 1);
  int64_t rise = step % 3 == 2 ? span / 2 : (int64_t)(share * (double)span);
  return low + (rise < 1 ? span > 1 : rise >= span ? span - 1 : rise);
}

/* After tokens were counted at the prices: the ends of the interval that are now known better. Returns whether there are
   prices left between them. */
static bool narrow(search *s, int32_t k, int64_t target, int64_t price)
{
  if (s->count[k] <= target) {
    s->low[k] = price;
    s->below[k] = s->count[k];
  }
  if (s->count[k] >= target) {
    s->high[k] = price;
    s->above[k] = s->count[k];
  }
  return s->high[k] - s->low[k] > 1;
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
  int32_t columns = experts - first < COLUMNS ? experts - first : COLUMNS;
  const int64_t *affinity = sample->affinity + first, *target = sample->target + first;
  int64_t *price = q->price + first;
  search s = {0};
  find_ends(sample, affinity, experts, columns, s.low, s.high);
  for (int32_t k = 0; k < columns; k++)
    s.above[k] = sample->tokens;
  bool open = true;
  for (int step = 0; open && alf_deadline_left_ms(q->box->deadline) > 0; step++) {
    for (int32_t k = 0; k < columns; k++)
      price[k] = next_price(&s, k, target[k], step);
    count_chosen(sample, affinity, experts, columns, price, s.count);
    open = false;
    for (int32_t k = 0; k < columns; k++)
      open |= narrow(&s, k, target[k], price[k]);
  }
  for (int32_t k = 0; k < columns; k++)
    price[k] = s.high[k] < -ALF_PRICE_LIMIT  ? -ALF_PRICE_LIMIT
               : s.high[k] > ALF_PRICE_LIMIT ? ALF_PRICE_LIMIT
                                             : s.high[k];
}

/* The prices at which sample->target tokens choose each expert, or more where they tie. Past the deadline the search ends
   early. */
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
