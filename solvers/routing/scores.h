/* A batch of any type in integers, for rules that look at affinities: order statistics and ties are then exact. */
#ifndef ALF_ROUTING_SCORES_H
#define ALF_ROUTING_SCORES_H

#include "alf/rule.h"
#include "routing/cut.h"

/* Units of 2^-bits: the grid of an ALF_DYADIC batch. In float mode so fine that scores stay below 2^60 units: what a
   double holds beyond that is cut off, at most 2^-59 of the largest score. */
typedef struct alf_scores {
  const alf_affinity *batch;
  int32_t topk, padded; /* K; E rounded up to a multiple of ALF_SCAN_BLOCK */
  int32_t bits;
  double scale;   /* 2^bits, in float mode */
  int64_t *shift; /* E, units */
  int64_t *score; /* padded: of the token last cut */
} alf_scores;

/* Bytes of memory that alf_scores_open needs. */
size_t alf_scores_size(int32_t experts);

/* The batch and the shift of an update; points into both, and into memory. Errors: ALF_EFORMAT when a value of a float
   batch is not finite. */
alf_status alf_scores_open(alf_scores *scores, const alf_rule_input *in, void *memory, alf_error *err);

/* Scores token i under scores->shift, which the caller may have changed, and finds where its Top-K ends. What float
   routing rounds away is not: scores are the sums of affinity and shift. */
alf_cut alf_scores_cut(alf_scores *scores, int64_t i);

/* Bytes of memory that alf_scores_columns needs. */
size_t alf_scores_columns_size(int64_t tokens);

/* Statistic of one expert's `tokens` values, which it may reorder. */
typedef int64_t (*alf_column_statistic)(int64_t *value, int64_t tokens, const void *context);

/* out_k = the statistic, over the tokens, of twice_i − 2 γ_ik, in half units: twice the shift above which token i has
   expert k when its threshold is twice_i / 2. */
void alf_scores_columns(const alf_scores *scores, const int64_t *twice, void *memory, alf_column_statistic statistic,
                        const void *context, int64_t *out);

/* Half units as affinity units, less their mean; exact up to one rounding, so that no order of summation enters. */
void alf_scores_centre(const alf_scores *scores, const int64_t *half, double *out);

#endif
