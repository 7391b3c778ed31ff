/* The exchange graph's verdict on a primal, and paths on it that the loads still lack. */
#ifndef ALF_EXACT_EXCHANGE_H
#define ALF_EXACT_EXCHANGE_H

#include "alf/solver.h"
#include "core/deadline.h"
#include "core/team.h"

/* alf_exchange_prices with at most `repairs` cycles cancelled: *optimal tells whether the primal is optimal then, and
   only then prices are written. With 0 it decides optimality and leaves the primal alone. Errors: ALF_ENOMEM. */
alf_status alf_exchange_try(const alf_problem *problem, alf_solution *solution, int64_t repairs, bool *optimal,
                            alf_error *err);

/* alf_exchange_prices shared out among a team (NULL: the caller does all). Errors: ALF_ENOMEM. */
alf_status alf_exchange_prices_on(const alf_problem *problem, alf_solution *solution, alf_team *team, alf_error *err);

/* Whether the last paths are always found in a copy of the batch by experts, of at most 32 MB: they are then fast, and
   many of them better than another box. Of a larger one there is a copy for many paths only. */
static inline bool alf_exchange_is_small(const alf_problem *problem)
{
  return problem->batch->tokens <= (INT64_C(1) << 22) / problem->batch->experts;
}

/* Brings loads that are off target to their targets, from a primal that is optimal for the loads it has:
   shortest paths on the whole exchange graph, one at a time. Then the prices. With ALF_ROUNDED, `is_spared` (E) marks
   the experts that are to have the smaller load, and says at the end which have it; else it is all 0. The team
   may be NULL. Errors: ALF_ENOMEM, ALF_ETIMEOUT, ALF_ESOLVER when there is no path. */
alf_status alf_exchange_finish(const alf_problem *problem, alf_solution *solution, char *is_spared, alf_team *team,
                               alf_deadline deadline, alf_error *err);

#endif
