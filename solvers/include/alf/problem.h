/* The assignment problem (P) of Han and Zhong, arXiv:2512.03915, and its exact solutions. */
#ifndef ALF_PROBLEM_H
#define ALF_PROBLEM_H

#include <stdbool.h>
#include <stdint.h>

#include "alf/affinity.h"
#include "alf/int128.h"

/* Which problem, when E does not divide K·T; else both are the same. */
typedef enum alf_problem_kind {
  ALF_FRACTIONAL, /* every load equals the real number L = K·T/E: the problem whose dual ALF-LB descends */
  ALF_ROUNDED     /* integral, floor(L) <= load <= ceil(L) */
} alf_problem_kind;

/* max Σ γ_ik x_ik with Σ_k x_ik = K for each token, loads as `kind` or `capacity` says, 0 <= x_ik <= 1. */
typedef struct alf_problem {
  const alf_affinity *batch; /* ALF_DYADIC, T×E; not owned */
  int32_t topk;              /* K, 1 <= K < E */
  alf_problem_kind kind;     /* of no account when there are capacities */
  const int64_t *capacity;   /* E: the load L_k of each expert, 0..T slots, K·T together; NULL: equal; not owned */
} alf_problem;

/* ALF_OK when the batch is ALF_DYADIC, the kind exists, the shape fits (alf_check_topk) and capacities, if any, are
   within 0..T and add up to K·T, else ALF_EINVAL; and when every cell is below 2^41 units, as alf_affinity_convert
   leaves them, else ALF_ERANGE. */
alf_status alf_problem_check(const alf_problem *problem, alf_error *err);

/* The same on several threads (0: all). */
alf_status alf_problem_check_on(const alf_problem *problem, int threads, alf_error *err);

/* Amounts are integers in units of 1/denominator, so that an optimal vertex is integral in them: E / gcd(K·T, E) for
   ALF_FRACTIONAL, 1 for ALF_ROUNDED and with capacities. */
int64_t alf_problem_denominator(const alf_problem *problem);

typedef struct alf_load_range {
  int64_t lower, upper; /* in units of 1/denominator */
} alf_load_range;

/* Bounds of the load of expert k. */
alf_load_range alf_problem_load_range(const alf_problem *problem, int32_t k);

/* The load that expert k is to have, in units of 1/E slots: E·L_k with capacities, else K·T (for ALF_ROUNDED the mean of
   what its range allows over all experts). */
int64_t alf_problem_target(const alf_problem *problem, int32_t k);

/* Whether loads may differ by which experts get the slots that are left over (ALF_ROUNDED without capacities); else
   every load is fixed, and only differences of prices matter. */
bool alf_problem_has_free_load(const alf_problem *problem);

/* A routing with prices: the primal as a sparse T×E matrix by rows, experts ascending within a row. */
typedef struct alf_solution {
  int64_t tokens;      /* T */
  int32_t experts;     /* E */
  int64_t denominator; /* amounts are in units of 1/denominator */
  int64_t room;        /* how many entries expert and amount can hold */
  int64_t *row;        /* T+1 offsets into expert and amount */
  alf_expert *expert;
  int32_t *amount; /* 1..denominator */
  int64_t *price;  /* E, in grid units of the batch; p of theory.md: added to the affinities */
  /* What the solver did, for reports; 0 where it does not apply. */
  int64_t pivots;     /* simplex pivots */
  int64_t iterations; /* of the method's own outer loop */
  int64_t repairs;    /* negative cycles cancelled in exact arithmetic after a floating-point solver */
  double seconds;     /* the solve alone */
} alf_solution;

/* Takes memory for a solution of `problem`, with room for T·K entries when amounts are integral and T·K + E otherwise.
   Forgets what the struct held before, without releasing it. Errors: ALF_ENOMEM. */
alf_status alf_solution_alloc(alf_solution *solution, const alf_problem *problem, alf_error *err);

/* Releases memory and zeroes the struct. Safe on NULL, on a zeroed struct and on a half-built one. */
void alf_solution_free(alf_solution *solution);

#endif
