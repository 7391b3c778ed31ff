/* Numbers that describe one iterate. Pure functions of what the iteration publishes. */
#ifndef ALF_CLI_MEASURE_H
#define ALF_CLI_MEASURE_H

#include <stdbool.h>

#include "alf/int128.h"
#include "alf/iterate.h"

typedef struct alf_cli_balance {
  int64_t max_load, min_load; /* slots */
  double max_violation;       /* max_load / L − 1, L = slots / E */
  bool on_target;             /* every load is exactly L */
} alf_cli_balance;

/* From E loads and the number of slots, K·T. */
alf_cli_balance alf_cli_measure_balance(const int64_t *load, int32_t experts, int64_t slots);

/* Values of the current iterate (the *_after fields). Routing by Top-K attains the dual function, so
   D(p) = Σ γ_ik x_ik + Σ_k p_k (A_k − L); where a step is routed otherwise D is evaluated apart. */
typedef struct alf_cli_value {
  bool exact;            /* the batch is dyadic */
  alf_int128 dual_exact; /* D(p), in units of 2^-grid_bits / E; exact only */
  double objective;      /* Σ γ_ik x_ik, affinity units */
  double dual_value;     /* D(p), affinity units */
} alf_cli_value;

alf_cli_value alf_cli_measure_value(const alf_step *step);

/* Tokens whose selection differs between the two iterates; 0 before the first update. */
int64_t alf_cli_count_switched(const alf_step *step);

#endif
