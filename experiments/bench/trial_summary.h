/* How rules did over all instances. */
#ifndef ALF_BENCH_TRIAL_SUMMARY_H
#define ALF_BENCH_TRIAL_SUMMARY_H

#include "trial/scores.h"
#include "trial/sweep.h"

/* By default (0) and at its best (1). */
typedef struct alf_trial_line {
  alf_trial_score score[2];
  double rank[2];                     /* Σ of ranks, 1 for the least MaxVio; of equal ones the mean of their places */
  int reached[2];                     /* instances on which the threshold was reached */
  double log_range;                   /* Σ ln(most_u / least_u) */
  int scheduled[ALF_TRIAL_SCHEDULES]; /* how often which schedule was the best's */
} alf_trial_line;

/* Zero-initialise. */
typedef struct alf_trial_summary {
  int instances[ALF_TRIAL_CLASSES];
  int schedules;
  const alf_schedule *schedule[ALF_TRIAL_SCHEDULES];
  alf_trial_line line[ALF_TRIAL_RULES];
} alf_trial_summary;

void alf_trial_summary_add(alf_trial_summary *summary, const alf_trial_sweep *sweep);

/* The place of a rule among that many, 1 for the least mean MaxVio at the best over all instances. */
int alf_trial_summary_place(const alf_trial_summary *summary, int rules, int rule);

/* One line for each rule, in the order of their places. */
void alf_trial_summary_print(const alf_trial_summary *summary, const alf_trial_rules *rules);

#endif
