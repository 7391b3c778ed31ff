#include <math.h>

#include "judge.h"

/* At a minimiser of D, with the tied tokens a forest on the experts, every tie-breaking gives |A_k − L| <= E − 1. */
static void finish(void *opaque, const alf_run *run, alf_claim_result *result)
{
  (void)opaque;
  const alf_instance *instance = run->instance;
  const alf_ties *ties = &instance->ties;
  double experts = instance->batch->experts;
  result->margin = NAN;
  alf_add_hypothesis(result, "prices minimise D (certified)", instance->solved, "gap",
                     instance->solved ? instance->certificate.gap : NAN);
  if (!instance->solved) {
    alf_conclude(result, ALF_INCONCLUSIVE, "%.200s", instance->why_not.text);
    return;
  }
  double deviation = (double)ties->max_deviation / experts;
  alf_add_hypothesis(result, "general position: tied tokens form a forest", ties->forest, "tied_tokens",
                     (double)ties->tied_tokens);
  alf_add_measure(result, "max_deviation", deviation);
  alf_add_measure(result, "bound", experts - 1);
  if (!ties->forest) {
    alf_conclude(result, ALF_HYPOTHESIS_NOT_MET, "%lld tied tokens close a cycle on the experts",
                 (long long)ties->tied_tokens);
    return;
  }
  result->margin = experts - 1 - deviation;
  alf_conclude(result, result->margin < 0 ? ALF_REFUTED : ALF_HOLDS,
               "any tie-breaking of %lld tied tokens at the solver's prices: at most %.6g from L (expert %d)",
               (long long)ties->tied_tokens, deviation, ties->expert);
}

const alf_claim alf_claim_c5 = {
    .id = "C5",
    .title = "At optimal prices any tie-breaking is within E - 1 of balance",
    .citation = "theory.md C5",
    .statement = "where p minimises D any tie-breaking has every load within E − 1 of L",
    .hypotheses = "certified prices; general position: the tied tokens form a forest on the experts",
    .method = "the extreme loads of each expert over all tie-breakings at the solver's prices",
    .arithmetic = "exact integers",
    .needs = ALF_NEEDS_OPTIMUM,
    .fixed_by_batch = true,
    .finish = finish,
};
