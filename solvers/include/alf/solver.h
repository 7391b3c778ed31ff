/* The contract of all solvers of the assignment problem, exact and approximate, and their table. */
#ifndef ALF_SOLVER_H
#define ALF_SOLVER_H

#include "alf/certificate.h"
#include "alf/problem.h"

/* How far an approximate solver has come. Its iterate need not satisfy the constraints yet: then `objective` can lie
   above the optimum, and only `violation` tells. */
typedef struct alf_progress {
  double seconds; /* of the solver's own work since setup; what it takes to evaluate this record is not counted */
  int64_t iterations;
  double objective;  /* Σ γ_ik x_ik of the iterate, affinity units */
  double dual_bound; /* D(p) of the iterate's prices, affinity units: never below the optimum */
  double violation;  /* (Σ_k |load_k − L_k| + Σ_i |Σ_k x_ik − K|) / (K·T) */
} alf_progress;

/* Zero-initialised: the defaults. */
typedef struct alf_solve_settings {
  double timeout;     /* seconds; 0: none. Ends with ALF_ETIMEOUT soon after */
  int threads;        /* 0: all; results do not depend on it */
  bool (*stop)(void); /* may be NULL; true ends with ALF_EINTERRUPTED soon after. Threads call it, several at once */
  /* Approximate solvers only. */
  double tolerance;   /* ends when gap / |objective| and violation are both at most this; 0: 1e-4 */
  int64_t iterations; /* ends after that many; 0: each solver's own limit */
  void (*observe)(void *context, const alf_progress *progress); /* may be NULL; called at iterations that grow apart
                                                                   geometrically, and at the last */
  void *context;
} alf_solve_settings;

/* One solver: one file in solvers/exact and one line in solvers/exact/registry.c. */
typedef struct alf_solver {
  const char *name;
  const char *summary; /* one line */
  /* Whether it ends near the optimum only: with a routing that satisfies all constraints and any prices. The certificate
     then gives its exact gap, and is not `certified` unless that happens to be 0. */
  bool approximate;
  /* ALF_OK, or ALF_EUNSUPPORTED with the limit that the instance exceeds. */
  alf_status (*can)(const alf_problem *problem, alf_error *err);
  /* Expected seconds on the reference machine of shared/algorithms.md, from measurements; a warning, not a promise. */
  double (*estimate)(const alf_problem *problem);
  /* Builds a workspace; the problem must outlive it. */
  alf_status (*setup)(void **workspace, const alf_problem *problem, const alf_solve_settings *settings, alf_error *err);
  /* Fills the primal, the prices and the counters of an allocated solution. The amounts satisfy the constraints and,
     unless it is approximate, both are optimal in exact arithmetic, or the status is not ALF_OK. */
  alf_status (*solve)(void *workspace, alf_solution *solution, alf_error *err);
  void (*free)(void *workspace); /* safe on NULL */
} alf_solver;

/* Null-terminated table. */
extern const alf_solver *const alf_solvers[];

/* By name; "auto" is the first of the table, which takes any size. NULL when there is none of
   that name. */
const alf_solver *alf_solver_find(const char *name);

/* can, setup, solve (timed), free. The GLPK solvers end with glp_free_env: what the calling thread itself has built
   with GLPK is gone after this call. `solution` is zero-initialised or from an earlier call; it is allocated here and
   the caller frees it. */
alf_status alf_solve(const alf_solver *solver, const alf_problem *problem, const alf_solve_settings *settings,
                     alf_solution *solution, alf_error *err);

/* Prices from an exactly optimal primal: potentials of the exchange graph, whose arc a -> b costs the smallest
   γ_ia − γ_ib over tokens that can give up a for b, by Bellman and Ford; for ALF_ROUNDED a further node takes and gives
   load within the bounds. While the primal is not optimal a negative cycle exists: it is cancelled, and counted in
   solution->repairs. So a primal that is right up to rounding ends exactly optimal. O(T·E·K + E³) for each cycle.
   (Theory: C6.) Errors: ALF_ENOMEM. */
alf_status alf_exchange_prices(const alf_problem *problem, alf_solution *solution, alf_error *err);

#endif
