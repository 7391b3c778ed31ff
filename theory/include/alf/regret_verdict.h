/* C9 and C10 of theory.md on finished online runs. */
#ifndef ALF_REGRET_VERDICT_H
#define ALF_REGRET_VERDICT_H

#include "alf/claim.h"
#include "alf/growth.h"
#include "alf/regret.h"
#include "alf/regret_target.h"

/* What the theory says of one cell. */
typedef struct alf_regret_bound {
  bool known;             /* a bound is proved for this rule and schedule */
  bool met;               /* its hypotheses are */
  double u;               /* the step size in slots: δ = u (L − A); NaN: the rule has none */
  double a;               /* u μ; NaN where the step is none in slots */
  double diameter;        /* Δ: of the set projected to, else twice the largest distance seen */
  double gradient_square; /* G² = K T² (1 − K/E) */
  double per_decade;      /* what a factor of ten in N adds in the end, of 1/n with a > 1/2; NaN: not known */
  double margin;          /* the least of bound less lower end of the interval, over checkpoints; NaN: not judged */
  alf_verdict verdict;
  char reason[256];
} alf_regret_bound;

/* The bound of C9 at N batches; NaN where there is none. */
double alf_regret_bound_at(const alf_regret_bound *bound, const alf_regret_cell *cell, double batches);

/* Judges cell c of the runs. `growth` is that of its expected regret. Errors: ALF_ENOMEM. */
alf_status alf_regret_judge(const alf_regret *regret, const alf_regret_settings *settings, int c,
                            const alf_regret_target *target, const alf_growth *growth, alf_regret_bound *bound,
                            alf_error *err);

/* What C10 says of the runs: it is about their batches, not about a cell. */
typedef struct alf_hindsight_bound {
  alf_verdict verdict;
  double
      margin; /* how far the pooled optimum is below Σ f^n(p*) and above Σ min f^n, at the least of all runs, and what
                    rounding allows; less what it differs by from the sum at its prices, where it does */
  char reason[256];
} alf_hindsight_bound;

/* Judges runs with hindsight: the pooled optimum is Σ f^n at the pooled prices exactly, at most Σ f^n(p*) where p* is
   known, and at least Σ min f^n where the batches were solved; one of both is there. */
void alf_hindsight_judge(const alf_regret *regret, alf_hindsight_bound *bound);

/* How far apart two experts' loads are from their mean at p*: the standard deviation of a load, sqrt(T q (1 − q)), q =
   K/E. A sign step of u·that is about as long as a proportional one of u. */
double alf_load_deviation(int64_t tokens, int32_t experts, int32_t topk);

#endif
