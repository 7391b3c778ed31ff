/* A copy of the batch by experts, for paths: tokens of an expert lie far apart in the batch, but near in its column. */
#ifndef ALF_EXACT_EXCHANGE_TURNED_H
#define ALF_EXACT_EXCHANGE_TURNED_H

#include "alf/problem.h"
#include "core/large.h"
#include "core/team.h"

/* Zero-initialised: there is no copy. */
typedef struct alf_exchange_turned {
  /* E×T: the affinities to each expert; where a token has it in full so little that no move to it pays. */
  int64_t *column;
  alf_large room;
} alf_exchange_turned;

/* The work is shared out among the team (may be NULL). Errors: ALF_ENOMEM. */
alf_status alf_exchange_turn(const alf_problem *problem, const alf_solution *solution, alf_team *team,
                             alf_exchange_turned *turned, alf_error *err);

/* A token's amount of an expert is now this, in units of 1/denominator. Does nothing without a copy. */
void alf_exchange_turned_note(alf_exchange_turned *turned, const alf_problem *problem, const alf_solution *solution,
                              int64_t token, int32_t expert, int64_t amount);

/* Safe on a zeroed struct. */
void alf_exchange_turned_free(alf_exchange_turned *turned);

#endif
