#include <math.h>
#include <string.h>

#include "core/select.h"
#include "routing/scores.h"

enum { EMA, BINS, MOST_BINS = 65536 };

static const alf_parameter parameters[] = {
    [EMA] = {"ema", 0, 0, 1, 0, "weight of the old moving average of p'"},
    [BINS] = {"bins", 0, 0, MOST_BINS, 1, "of a histogram that the quantiles are read from; 0: exact order statistics"},
    {0}};

/* Working memory. */
typedef struct work {
  alf_scores scores;
  int64_t *twice; /* T: twice the thresholds, units */
  int64_t *half;  /* E: p' before it is centred, half units */
  double *target; /* E: p' */
  int64_t *count; /* MOST_BINS */
  void *column;
} work;

static size_t scratch_size(const alf_rule_shape *shape)
{
  size_t tokens = (size_t)shape->tokens, experts = (size_t)shape->experts;
  return (tokens + 2 * experts + MOST_BINS) * sizeof(int64_t) + alf_scores_size(shape->experts) +
         alf_scores_columns_size(shape->tokens);
}

static alf_status begin(work *w, const alf_rule_input *in, alf_error *err)
{
  w->twice = in->scratch;
  w->half = w->twice + in->tokens;
  w->target = (double *)(w->half + in->experts);
  w->count = w->half + 2 * in->experts;
  w->column = w->count + MOST_BINS;
  return alf_scores_open(&w->scores, in, (char *)w->column + alf_scores_columns_size(in->tokens), err);
}

/* What a column's statistic needs: L = slots / experts, and the bins. */
typedef struct quantile {
  int64_t slots, experts;
  int64_t lowest, highest; /* of all values */
  int64_t bins, *count;
} quantile;

/* Midway between the L-th and the (L+1)-th smallest. Where L is no integer no shift has that load, and D is smallest, at
   these thresholds, at the next one up, the (floor(L)+1)-th smallest. */
static int64_t exact_quantile(int64_t *value, int64_t tokens, const void *context)
{
  const quantile *q = context;
  int64_t whole = q->slots / q->experts, above = alf_select(value, tokens, whole), below = INT64_MIN;
  if (q->slots % q->experts)
    return above;
  for (int64_t i = 0; i < whole; i++) /* alf_select leaves the smaller ones in front */
    below = value[i] > below ? value[i] : below;
  return (int64_t)(((alf_int128)below + above) >> 1);
}

/* Where a histogram with `bins` equal bins, even within each, reaches L tokens. */
static int64_t histogram_quantile(int64_t *value, int64_t tokens, const void *context)
{
  const quantile *q = context;
  double width = ((double)q->highest - (double)q->lowest) / (double)q->bins, scale = width > 0 ? 1 / width : 0;
  double target = (double)q->slots / (double)q->experts;
  int64_t bin = 0, before = 0;
  memset(q->count, 0, (size_t)q->bins * sizeof *q->count);
  for (int64_t i = 0; i < tokens; i++) {
    int64_t own = (int64_t)((double)((uint64_t)value[i] - (uint64_t)q->lowest) * scale);
    q->count[own < q->bins ? own : q->bins - 1]++;
  }
  while ((double)(before + q->count[bin]) < target)
    before += q->count[bin++];
  double within = (target - (double)before) / (double)q->count[bin];
  return q->lowest + (int64_t)(((double)bin + within) * width);
}

/* Takes in what token i asks of its experts. */
static void widen(const work *w, int64_t i, quantile *q)
{
  int64_t least = INT64_MAX, most = INT64_MIN;
  for (int32_t k = 0; k < w->scores.batch->experts; k++) {
    int64_t affinity = w->scores.score[k] - w->scores.shift[k];
    least = affinity < least ? affinity : least;
    most = affinity > most ? affinity : most;
  }
  int64_t low = w->twice[i] - 2 * most, high = w->twice[i] - 2 * least;
  q->lowest = low < q->lowest ? low : q->lowest;
  q->highest = high > q->highest ? high : q->highest;
}

/* p', centred. */
static alf_status find_target(work *w, const alf_rule_input *in, int64_t bins, alf_error *err)
{
  alf_status status = begin(w, in, err);
  quantile q = {in->slots, in->experts, INT64_MAX, INT64_MIN, bins, w->count};
  if (status != ALF_OK)
    return status;
  for (int64_t i = 0; i < in->tokens; i++) {
    alf_cut cut = alf_scores_cut(&w->scores, i);
    w->twice[i] = cut.last_in + cut.first_out;
    if (bins > 0)
      widen(w, i, &q);
  }
  alf_scores_columns(&w->scores, w->twice, w->column, bins > 0 ? histogram_quantile : exact_quantile, &q, w->half);
  alf_scores_centre(&w->scores, w->half, w->target);
  return ALF_OK;
}

/* Quantile balancing, Jianlin Su, kexue.fm/archives/11619: one pass of minimising the dual function over the tokens'
   thresholds, then over the shifts, from the old shift, which has chosen the experts of this batch. Token i's threshold
   θ_i lies between its K-th and (K+1)-th score, and p'_k where expert k has exactly L of the θ_i − γ_ik below it. Both
   may be anywhere between two order statistics; Su, Megatron-LM (#5349) and Kimi K3 take the (K+1)-th and the (L+1)-th,
   floor(L)+1 where L is no integer; here it is midway where there is a choice, as his code with np.quantile nearly
   does. The mean of p' is taken off as in Kimi K3 and Marin's code (openathena.ai/blog/quantile-balancing).
   With bins, K3's estimate (torchtitan #4577: 1000 bins, linear within a bin), but over the range of the values, where
   K3 relies on scores between 0 and 1. ema: the moving average of p', from 0 and without bias correction as Megatron's;
   with u = 1 it is p itself. u is a weight: above 1 it would overshoot farther and farther, and counts as 1. */
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  work w;
  double *average = state, ema = in->value[EMA];
  alf_status status = find_target(&w, in, (int64_t)in->value[BINS], err);
  for (int32_t k = 0; k < in->experts && status == ALF_OK; k++) {
    average[k] = ema * average[k] + (1 - ema) * w.target[k];
    delta[k] = fmin(in->step_size, 1) * (average[k] - in->shift[k]);
  }
  return status;
}

/* The same direction with steps of one size. */
static alf_status update_signed(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)state;
  work w;
  alf_status status = find_target(&w, in, 0, err);
  for (int32_t k = 0; k < in->experts && status == ALF_OK; k++)
    delta[k] = in->step_size * ((w.target[k] > in->shift[k]) - (w.target[k] < in->shift[k]));
  return status;
}

const alf_rule alf_rule_quantile = {.name = "quantile",
                                    .summary =
                                        "p_k += u (p'_k - p_k), p' gives every expert L tokens at thresholds under p",
                                    .form = ALF_FORM_FREE,
                                    .state_size = alf_rule_doubles,
                                    .scratch_size = scratch_size,
                                    .update = update,
                                    .u = 1,
                                    .weight = true,
                                    .anchored = true,
                                    .parameters = parameters};
const alf_rule alf_rule_signed_quantile = {.name = "signed-quantile",
                                           .summary = "p_k += u sign(p'_k - p_k), with p' of the rule quantile",
                                           .form = ALF_FORM_FREE,
                                           .scratch_size = scratch_size,
                                           .update = update_signed,
                                           .anchored = true};
