/* Proof that a solution is optimal, in exact integers, by code that shares nothing with the solvers. */
#ifndef ALF_CERTIFICATE_H
#define ALF_CERTIFICATE_H

#include "alf/problem.h"

typedef struct alf_certificate {
  bool certified;             /* no violation of any kind, and gap is exactly 0 */
  int64_t row_violations;     /* tokens whose amounts do not sum to K */
  int64_t entry_violations;   /* entries out of order, repeated, outside 0..E-1 or with amount outside 1..denominator */
  int64_t load_violations;    /* experts outside their load range */
  int64_t fractional_entries; /* entries with amount < denominator: 0 for an integral routing */
  int64_t slackness_violations; /* tokens with a pair x_ik > 0, x_ik' < 1, γ_ik + p_k < γ_ik' + p_k', and experts with
                                   a price that their load does not allow (ALF_ROUNDED) */
  int64_t tied_tokens;     /* tokens whose K-th and K+1-st largest γ_i + p are equal: their routing has a choice */
  alf_int128 primal, dual; /* exact, in units of 2^-grid_bits / denominator */
  double objective;        /* primal, in affinity units */
  double dual_bound;       /* D(p), in affinity units */
  double gap;              /* dual_bound − objective, rounded from the exact difference: 0 only if it is 0 */
  double rounding_bound;   /* |optimum of the original batch − optimum of the dyadic batch| <= this: K·T·max cell */
  double max_load, min_load; /* slots */
} alf_certificate;

/* Checks row sums, entries, loads, and complementary slackness, and computes primal and dual value from the batch.
   Errors: those of alf_problem_check; ALF_EINVAL when shapes, denominator or row offsets do not fit the problem or a
   price is beyond 2^61 grid units; ALF_ENOMEM. A wrong solution is not an error but certified = false. */
alf_status alf_certify(const alf_problem *problem, const alf_solution *solution, alf_certificate *certificate,
                       alf_error *err);

#endif
