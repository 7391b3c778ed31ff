/* What tokens do when they switch: the margins of C3, of every pair of an expert left and one entered. */
#ifndef ALF_MEASURE_MOVES_H
#define ALF_MEASURE_MOVES_H

#include "alf/facts.h"
#include "alf/routing.h"

#define ALF_MOVE_BINS 50

/* Expert k leaves a token's set, k' enters. In grid units. */
typedef struct alf_move {
  int64_t n;      /* the update */
  int from, to;   /* states of k and k' before it: ALF_UNDER, … */
  int64_t margin; /* (γ_ik + p_k) − (γ_ik' + p_k') at the old shift: at least 0, */
  int64_t bound;  /* and at most δ_k' − δ_k */
} alf_move;

/* All moves of an exact run, and some of them one by one. */
typedef struct alf_moves {
  int64_t count[3][3];              /* by state of k, state of k' */
  int64_t bin[3][3][ALF_MOVE_BINS]; /* by margin / bound, from 0 to 1; the last one has 1 itself */
  int64_t all, outside;             /* outside: with a margin below 0 or above the bound */
  alf_move *kept;                   /* every stride-th, in order; as many as there is room for */
  int64_t kept_count, room, stride;
  alf_expert *left, *entered; /* K */
} alf_moves;

/* Zeroes *moves, with room for so many moves, 0 or at least 2. alf_moves_free copes with any state. Errors: ALF_ENOMEM. */
alf_status alf_moves_alloc(alf_moves *moves, int32_t topk, int64_t room, alf_error *err);

/* Takes an update of an exact run on one batch. */
void alf_moves_add(alf_moves *moves, const alf_step *step);

void alf_moves_free(alf_moves *moves);

#endif
