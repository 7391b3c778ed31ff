#include "run/experiment.h"

/* One line a kind, in the order of alflab list experiments. */
#define EXPERIMENTS(X)                                                                                                 \
  X(iterate)                                                                                                           \
  X(updates)                                                                                                           \
  X(verify)                                                                                                            \
  X(regret)                                                                                                            \
  X(ties)                                                                                                              \
  X(tune)                                                                                                              \
  X(solve)                                                                                                             \
  X(prices)                                                                                                            \
  X(cost)                                                                                                              \
  X(train)

#define DECLARE(name) extern const alf_experiment alf_experiment_##name;
#define ENTRY(name)   &alf_experiment_##name,
EXPERIMENTS(DECLARE)
const alf_experiment *const alf_experiments[] = {EXPERIMENTS(ENTRY) NULL};
