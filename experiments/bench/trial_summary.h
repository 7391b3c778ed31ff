/* How rules did over all instances. */
#ifndef ALF_BENCH_TRIAL_SUMMARY_H
#define ALF_BENCH_TRIAL_SUMMARY_H

#include "bench/trial_sweep.h"

/* MaxVio below this counts as this in means: nobody needs a thousandth of a load. */
#define ALF_TRIAL_LEAST 1e-3

/* So does a gap below this share of the optimum. */
#define ALF_TRIAL_LEAST_GAP 1e-6

/* By default (0) and at its best (1). */
typedef struct alf_trial_score {
  double log_violation[2][ALF_TRIAL_CLASSES]; /* Σ ln MaxVio by class */
  double log_gap[2];                          /* Σ ln gap; NAN where one is not known */
  double rank[2];                     /* Σ of ranks, 1 for the least MaxVio; of equal ones the mean of their places */
  int reached[2];                     /* instances on which the threshold was reached */
  double log_steps[2];                /* Σ ln(1 + updates until then), all updates where it was not */
  double log_range;                   /* Σ ln(most_u / least_u) */
  int scheduled[ALF_TRIAL_SCHEDULES]; /* how often which schedule was the best's */
} alf_trial_score;

/* Zero-initialise. */
typedef struct alf_trial_summary {
  int instances[ALF_TRIAL_CLASSES];
  int schedules;
  const alf_schedule *schedule[ALF_TRIAL_SCHEDULES];
  alf_trial_score score[ALF_TRIAL_RULES];
} alf_trial_summary;

/* MaxVio of a run; where it failed that of the worst routing there is, E/K − 1. */
double alf_trial_max_violation(const alf_trial_sweep *sweep, const alf_trial *trial);

void alf_trial_summary_add(alf_trial_summary *summary, const alf_trial_sweep *sweep);

/* Geometric means by default (0) or at the best (1). Of MaxVio over a class, or over all (ALF_TRIAL_CLASSES); NAN where
   there is no instance. Of the gap, NAN where one is not known. Of 1 + updates until the threshold, less 1. */
double alf_trial_summary_mean(const alf_trial_summary *summary, int rule, int best, int class);
double alf_trial_summary_gap(const alf_trial_summary *summary, int rule, int best);
double alf_trial_summary_reached(const alf_trial_summary *summary, int rule, int best);

/* The place of a rule among that many, 1 for the least mean MaxVio at the best over all instances. */
int alf_trial_summary_place(const alf_trial_summary *summary, int rules, int rule);

/* One line for each rule, in the order of their places. */
void alf_trial_summary_print(const alf_trial_summary *summary, const alf_trial_rules *rules);

#endif
