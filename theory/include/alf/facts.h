/* What one update did, in numbers that the claims judge. Computed from the published step alone, in exact integers for
   an exact run (then every value is exactly 0 when it should be, and has its exact sign) and in doubles for a float
   run. All in affinity units unless noted. */
#ifndef ALF_FACTS_H
#define ALF_FACTS_H

#include "alf/instance.h"
#include "alf/iterate.h"

/* State of an expert before the update. */
enum { ALF_UNDER, ALF_BALANCED, ALF_OVER };

typedef struct alf_facts {
  /* Lagrangian */
  double change;         /* 𝓛^{n+1} − 𝓛^n */
  double benefit;        /* Σ_i b_i, the switching benefit */
  double least_benefit;  /* min b_i over tokens that switch; 0 when none does */
  double squared_excess; /* Σ_k ε_k (A_k^n − L)², from the reported δ: Σ_k δ_k (L − A_k^n) */
  double residual;       /* change − (benefit − squared_excess) */
  double lower_slack;    /* the sandwich of C2: change + squared_excess, at least 0 */
  double upper_slack;    /* Σ_k δ_k (A_k^{n+1} − L) − change, at least 0 */
  double condition;      /* squared_excess − benefit: at least 0 exactly when C2's condition holds */
  double slot_slack;    /* 2 max|δ|·(swapped slots) − benefit: at least 0, as a slot gains at most δ_k' − δ_k */
  double tolerance;     /* rounding that a float run may show in any of these; 0 in an exact run */
  bool has_gap;         /* the optimum is known */
  double gap;           /* D(p^{n+1}) − OPT */
  double gap_tolerance; /* rounding in gap: tolerance, and what the door may have done to OPT before a float run */
  /* Moves: every pair (k leaves, k' enters) of one token */
  int64_t switched_tokens;
  int64_t swapped_slots;
  int64_t moves[3][3];    /* pairs by state of k, state of k' */
  int64_t uphill_moves;   /* pairs with A_k' >= A_k: not from a more to a less loaded expert */
  double least_margin;    /* min over pairs of (γ_ik + p_k) − (γ_ik' + p_k') at the old shift; +inf when none */
  double least_slack;     /* min over pairs of δ_k' − δ_k − that margin; +inf when none */
  double score_tolerance; /* rounding in the last two of a float run; 0 in an exact run */
  /* Form of the update */
  int64_t wrong_way;  /* experts with δ_k (L − A_k) < 0, or δ_k != 0 on target */
  int64_t miscounted; /* experts whose published load is not that of the published selections, before or after */
  double misreported; /* max_k |p_k^{n+1} − p_k^n − δ_k| */
  double step_sum;    /* Σ_k p_k^{n+1} − Σ_k p_k^n */
  double sign_error;  /* |step_sum − max|δ|·(under − over)|: 0 under the sign rule */
  double routing_gap; /* D(p^{n+1}) − 𝓛(x^{n+1}, p^{n+1}), evaluated apart: above 0 when x is not Top-K of γ + p. Exact
                          runs, n a power of two; else 0 */
  int64_t crossings;   /* experts with A_k^n and A_k^{n+1} on different sides of L */
  int64_t under, over; /* experts below and above target before the update */
  int64_t overload;    /* E·Σ_k (A_k^n − L)^+, an exact integer */
  double spread;       /* max p^{n+1} − min p^{n+1} */
} alf_facts;

/* Opaque workspace, reused over the steps of a run. */
typedef struct alf_observer alf_observer;

/* Errors: ALF_ENOMEM. */
alf_status alf_observer_alloc(alf_observer **observer, const alf_instance *instance, alf_error *err);

/* Fills *facts from one step on the instance's batch (in a float run its float64 form, before or after the dyadic
   door). */
void alf_observe(alf_observer *observer, const alf_step *step, alf_facts *facts);

/* Safe on NULL. */
void alf_observer_free(alf_observer *observer);

#endif
