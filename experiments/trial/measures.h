/* What the run of a rule is judged by: functions of its largest loads alone. MaxVio is the largest load over L, less 1;
   sums of it are exact. */
#ifndef ALF_TRIAL_MEASURES_H
#define ALF_TRIAL_MEASURES_H

#include <stdint.h>

typedef struct alf_trial_loads {
  int64_t updates; /* N */
  int32_t experts; /* E */
  int64_t slots;   /* K·T */
  int64_t *most;   /* N + 1: the largest load of iterates 0..N, slots */
} alf_trial_loads;

/* The first iterate of the second half of N updates, and of their last tenth, which is one iterate at least. */
int64_t alf_trial_second_half(int64_t updates);
int64_t alf_trial_last_tenth(int64_t updates);

/* Sum of the largest loads of iterates first..N, slots: what runs on one instance are compared by. */
int64_t alf_trial_sum(const alf_trial_loads *loads, int64_t first);

/* Mean and largest MaxVio of iterates first..N. */
double alf_trial_mean(const alf_trial_loads *loads, int64_t first);
double alf_trial_worst(const alf_trial_loads *loads, int64_t first);

/* The first n for which the mean MaxVio of the `window` iterates n, n + 1, … is at most the threshold; −1: none. */
int64_t alf_trial_reached(const alf_trial_loads *loads, int64_t window, double threshold);

/* How many entries in a row, `place` among them, are at most `limit`; at least 1. *first is where they begin. */
int alf_trial_range(const double *value, int count, int place, double limit, int *first);

#endif
