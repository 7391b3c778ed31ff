/* Numbers that describe one iterate, and sums of them over a run. Pure functions of what the iteration publishes; sums of
   loads and of what is exact are exact, others run in the order of experts and steps. L is the target, slots / E; f_k = A_k / slots
   is a share. */
#ifndef ALF_MEASURE_H
#define ALF_MEASURE_H

#include <stdbool.h>

#include "alf/int128.h"
#include "alf/iterate.h"
#include "alf/solver.h"

typedef struct alf_balance {
  int64_t max_load, min_load; /* slots */
  int64_t max_excess;         /* max |E·A_k − slots|, units of 1/E slot */
  double max_violation;       /* max_load / L − 1 */
  double max_abs_violation;   /* max |A_k / L − 1| */
  int64_t dead_experts;       /* how many have load 0 */
  bool on_target;             /* every load is exactly L */
} alf_balance;

/* From E loads and the number of slots, K·T. O(E) integer operations. */
alf_balance alf_measure_balance(const int64_t *load, int32_t experts, int64_t slots);

typedef struct alf_spread {
  double variation; /* coefficient of variation: standard deviation of the E loads over L */
  double entropy;   /* −Σ f_k ln f_k / ln E: 1 when all loads are equal, 0 when one expert has them all */
} alf_spread;

alf_spread alf_measure_spread(const int64_t *load, int32_t experts, int64_t slots);

typedef struct alf_extent {
  double range, mean; /* max − min; affinity units, rounded once from the exact values in exact mode */
} alf_extent;

/* Of a shift of E entries; grid_bits counts in exact mode only. */
alf_extent alf_measure_shift(const alf_shift *shift, int32_t experts, int32_t grid_bits);

/* Values of the current iterate (the *_after fields). Routing by Top-K attains the dual function, so
   D(p) = Σ γ_ik x_ik + Σ_k p_k (A_k − L), a pass over the selections; where a step is routed otherwise D is evaluated
   apart. Where scores are rounded to single precision that may miss D(p). */
typedef struct alf_iterate_value {
  bool exact;            /* the batch is dyadic */
  alf_int128 dual_exact; /* D(p), in units of 2^-grid_bits / E; exact only */
  double objective;      /* Σ γ_ik x_ik, affinity units */
  double dual_value;     /* D(p), affinity units */
} alf_iterate_value;

alf_iterate_value alf_measure_value(const alf_step *step);

/* What differs between the two iterates, token by token; 0 before the first update. A pass over the selections. */
typedef struct alf_churn {
  int64_t swaps;           /* slots that went to another expert: Σ over tokens of the experts that enter */
  int64_t switched_tokens; /* tokens with any */
} alf_churn;

alf_churn alf_count_churn(const alf_step *step);

/* The certified optimum of the fractional problem of one batch. */
typedef struct alf_optimum {
  bool known;
  alf_int128 exact; /* in units of 2^-grid_bits / E of the dyadic batch */
  double value;     /* affinity units */
} alf_optimum;

/* Finds that of a problem, whose batch is dyadic, by the default solver; of the settings timeout, threads and stop count.
   Errors: those of alf_solve and alf_certify; ALF_ESOLVER when it is not certified. */
alf_status alf_optimum_find(const alf_problem *problem, const alf_solve_settings *settings, alf_optimum *optimum,
                            alf_error *err);

/* D(p) − optimum, rounded once from the exact difference where both are exact; NAN when it is not known. `batch` is the
   one that both belong to. */
double alf_optimum_gap(const alf_iterate_value *value, const alf_optimum *optimum, const alf_affinity *batch);

/* Sums over the iterates of a run. */
typedef struct alf_sums {
  int64_t updates;
  int32_t experts;
  int64_t slots;
  int64_t *load;                   /* E: Σ A_k over the updates */
  alf_int128 max_load, max_excess; /* Σ of those of the balances */
  int64_t swaps;                   /* Σ of those of the churns that were added, */
  int64_t churns;                  /* of so many updates */
  int64_t gaps;                    /* how many were added */
  bool regret_known;               /* there are gaps, and all of them are known */
  alf_int128 regret_exact;         /* Σ of the gaps, in units of 2^-grid_bits / E; exact only */
  double regret;                   /* the same in float mode, affinity units */
} alf_sums;

/* Zeroed sums. Errors: ALF_ENOMEM. */
alf_status alf_sums_alloc(alf_sums *sums, int32_t experts, int64_t slots, alf_error *err);

/* One more update and its E loads. */
void alf_sums_add(alf_sums *sums, const int64_t *load, const alf_balance *balance);

/* Of the update just added. */
void alf_sums_add_churn(alf_sums *sums, const alf_churn *churn);

/* The gap of one iterate, 0 included: the regret is that of the prices p^0, p^1, … against the optimum of each batch
   (dynamic regret). */
void alf_sums_add_gap(alf_sums *sums, const alf_iterate_value *value, const alf_optimum *optimum);

/* Means over the updates; NAN where there is none. */
typedef struct alf_means {
  double max_violation, max_abs_violation;
  double signed_violation; /* max_k |mean of (A_k / L − 1)|: over- and underload cancel, lasting imbalance remains */
  double swaps;
} alf_means;

alf_means alf_sums_means(const alf_sums *sums);

/* The regret in affinity units; NAN when it is not known. */
double alf_sums_regret(const alf_sums *sums, const alf_affinity *batch);

/* Safe on zeroed sums. */
void alf_sums_free(alf_sums *sums);

#endif
