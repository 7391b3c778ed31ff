/* Every rule at every schedule and step size on one instance. */
#ifndef ALF_TRIAL_SWEEP_H
#define ALF_TRIAL_SWEEP_H

#include "trial/instance.h"
#include "trial/rules.h"

enum { ALF_TRIAL_SCHEDULES = 4, ALF_TRIAL_FORMATS = 8 };

/* One rule with one set of parameters at one schedule. */
typedef struct alf_trial_row {
  int rule, variant, schedule;
  alf_trial trial[ALF_TRIAL_PLACES]; /* not all are done */
} alf_trial_row;

/* A rule on the instance. */
typedef struct alf_trial_outcome {
  const alf_trial *usual; /* its usual u, parameters as they were named, constant schedule */
  const alf_trial
      *best; /* that with the least mean MaxVio over the second half; of equal ones the usual, or the first */
  double least_u, most_u;  /* around the best in its row, as far as that is at most 1.5 times as large, plus 0.01 */
  alf_trial *formatted[2]; /* usual and best with each format, ALF_TRIAL_FORMATS; NULL: not on this instance */
} alf_trial_outcome;

typedef struct alf_trial_sweep {
  const alf_trial_instance *instance;
  const alf_trial_rules *rules;
  alf_trial_settings settings;
  int step; /* places from one step size to the next */
  int schedules;
  const alf_schedule *schedule[ALF_TRIAL_SCHEDULES];
  double schedule_value[ALF_TRIAL_SCHEDULES][ALF_MAX_PARAMETERS];
  int rows;
  alf_trial_row *row;         /* by rule, variant, schedule */
  alf_trial_outcome *outcome; /* one for each rule */
  alf_format format[ALF_TRIAL_FORMATS];
  alf_trial *formatted;
  int64_t waiting; /* runs to be done next, side by side */
  alf_trial **next;
} alf_trial_sweep;

/* What the columns of formats are called, and their texts for batches of that many tokens. */
extern const char *const alf_trial_format_names[ALF_TRIAL_FORMATS];
void alf_trial_format_text(int format, int64_t tokens, char text[ALF_CHOICE_TEXT]);

/* Sets the instance's threshold: 1.25 times the mean MaxVio of the rule oracle over the second half, with weight 1 or
   1/sqrt(n), whichever is less, but at most half of that without balancing, and at least 0.1. Then runs each row at its
   first step sizes, and at further ones while the least or the largest is the best by 1% at least; then the formats. No
   result depends on threads. What a rule fails with stays in its trial. Errors:
   ALF_ENOMEM, ALF_EINTERRUPTED. To be freed in any case. */
alf_status alf_trial_sweep_run(alf_trial_sweep *sweep, alf_trial_instance *instance, const alf_trial_rules *rules,
                               const alf_trial_settings *settings, alf_error *err);

void alf_trial_sweep_free(alf_trial_sweep *sweep);

#endif
