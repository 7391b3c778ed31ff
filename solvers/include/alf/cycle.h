/* Limit cycles of an iteration whose next state is a function of the last (alf_iterate_may_cycle). */
#ifndef ALF_CYCLE_H
#define ALF_CYCLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alf/status.h"

typedef struct alf_cycle_info {
  int64_t start;                   /* first iterate of the cycle */
  int64_t length;                  /* iterates in one period; 1: a fixed point */
  int64_t drift;                   /* what one period adds to every p_k, grid units */
  int64_t max_load, min_load;      /* over one period, slots */
  const int64_t *under_minus_over; /* E: iterates of one period below target minus those above; owned by the detector */
} alf_cycle_info;

/* Opaque. */
typedef struct alf_cycle alf_cycle;

#define ALF_CYCLE_MAX_ITERATES 0xfffff /* 32 MB of memory */

/* Memory for iterates 0..max_iterates of E experts, with states of `size` bytes; at most ALF_CYCLE_MAX_ITERATES: later
   ones are ignored. Errors: ALF_ENOMEM. */
alf_status alf_cycle_alloc(alf_cycle **cycle, int32_t experts, size_t size, int64_t max_iterates, alf_error *err);

/* Takes the state, what every p_k has in common beyond it (grid units), and the loads (E, slots, of `slots` = K·T) of
   iterates 0, 1, 2, … in turn. A 64-bit hash of a state that was seen before proposes a period; it is confirmed by
   comparing the state itself, byte by byte, one period later. Returns true from the iterate on at which a cycle is
   confirmed: iterate start + 2·length. (theory.md C7) */
bool alf_cycle_observe(alf_cycle *cycle, const void *state, int64_t common, const int64_t *load, int64_t slots);

/* The same where p modulo a common shift is the whole state; size was alf_cycle_shift_size(E). */
bool alf_cycle_observe_shift(alf_cycle *cycle, const int64_t *shift, const int64_t *load, int64_t slots);
size_t alf_cycle_shift_size(int32_t experts);

/* NULL until confirmed. */
const alf_cycle_info *alf_cycle_found(const alf_cycle *cycle);

/* Safe on NULL. */
void alf_cycle_free(alf_cycle *cycle);

#endif
