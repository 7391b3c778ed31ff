/* What is said of a cell of online runs, and the step sizes that it is given. */
#ifndef ALF_MEASURE_REGRET_ROW_H
#define ALF_MEASURE_REGRET_ROW_H

#include "alf/regret_verdict.h"

#define ALF_REGRET_CHECKPOINTS 80

/* Zero-initialised where something was not asked for. */
typedef struct alf_regret_row {
  alf_growth growth;      /* of expected regret, of dynamic regret where there is no p* */
  alf_regret_bound bound; /* where there is a p* */
  alf_interval hindsight;
  alf_interval early, late; /* dynamic regret a batch: in the first tenth of the run, and in the last */
} alf_regret_row;

/* Fits and judges cell c of finished runs. Errors: those of alf_growth_fit and alf_regret_judge. */
alf_status alf_regret_row_measure(const alf_regret *regret, const alf_regret_settings *settings,
                                  const alf_regret_target *target, int c, alf_regret_row *row, alf_error *err);

/* The curve of cell c, expected regret or else dynamic, at checkpoint j: the mean of the runs. Errors: ALF_ENOMEM. */
alf_status alf_regret_curve(const alf_regret *regret, int c, int64_t j, alf_interval *mean, alf_error *err);

/* "U", or "A/mu": A/mu slots, or for rules that do not count slots as far as those would move. Errors: ALF_EINVAL that
   begins with the text, also where mu is not known. */
alf_status alf_regret_step_size(const char *text, const alf_rule *rule, const alf_regret_target *target, int32_t topk,
                                double *u, alf_error *err);

/* What becomes of the steps and repetitions asked for on this source: a file is one run, once through its batches; the
   family behind another one makes as many as are asked for. */
typedef struct alf_regret_extent {
  int64_t steps, repetitions;
  bool repeated; /* a file with one batch */
} alf_regret_extent;

alf_regret_extent alf_regret_find_extent(const alf_source *source, int64_t steps, int64_t repetitions);

#endif
