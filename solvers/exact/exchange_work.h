/* The state of the exchange solver, and the first half of its work: prices near the optimal ones. */
#ifndef ALF_EXACT_EXCHANGE_WORK_H
#define ALF_EXACT_EXCHANGE_WORK_H

#include "alf/solver.h"
#include "exact/box.h"

enum { ALF_EXCHANGE_ROUNDS = 12 }; /* of quantiles, at the most */

typedef struct alf_exchange_work {
  const alf_problem *problem;
  alf_box box;
  int64_t slots;                     /* half-width of the next box */
  int stretch;                       /* 1, 2, 4: how many times wider than usual samples are looked at */
  bool has_tried_groups, has_groups; /* groups were looked for, and found */
  int64_t off;                       /* Σ|load − L| that the last box was balanced to, slots */
  int stops;                         /* boxes in a row at whose border paths stopped: they go on from there */
} alf_exchange_work;

/* Larger and larger samples of the tokens, the last one the whole batch, bring the prices near by quantile rounds and
   leave widths for a box; where rounds stall with noise, and then with groups. *augmentations counts the paths of those.
   Errors: ALF_ENOMEM, ALF_ETIMEOUT. */
alf_status alf_exchange_approach(alf_exchange_work *w, int64_t *augmentations, alf_error *err);

/* Rows that nearly repeat, as those of a router early in training do, let quantile rounds stall: prices that move one
   token move hundreds. As a few groups of equal rows they are a small problem, which paths solve in bulk; its prices
   are near those of the batch. Tried once; when there are no such groups (has_groups is false) prices and widths stay,
   and the box holds nothing of use. */
alf_status alf_exchange_approach_by_groups(alf_exchange_work *w, int64_t *augmentations, alf_error *err);

/* Only prices that leave room below ALF_PRICE_LIMIT can go to the finer grid on which noise lies. */
bool alf_exchange_has_room_for_noise(const alf_exchange_work *w);
void alf_exchange_add_noise(alf_exchange_work *w);

/* Σ|load − L| of every stride-th token beyond which rounds have stalled: on ties, or on tokens so alike that they move
   together. */
int64_t alf_exchange_few(const alf_exchange_work *w, int64_t stride);

#endif
