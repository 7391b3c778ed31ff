/* What the claims need to know about one fixed batch: its optimum, its ties, how its affinities spread. */
#ifndef ALF_INSTANCE_H
#define ALF_INSTANCE_H

#include "alf/affinity.h"
#include "alf/certificate.h"
#include "alf/curvature.h"
#include "alf/problem.h"

/* Hypothesis H(q) of C4 for one step size: for every pair of experts at most q tokens have γ_ik − γ_ik' in any closed
   interval of length 2u. */
typedef struct alf_crowding {
  double u;
  int64_t q;                  /* the smallest number for which H(q) holds */
  int32_t expert_a, expert_b; /* a pair that attains it */
} alf_crowding;

/* The choice that ties leave at the optimal prices (C5). */
typedef struct alf_ties {
  int64_t tied_tokens;   /* K-th and K+1-st score equal */
  bool forest;           /* the tied tokens form a forest on the experts: general position */
  int64_t max_deviation; /* max over experts and tie-breakings of E·|A_k − L| */
  int32_t expert;        /* where it is attained */
} alf_ties;

/* Zero-initialise; alf_instance_free copes with any state. */
typedef struct alf_instance {
  const alf_affinity *batch; /* ALF_DYADIC, T×E; not owned */
  int32_t topk;
  int64_t largest;      /* max |γ|, grid units */
  int64_t range;        /* R of C4: max over tokens of max γ_i − min γ_i, grid units */
  bool solved;          /* optimum, certificate and ties are there and certified */
  alf_error why_not;    /* when not solved */
  alf_solution optimum; /* of the fractional problem */
  alf_certificate certificate;
  alf_int128 optimum_value; /* in units of 2^-grid_bits / E */
  alf_ties ties;
  int crowding_count;
  alf_crowding *crowding; /* one for each step size asked for */
  int64_t *exchange;      /* E×E, when solved: alf_exchange_costs of the optimum. A shift p is optimal exactly when
                        p_b − p_a <= exchange[a·E + b] for all a, b (C6) */
  bool curved;            /* curvature is there: of the family, or estimated from the batch at its optimal prices */
  alf_curvature curvature;
  alf_error why_not_curved;
} alf_instance;

typedef struct alf_instance_settings {
  bool solve;     /* find the optimum (the default solver) */
  double timeout; /* seconds for it; 0: none */
  int crowding_count;
  const double *step_size;  /* crowding_count step sizes u > 0 for which H(q) is measured; O(E² T) or more */
  bool curvature;           /* find it */
  const alf_family *family; /* behind the batch, with its call; NULL: a file */
  const alf_family_call *call;
  bool (*stop)(void); /* may be NULL; true ends solving, and the measuring of H(q) with ALF_EINTERRUPTED */
} alf_instance_settings;

/* Fills *instance for `batch` (ALF_DYADIC, kept alive by the caller). A solver that fails or times out leaves
   solved = false and says why in why_not: that is no error here. Errors: ALF_EINVAL, ALF_ENOMEM. */
alf_status alf_instance_prepare(alf_instance *instance, const alf_affinity *batch, int32_t topk,
                                const alf_instance_settings *settings, alf_error *err);

/* Does every pair of experts satisfy the price interval that the optimum implies? `shift` holds E grid units. */
bool alf_instance_is_optimal(const alf_instance *instance, const int64_t *shift);

/* The entry for step size u, or NULL when it was not asked for. */
const alf_crowding *alf_instance_crowding(const alf_instance *instance, double u);

void alf_instance_free(alf_instance *instance);

#endif
