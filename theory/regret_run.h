/* One online run of all cells over the same batches. */
#ifndef ALF_THEORY_REGRET_RUN_H
#define ALF_THEORY_REGRET_RUN_H

#include "alf/regret.h"

/* When to write down. */
typedef struct alf_regret_clock {
  const int64_t *batches; /* checkpoints, ascending */
  int64_t checkpoints;
  void (*passed)(void *context, int64_t batches); /* that many more were done */
  void *context;
} alf_regret_clock;

/* Where one run writes: for cell c at checkpoint j, at c·stride + j; single numbers at c·single_stride. NULL: not asked
   for. See alf_regret. */
typedef struct alf_regret_slots {
  int64_t stride, single_stride;
  double *expected, *plain, *dynamic, *gradient;
  double *hindsight, *farthest;
  double *residual, *rounding; /* one number each */
  double *noise;               /* E×E sums of g_k g_l, E sums of g_k, their number */
} alf_regret_slots;

alf_status alf_regret_run_once(const alf_regret_settings *settings, int64_t repetition, const alf_regret_clock *clock,
                               const alf_regret_slots *slots, alf_error *err);

#endif
