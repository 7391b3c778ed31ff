/* What all approximate solvers share: when to look at an iterate, what it is worth, when to stop, and how prices become
   a routing that satisfies every constraint. */
#ifndef ALF_FIRSTORDER_COMMON_H
#define ALF_FIRSTORDER_COMMON_H

#include "alf/solver.h"
#include "core/deadline.h"
#include "core/memory.h"

/* Where a method stands. Pointers belong to the method. Without x and without `chosen` the iterate is Top-K at the
   prices. */
typedef struct alf_first_order_iterate {
  const double *price;      /* E, affinity units; added to the affinities, as everywhere */
  const double *x;          /* T×E, row-major; may be NULL */
  const alf_expert *chosen; /* T×K, in any order, E for none; may be NULL */
} alf_first_order_iterate;

/* One method. Its workspace begins with an alf_first_order. */
typedef struct alf_first_order_method {
  const char *name;   /* of the solver, for messages */
  int64_t iterations; /* the limit when the settings have none */
  size_t size;        /* of the workspace */
  /* Takes all memory from that of the alf_first_order, and starts; the workspace is zeroed before. */
  alf_status (*prepare)(void *workspace, alf_error *err);
  /* Iteration n = 1, 2, …; takes no memory. Sets *last when further iterations would change nothing. `deadline` is for
     iterations that take long: ALF_ETIMEOUT. */
  alf_status (*step)(void *workspace, int64_t n, alf_deadline deadline, bool *last, alf_error *err);
  void (*view)(void *workspace, alf_first_order_iterate *iterate);
} alf_first_order_method;

/* The state of one solve. */
typedef struct alf_first_order {
  const alf_first_order_method *method; /* not owned */
  const alf_problem *problem;           /* not owned */
  alf_solve_settings settings;          /* tolerance and iterations are those that count */
  alf_memory memory;
  alf_load_range *range;    /* E: loads in units of 1/denominator */
  double *load;             /* E, slots: of the iterate in evaluation */
  int64_t *price;           /* E, grid units: of the iterate in evaluation */
  int64_t *best_price;      /* E, grid units: those of the lowest dual bound so far */
  int64_t *score;           /* E, scratch */
  alf_expert *chosen;       /* K, scratch */
  alf_expert *routing;      /* T×K, taken by methods that show `chosen`: the best complete one so far; else NULL */
  double routing_objective; /* its objective; -infinity while there is none */
  double best_bound;        /* infinity before the first evaluation */
  double started, excluded; /* clock of alf_now; seconds spent on evaluations, which do not count */
  alf_deadline deadline;
} alf_first_order;

/* Makes the workspace of a method. Method and problem must outlive it. Errors: ALF_ENOMEM, and those of `prepare`. */
alf_status alf_first_order_setup(void **workspace, const alf_first_order_method *method, const alf_problem *problem,
                                 const alf_solve_settings *settings, alf_error *err);

/* Releases a workspace and its memory. Safe on NULL and on a half-made one. */
void alf_first_order_free(void *workspace);

/* ALF_OK: for solvers that take any problem. */
alf_status alf_first_order_can(const alf_problem *problem, alf_error *err);

/* How large the affinities of a batch are, in grid units. */
typedef struct alf_first_order_extent {
  double range;     /* the largest of all less the smallest */
  double spread;    /* Σ over tokens of the largest less the smallest */
  double best;      /* Σ over tokens of |the largest| */
  double magnitude; /* Σ over tokens of the largest absolute value */
} alf_first_order_extent;

alf_first_order_extent alf_first_order_measure(const alf_affinity *batch);

/* E prices in grid units of the batch as affinity units, exact below 2^53 grid units. */
void alf_first_order_show(const alf_affinity *batch, const int64_t *price, double *shown);

/* The batch as T×E affinity units: exact, since cells are below 2^41 grid units. */
void alf_first_order_affinities(const alf_affinity *batch, double *affinity);

/* L_k in slots; the mean K·T/E where the load is free to be rounded. */
double alf_first_order_target(const alf_problem *problem, int32_t k);

/* Steps until the tolerance is met, the method says that it is at its end, or the iterations are used up; looks at
   iterates at n = 1, 2, 3, … and from about ten on at intervals that grow by an eighth. Ends with Top-K at the best
   prices, rounded to a feasible routing (alf_round_prices), or with the method's own best routing where that is better;
   it is the last record observed, with the number of iterations of the record before it.
   Errors: ALF_ETIMEOUT; ALF_ENOMEM; ALF_ERANGE when prices leave 2^60 grid units or are not numbers. */
alf_status alf_first_order_solve(void *workspace, alf_solution *solution, alf_error *err);

#endif
