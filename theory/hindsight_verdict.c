#include <math.h>
#include <stdio.h>

#include "alf/regret_verdict.h"

/* min_p Σ f^n(p) is the dual of one assignment problem with the tokens of all batches. Its certified optimum is what all
   other sums of f^n are measured against: at its own prices they are equal, at p* no smaller, and batch by batch, where
   every f^n has a p of its own, no larger. */

/* Of run r: Σ f^n(p^n) is the same in all three differences, whatever the cell. */
static double above_pooled(const alf_regret *g, int64_t r)
{
  return g->plain ? g->hindsight[r] - g->plain[(r + 1) * g->checkpoints - 1] : INFINITY;
}

static double below_pooled(const alf_regret *g, int64_t r)
{
  return g->dynamic ? g->dynamic[(r + 1) * g->checkpoints - 1] - g->hindsight[r] : INFINITY;
}

static void give_reason(const alf_regret *g, int64_t unequal, alf_hindsight_bound *b)
{
  const char *place = g->plain && g->dynamic ? "between the batches' own optima and the sum at p*"
                      : g->plain             ? "at most the sum at p*"
                                             : "at least the batches' own optima";
  long long runs = (long long)g->repetitions;
  const char *some = runs == 1 ? "run" : "runs";
  if (unequal)
    snprintf(b->reason, sizeof b->reason, "in %lld of %lld %s the pooled optimum is not the sum at the pooled prices",
             (long long)unequal, runs, some);
  else if (b->verdict == ALF_REFUTED)
    snprintf(b->reason, sizeof b->reason, "the pooled optimum is not %s in each of %lld %s", place, runs, some);
  else
    snprintf(b->reason, sizeof b->reason, "in %lld %s the pooled optimum is the sum at its prices exactly, and %s",
             runs, some, place);
}

void alf_hindsight_judge(const alf_regret *g, alf_hindsight_bound *b)
{
  int64_t unequal = 0;
  *b = (alf_hindsight_bound){.margin = INFINITY};
  for (int64_t r = 0; r < g->repetitions; r++) {
    double margin = fmin(above_pooled(g, r), below_pooled(g, r)) + g->rounding[r];
    unequal += g->residual[r] != 0;
    b->margin = fmin(b->margin, g->residual[r] != 0 ? -fabs(g->residual[r]) : margin);
  }
  b->verdict = b->margin < 0 ? ALF_REFUTED : ALF_HOLDS;
  give_reason(g, unequal, b);
}

const alf_claim alf_claim_c10 = {
    .id = "C10",
    .title = "Regret against hindsight comes from one pooled assignment problem",
    .citation = "LP duality; theory.md C10",
    .statement = "min_p Σ fⁿ(p) over N batches is the optimum of one assignment problem with all N T tokens",
    .hypotheses = "certified optimum",
    .method =
        "against Σ fⁿ at the pooled prices, batch by batch: equal; against Σ fⁿ(p*) and Σ min fⁿ, whose problems are "
        "solved apart: between them",
    .arithmetic = "exact integers; the second part in doubles, less what rounding may do",
};
