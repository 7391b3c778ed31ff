/* The workspace behind alf_observe. */
#ifndef ALF_THEORY_OBSERVER_H
#define ALF_THEORY_OBSERVER_H

#include <stdbool.h>

#include "alf/facts.h"
#include "alf/int128.h"

struct alf_observer {
  const alf_instance *instance;
  int64_t *load_before, *load_after; /* E, counted from the published selections */
  uint64_t *last;                    /* T×words: the selection that load_after belongs to; what follows is counted from
                                        what differs, at sampled updates from the start */
  int64_t *switched;                 /* T: the tokens that switch, ascending */
  int64_t switches;
  bool observed;                    /* `last` is one */
  bool follows;                     /* the update starts from `last`, so that `sum` is that before it */
  alf_int128 sum;                   /* Σ of γ over the slots of `last`, of an exact run */
  int64_t *deficit, *deficit_after; /* E·(L − A_k) */
  alf_expert *left, *entered;       /* K, what one token gives up and takes */
};

/* The parts of the facts that need sums of affinities and shifts, in each arithmetic. The integer parts are done. */
void alf_facts_exact(alf_observer *observer, const alf_step *step, alf_facts *facts);
void alf_facts_float(alf_observer *observer, const alf_step *step, alf_facts *facts);

/* Experts of the row `before` that are not in `after`, ascending; returns how many. */
int32_t alf_set_difference(const uint64_t *before, const uint64_t *after, int32_t words, alf_expert *out);

/* Books all pairs (k leaves, k' enters) of one token's `swaps` leaving and entering experts under their states. */
void alf_count_moves(const alf_observer *observer, int32_t swaps, alf_facts *facts);

#endif
