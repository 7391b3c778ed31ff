#include "exact/exchange_holders.h"

#include <stdlib.h>

#include "core/grow.h"

enum { PARALLEL_SLOTS = 1 << 15 }; /* from which on threads pay */

static alf_status reserve(alf_exchange_holders *h, int64_t count, alf_error *err)
{
  int32_t *token = alf_grow(h->token, &h->tokens_room, count, sizeof *token);
  h->token = token ? token : h->token;
  int64_t *affinity = alf_grow(h->affinity, &h->affinities_room, count, sizeof *affinity);
  h->affinity = affinity ? affinity : h->affinity;
  return token && affinity ? ALF_OK
                           : alf_fail_memory(err, (unsigned long long)count * (sizeof *token + sizeof *affinity));
}

/* Room for as many tokens as each expert has. */
static alf_status reserve_all(const alf_solution *x, alf_exchange_holders *holders, alf_error *err)
{
  int64_t count[ALF_MAX_EXPERTS] = {0};
  alf_status status = ALF_OK;
  for (int64_t e = 0; e < x->row[x->tokens]; e++)
    count[x->expert[e]]++;
  for (int32_t k = 0; k < x->experts && !status; k++)
    status = reserve(&holders[k], count[k], err);
  return status;
}

typedef struct lookup {
  const alf_affinity *batch;
  alf_exchange_holders *holders;
} lookup;

static void look_up(void *context, int64_t expert)
{
  const lookup *l = context;
  alf_exchange_holders *h = &l->holders[expert];
  for (int64_t j = 0; j < h->count; j++)
    h->affinity[j] = alf_affinity_row(l->batch, h->token[j])[expert];
}

alf_status alf_exchange_list_holders(const alf_problem *problem, const alf_solution *solution, alf_team *team,
                                     alf_exchange_holders *holders, alf_error *err)
{
  const alf_solution *x = solution;
  alf_status status = reserve_all(x, holders, err);
  if (status)
    return status;
  for (int64_t i = 0; i < x->tokens; i++)
    for (int64_t e = x->row[i]; e < x->row[i + 1]; e++) {
      alf_exchange_holders *h = &holders[x->expert[e]];
      h->token[h->count++] = (int32_t)i;
    }
  alf_team_share(x->row[x->tokens] < PARALLEL_SLOTS ? NULL : team, x->experts, look_up,
                 &(lookup){problem->batch, holders});
  return ALF_OK;
}

alf_status alf_exchange_hold(alf_exchange_holders *holders, int64_t token, int64_t affinity, alf_error *err)
{
  alf_status status = reserve(holders, holders->count + 1, err);
  if (status)
    return status;
  holders->token[holders->count] = (int32_t)token;
  holders->affinity[holders->count++] = affinity;
  return ALF_OK;
}

void alf_exchange_release(alf_exchange_holders *holders, int64_t token)
{
  int64_t j = 0;
  while (holders->token[j] != token)
    j++;
  holders->token[j] = holders->token[--holders->count];
  holders->affinity[j] = holders->affinity[holders->count];
}

void alf_exchange_free_holders(alf_exchange_holders *holders, int32_t experts)
{
  for (int32_t k = 0; holders && k < experts; k++) {
    free(holders[k].token);
    free(holders[k].affinity);
  }
  free(holders);
}
