/* Runs claims over iterations. */
#ifndef ALF_VERIFY_H
#define ALF_VERIFY_H

#include <stdbool.h>

#include "alf/claim.h"

/* Claims watching one run; the caller owns the loop, so that any source of steps can be judged. Opaque. */
typedef struct alf_watch alf_watch;

/* `claims` is null-terminated and outlives the watch; max_steps bounds the cycle detector's memory. */
alf_status alf_watch_alloc(alf_watch **watch, const alf_run *run, const alf_claim *const *claims, int64_t max_steps,
                           alf_error *err);

/* Takes the next update. Returns true once the run is known to repeat itself for ever (a confirmed limit cycle of an
   exact run with a constant schedule and a sign or proportional rule without state): further steps would show nothing
   new. */
bool alf_watch_step(alf_watch *watch, const alf_step *step);

/* Writes one result a claim. */
void alf_watch_finish(alf_watch *watch, alf_claim_result *results);

/* Safe on NULL. */
void alf_watch_free(alf_watch *watch);

/* One cell: a rule, a schedule and a step size on a fixed batch. */
typedef struct alf_cell {
  const alf_rule *rule;
  const alf_schedule *schedule;
  double u;
  const double *rule_values, *schedule_values; /* of their parameters, in the order of the tables; NULL: the defaults */
  const alf_format *format;                    /* NULL: none */
  const double *shift;                         /* E: p^0; NULL: 0 */
} alf_cell;

typedef struct alf_verify_settings {
  int64_t steps;       /* updates in a run */
  int64_t cycle_steps; /* a sign rule with constant steps goes on up to here until its limit cycle is confirmed */
  bool exact;          /* false: the iteration and the sums in double */
  const alf_claim *const *claims; /* null-terminated */
  bool (*stop)(void);             /* may be NULL; true ends the run with what it has */
} alf_verify_settings;

/* Runs one cell and writes one result a claim. `routed` is what the iteration runs on: the batch of the instance, as
   ALF_FLOAT64 when not exact, and with the padding behind it where the cell's format has some; NULL: that batch itself.
   Errors: ALF_ENOMEM, ALF_EINVAL; ALF_ERANGE when the shift left the grid: the results then say inconclusive. */
alf_status alf_verify_cell(const alf_instance *instance, const alf_affinity *routed, const alf_cell *cell,
                           const alf_verify_settings *settings, alf_claim_result *results, alf_error *err);

#endif
