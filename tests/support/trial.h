/* Random runs of the iteration for property tests, their shrinking, and the line that replays one. */
#ifndef ALF_TEST_TRIAL_H
#define ALF_TEST_TRIAL_H

#include <stdbool.h>

#include "alf/affinity.h"
#include "alf/rule.h"
#include "alf/schedule.h"

#define ALF_TRIAL_TOKENS  200
#define ALF_TRIAL_EXPERTS 24
#define ALF_TRIAL_TEXT    4096

/* One run: some rows and columns of a family's batch, and what is iterated on them. */
typedef struct alf_trial {
  char input[128]; /* source specification of the whole batch */
  int rows, columns;
  int row[ALF_TRIAL_TOKENS], column[ALF_TRIAL_EXPERTS]; /* those kept, ascending */
  int topk;
  const alf_rule *rule;
  const alf_schedule *schedule;
  double rule_value[ALF_MAX_PARAMETERS], schedule_value[ALF_MAX_PARAMETERS];
  double u;
  int steps;
  int scale; /* affinities are moved to lie about 0 and multiplied by 2^scale; 0: as they are */
  int start; /* 0: p^0 = 0; else the stream that p^0 is drawn from */
} alf_trial;

/* The trial of that number: families, shapes, rules, schedules and their parameters, step sizes 1e-4..10 times the scale, edge cases more
   often than chance would have them. */
void alf_trial_draw(alf_trial *trial, uint64_t number);

/* "input=… rows=… experts=… topk=… rule=… schedule=… u=… steps=… scale=… start=…", and back. Parsing returns false when
   a field is missing or makes no sense. */
void alf_trial_print(const alf_trial *trial, char text[ALF_TRIAL_TEXT]);
bool alf_trial_parse(alf_trial *trial, const char *text);

/* The affinities as drawn (ALF_FLOAT64) and through the dyadic door. The caller frees both. */
void alf_trial_batch(const alf_trial *trial, alf_affinity *real, alf_affinity *dyadic);

/* p^0, E affinity units. */
void alf_trial_start(const alf_trial *trial, double shift[ALF_TRIAL_EXPERTS]);

/* Makes a trial that fails smaller and simpler for as long as it fails: fewer tokens, experts, steps, smaller K, the
   sign rule, constant steps, p^0 = 0, scale 0, u = 1 or a power of two. No single such change of the result fails any
   more. */
void alf_trial_shrink(alf_trial *trial, bool (*fails)(const alf_trial *trial, void *context), void *context);

#endif
