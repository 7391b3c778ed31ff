/* Good prices in a few passes, whatever the scale of the affinities. */
#ifndef ALF_EXACT_QUANTILE_H
#define ALF_EXACT_QUANTILE_H

#include "alf/problem.h"
#include "core/deadline.h"

/* Quantile balancing: hold every token's threshold between its K-th and (K+1)-th score, and set each expert's price so
   that L_k tokens score it above; then look where the thresholds are now. A round typically halves the imbalance, on
   every scale at once: exact in one round when all tokens are alike, where sign steps take thousands.
   At most `rounds` of them, fewer when Σ|load − L_k| <= E. The batch of `problem` is one of alf_perturb; `sample` is
   this batch or some of its tokens, for which loads are as much smaller. `price` is E of its grid units, |p| <
   ALF_PRICE_LIMIT, start and result. Errors: ALF_ENOMEM, ALF_ETIMEOUT. */
alf_status alf_quantile_prices(const alf_problem *problem, const alf_affinity *sample, int rounds,
                               alf_deadline deadline, int64_t *price, alf_error *err);

#endif
