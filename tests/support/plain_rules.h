/* Rules that look at affinities, written apart from the library: by sorting and by Gauss, in doubles. Include after
   support.h. */
#ifndef ALF_TEST_PLAIN_RULES_H
#define ALF_TEST_PLAIN_RULES_H

#include "update.h"

/* Writes p' of quantile balancing; returns the range of all thresholds less affinities. */
double alf_plain_quantile(const alf_update *b, double *target);

/* Writes −q after so many passes. */
void alf_plain_bip(const alf_update *b, int passes, double *price);

/* The margin that `count` tokens do not exceed, or the smallest larger one where that is 0; 0 when all are. */
double alf_plain_width(const alf_update *b, int32_t count, double *widest);

/* Writes the full Newton step, at the default share of tied tokens. */
void alf_plain_newton(const alf_update *b, double ridge, double *step);

#endif
