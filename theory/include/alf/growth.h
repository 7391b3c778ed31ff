/* How regret grows with the number of batches, with bootstrap intervals over independent runs. */
#ifndef ALF_GROWTH_H
#define ALF_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

#include "alf/status.h"

/* An estimate with its 95 % interval; low and high are NaN where there are too few runs. */
typedef struct alf_interval {
  double value, low, high;
} alf_interval;

typedef enum alf_growth_law { ALF_GROWS_LN, ALF_GROWS_ROOT, ALF_GROWS_LINEARLY, ALF_GROWTH_LAWS } alf_growth_law;

/* "ln N", "sqrt N", "N". */
const char *alf_growth_law_name(alf_growth_law law);

/* Regret of some runs of one cell: row r, checkpoint j at r·checkpoints + j. */
typedef struct alf_growth_data {
  const double *regret;
  int64_t runs, checkpoints;
  const int64_t *batches; /* N at each checkpoint, ascending */
} alf_growth_data;

typedef struct alf_growth {
  int64_t from;                   /* fitted to the checkpoints with N >= from */
  alf_interval last;              /* R_N at the last checkpoint */
  alf_interval per_decade;        /* slope of R_N over log10 N: what a factor of ten in N adds */
  alf_interval exponent;          /* slope of ln R_N over ln N; NaN where R_N is not positive */
  double misfit[ALF_GROWTH_LAWS]; /* root mean square residual of a + b·law, over R_N's range in the window */
  alf_growth_law law;             /* the one with the smallest */
} alf_growth;

/* Means over runs and 1,000 bootstrap samples of them (fixed seed). Errors: ALF_EINVAL with fewer than three checkpoints
   from `from` on, ALF_ENOMEM. */
alf_status alf_growth_fit(const alf_growth_data *data, int64_t from, alf_growth *growth, alf_error *err);

/* The mean of one number a run, with its interval. Errors: ALF_ENOMEM. */
alf_status alf_bootstrap_mean(const double *value, int64_t runs, alf_interval *mean, alf_error *err);

#endif
