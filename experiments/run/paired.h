/* Tests on paired differences. */
#ifndef ALF_RUN_PAIRED_H
#define ALF_RUN_PAIRED_H

#include <stdint.h>

#include "alf/status.h"

#define ALF_EXACT_PAIRS 200 /* up to so many differences the distribution of ranks is counted out */

/* Wilcoxon's signed-rank test: the probability, two-sided, of ranks as one-sided as these if signs were tossed. Zeros are
   left out (Wilcoxon 1945), ties share their mean rank. Exact, ties and all, up to ALF_EXACT_PAIRS differences; beyond
   them by the normal approximation with the variance of the ties. 1 where nothing is left. *lean is what the ranks say of
   the direction: their sum, each with the sign of its difference, over the sum of all of them; −1..1. Errors: ALF_ENOMEM. */
alf_status alf_signed_rank_test(const double *difference, int64_t count, double *p, double *lean, alf_error *err);

/* The sign test of the same: so many up, so many down. Exact, by the binomial distribution. */
double alf_sign_test(int64_t up, int64_t down);

/* Holm's correction, in place: p[i] becomes the least level at which hypothesis i is refuted, when `count` of them are
   tested at once (Holm 1979). Errors: ALF_ENOMEM. */
alf_status alf_holm_correct(double *p, int64_t count, alf_error *err);

#endif
