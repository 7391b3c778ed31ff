/* The exchange graph's verdict on a primal. */
#ifndef ALF_EXACT_EXCHANGE_H
#define ALF_EXACT_EXCHANGE_H

#include "alf/problem.h"

/* alf_exchange_prices with at most `repairs` cycles cancelled: *optimal tells whether the primal is optimal then, and
   only then prices are written. With 0 it decides optimality and leaves the primal alone. Errors: ALF_ENOMEM. */
alf_status alf_exchange_try(const alf_problem *problem, alf_solution *solution, int64_t repairs, bool *optimal,
                            alf_error *err);

#endif
