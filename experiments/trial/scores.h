/* How a rule did over several instances: geometric means. */
#ifndef ALF_TRIAL_SCORES_H
#define ALF_TRIAL_SCORES_H

#include "trial/trial.h"

/* MaxVio below this counts as this in means: nobody needs a thousandth of a load. */
#define ALF_TRIAL_LEAST 1e-3

/* So does a gap below this share of the optimum. */
#define ALF_TRIAL_LEAST_GAP 1e-6

/* Zero-initialise. */
typedef struct alf_trial_score {
  int instances[ALF_TRIAL_CLASSES];
  double log_violation[ALF_TRIAL_CLASSES]; /* Σ ln MaxVio */
  double log_gap;                          /* Σ ln gap; NAN where one is not known */
  double log_steps;                        /* Σ ln(1 + updates until the threshold was reached) */
} alf_trial_score;

/* One more instance: MaxVio (alf_trial_max_violation), gap, NAN where it is not known, and the updates until the threshold
   was reached, all of them where it never was. */
void alf_trial_score_add(alf_trial_score *score, alf_trial_class class, double violation, double gap, double steps);

/* Geometric means. Of MaxVio over a class, or over all (ALF_TRIAL_CLASSES); NAN where there is no instance. Of the gap, NAN
   where one is not known. Of 1 + updates until the threshold, less 1. */
double alf_trial_score_violation(const alf_trial_score *score, int class);
double alf_trial_score_gap(const alf_trial_score *score);
double alf_trial_score_steps(const alf_trial_score *score);

/* The place of one of so many means, 1 for the least; of equal ones the first comes first. */
int alf_trial_place(const double *mean, int count, int which);

#endif
