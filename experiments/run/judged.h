/* What two runs of the same cells are compared by: for each metric which way is worse, how its difference is taken, and
   how much worse it may be. */
#ifndef ALF_RUN_JUDGED_H
#define ALF_RUN_JUDGED_H

#include "run/results.h"

typedef enum alf_judged_form {
  ALF_JUDGED_RATIO,  /* ln of new over base, both without sign and at least the floor: an effect of 0.1 is 10 % more.
                        One cell counts for ten times as much, or a tenth, at the most */
  ALF_JUDGED_MARGIN, /* (base − new) / the larger of both sizes: more is better; an effect of 0.1 is 10 % less */
  ALF_JUDGED_PLAIN,  /* new − base */
  ALF_JUDGED_LEVEL   /* words of an order, from bad to good: levels lost */
} alf_judged_form;

typedef struct alf_judged {
  const char *kind;   /* of experiment; NULL: every one */
  const char *metric; /* "*_margin": of every claim */
  alf_judged_form form;
  double tolerance;  /* an effect above it is worse, in the unit of the form; 0 for levels */
  double floor;      /* of a ratio: below it all is the same */
  const char *over;  /* what the metric is divided by, with the sign taken off; NULL: nothing */
  const char *until; /* what it is, and one more, where it never came to be: steps until something */
  bool time;         /* on one machine another than on the next */
  const char *help;
} alf_judged;

/* Ends with a NULL metric. */
extern const alf_judged alf_judged_metrics[];

/* The row for a metric of a kind; NULL: it is not judged. */
const alf_judged *alf_judged_find(const char *kind, const char *metric);

/* The metric of a cell as a number; NAN: not known. Of a level its place in the order. */
double alf_judged_value(const alf_judged *judged, const alf_result *result, const char *metric);

/* How much worse `after` is than `before`, in the scale on which differences are averaged (of a ratio the logarithm),
   and what such a mean is as an effect. */
double alf_judged_difference(const alf_judged *judged, double before, double after);
double alf_judged_effect(const alf_judged *judged, double mean);

/* What the rule or solver of a cell is called, whichever folder a rule's file lies in; "" where there is none. */
#define ALF_SUBJECT_TEXT 1024
void alf_judged_subject(const alf_result *result, char text[ALF_SUBJECT_TEXT]);

#endif
