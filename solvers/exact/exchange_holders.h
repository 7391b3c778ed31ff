/* Who holds what: for every expert the tokens that have something of it. */
#ifndef ALF_EXACT_EXCHANGE_HOLDERS_H
#define ALF_EXACT_EXCHANGE_HOLDERS_H

#include "alf/problem.h"
#include "core/team.h"

/* The tokens of one expert, in no order, and their affinities to it: tokens that lie far apart in the batch are near
   here. Zero-initialise. */
typedef struct alf_exchange_holders {
  int32_t *token;
  int64_t *affinity;
  int64_t count, tokens_room, affinities_room;
} alf_exchange_holders;

/* Lists the holders of all experts (E of them, empty before), tokens ascending, the work shared out among a team (may be
   NULL). Errors: ALF_ENOMEM. */
alf_status alf_exchange_list_holders(const alf_problem *problem, const alf_solution *solution, alf_team *team,
                                     alf_exchange_holders *holders, alf_error *err);

/* Enters one more token. Errors: ALF_ENOMEM. */
alf_status alf_exchange_hold(alf_exchange_holders *holders, int64_t token, int64_t affinity, alf_error *err);

/* Takes out a token that is there. */
void alf_exchange_release(alf_exchange_holders *holders, int64_t token);

/* Safe on NULL. */
void alf_exchange_free_holders(alf_exchange_holders *holders, int32_t experts);

#endif
