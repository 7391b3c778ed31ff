#include "trial/scores.h"

#include <math.h>

void alf_trial_score_add(alf_trial_score *score, alf_trial_class class, double violation, double gap, double steps)
{
  score->instances[class]++;
  score->log_violation[class] += log(fmax(violation, ALF_TRIAL_LEAST));
  score->log_gap += isfinite(gap) ? log(fmax(gap, ALF_TRIAL_LEAST_GAP)) : (double)NAN;
  score->log_steps += log(1 + steps);
}

static int count_instances(const alf_trial_score *score)
{
  int count = 0;
  for (int c = 0; c < ALF_TRIAL_CLASSES; c++)
    count += score->instances[c];
  return count;
}

double alf_trial_score_violation(const alf_trial_score *score, int class)
{
  double sum = 0;
  int count = 0;
  for (int c = 0; c < ALF_TRIAL_CLASSES; c++)
    if (class == c || class == ALF_TRIAL_CLASSES) {
      sum += score->log_violation[c];
      count += score->instances[c];
    }
  return count > 0 ? exp(sum / count) : (double)NAN;
}

double alf_trial_score_gap(const alf_trial_score *score)
{
  return exp(score->log_gap / count_instances(score));
}

double alf_trial_score_steps(const alf_trial_score *score)
{
  return exp(score->log_steps / count_instances(score)) - 1;
}

int alf_trial_place(const double *mean, int count, int which)
{
  int place = 1;
  for (int other = 0; other < count; other++)
    place += mean[other] < mean[which] || (mean[other] == mean[which] && other < which);
  return place;
}
