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

typedef struct lister {
  const alf_affinity *batch;
  const alf_solution *x;
  alf_exchange_holders *holders;
  int64_t slices; /* of the tokens */
  int64_t *next;  /* slices×E: how many tokens of a slice each expert has, then where the next one goes */
} lister;

static int64_t slice_start(const lister *l, int64_t q)
{
  return l->x->tokens * q / l->slices;
}

static void count_slice(void *context, int64_t q)
{
  const lister *l = context;
  const alf_solution *x = l->x;
  int64_t *count = l->next + q * x->experts;
  for (int64_t e = x->row[slice_start(l, q)]; e < x->row[slice_start(l, q + 1)]; e++)
    count[x->expert[e]]++;
}

/* Room for as many tokens as each expert has. */
static alf_status reserve_all(lister *l, alf_error *err)
{
  int32_t experts = l->x->experts;
  alf_status status = ALF_OK;
  for (int32_t k = 0; k < experts && !status; k++) {
    alf_exchange_holders *h = &l->holders[k];
    for (int64_t q = 0; q < l->slices; q++) {
      int64_t count = l->next[q * experts + k];
      l->next[q * experts + k] = h->count;
      h->count += count;
    }
    status = reserve(h, h->count, err);
  }
  return status;
}

static void list_slice(void *context, int64_t q)
{
  const lister *l = context;
  const alf_solution *x = l->x;
  int64_t *next = l->next + q * x->experts;
  for (int64_t i = slice_start(l, q); i < slice_start(l, q + 1); i++)
    for (int64_t e = x->row[i]; e < x->row[i + 1]; e++)
      l->holders[x->expert[e]].token[next[x->expert[e]]++] = (int32_t)i;
}

static void look_up(void *context, int64_t expert)
{
  const lister *l = context;
  alf_exchange_holders *h = &l->holders[expert];
  for (int64_t j = 0; j < h->count; j++)
    h->affinity[j] = alf_affinity_row(l->batch, h->token[j])[expert];
}

alf_status alf_exchange_list_holders(const alf_problem *problem, const alf_solution *solution, alf_team *team,
                                     alf_exchange_holders *holders, alf_error *err)
{
  const alf_solution *x = solution;
  alf_team *those = x->row[x->tokens] < PARALLEL_SLOTS ? NULL : team;
  size_t slices = (size_t)alf_team_size(those), places = slices * (size_t)x->experts;
  lister l = {problem->batch, x, holders, (int64_t)slices, calloc(places, sizeof *l.next)};
  if (!l.next)
    return alf_fail_memory(err, places * sizeof *l.next);
  alf_team_share(those, l.slices, count_slice, &l);
  alf_status status = reserve_all(&l, err);
  if (!status) {
    alf_team_share(those, l.slices, list_slice, &l);
    alf_team_share(those, x->experts, look_up, &l);
  }
  free(l.next);
  return status;
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
