/* Far from the optimum: quantile rounds on a small sample of the tokens, every cell of which counts. */
#ifndef ALF_EXACT_SAMPLE_H
#define ALF_EXACT_SAMPLE_H

#include "exact/box.h"
#include "routing/scan.h"

typedef struct alf_sample {
  int64_t tokens;
  alf_scan scan;
  int64_t *affinity;    /* n×E, fine units */
  int64_t *threshold;   /* n: midway between the K-th and the (K+1)-th score */
  int64_t *entry;       /* E×n, scratch: the price from which on each token chooses the expert */
  int64_t *count;       /* E: how many tokens choose each expert */
  int64_t *target;      /* E: how many are to */
  int64_t *next, *best; /* E each: prices */
} alf_sample;

/* Takes every stride-th token of the box's problem. Errors: ALF_ENOMEM. */
alf_status alf_sample_take(alf_sample *sample, alf_box *box, int64_t stride, alf_error *err);

void alf_sample_free(alf_sample *sample);

/* Moves the prices of the box until Σ|load − L| <= enough or a round gains less than a quarter; returns that sum, in slots of
   the sample. Where the deadline passes meanwhile, the prices are any. */
int64_t alf_sample_balance(alf_sample *sample, alf_box *box, int rounds, int64_t enough);

/* Sets the widths of the box so that `slots` tokens of the sample come to choose the expert, and as many to leave it, as
   its price goes from the middle to either end. */
void alf_sample_set_widths(alf_sample *sample, alf_box *box, int64_t slots);

#endif
