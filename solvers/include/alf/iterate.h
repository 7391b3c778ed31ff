/* The one-step primal-dual iteration: p^{n+1} = p^n + δ^n, then x^{n+1} = Top-K(γ + p^{n+1}).
   The caller owns the loop: alloc, start, then step as often as wanted, free. Observers read alf_step. */
#ifndef ALF_ITERATE_H
#define ALF_ITERATE_H

#include "alf/affinity.h"
#include "alf/format.h"
#include "alf/rule.h"
#include "alf/schedule.h"

/* A shift in the arithmetic of the run. */
typedef struct alf_shift {
  const int64_t *grid; /* E, units of 2^-grid_bits; NULL in float mode */
  const double *real;  /* E, affinity units; in exact mode the grid's value rounded to double */
} alf_shift;

/* One update, as the observers see it. Everything is read-only and valid until the next step. */
typedef struct alf_step {
  int64_t n;                                      /* 1, 2, …: this update led from iterate n − 1 to iterate n */
  const alf_affinity *batch_before, *batch_after; /* the same one when the batch is repeated */
  int32_t topk;                                   /* K */
  alf_shift shift_before, shift_after, delta;   /* delta is what the rule reports, rounded to the grid in exact mode */
  double step_size;                             /* u times the schedule's factor, >= 0, in the format of steps */
  const uint64_t *chosen_before, *chosen_after; /* selections (alf/routing.h), T×words */
  const int64_t *load_before, *load_after;      /* E, slots: true whatever the format */
  int64_t routed;                               /* tokens that were looked at; all others could not have changed */
  bool not_topk; /* selections need not be the Top-K of γ + p: groups, or a shift that multiplies */
} alf_step;

typedef struct alf_iterate_settings {
  const alf_rule *rule;
  const alf_schedule *schedule;
  double u;                                    /* step size before the schedule's factor, > 0 */
  int32_t topk;                                /* K */
  const double *shift;                         /* p^0, E; NULL: zero */
  const double *rule_values, *schedule_values; /* in the order of their tables; NULL: the defaults. Copied */
  const alf_format *format;                    /* NULL: none. Copied */
  double width; /* > 0: the shift is projected to Σ p = 0, max p − min p <= width after every update (float mode) */
  /* How it is computed; no result depends on it. */
  int threads;        /* at most; 0: one */
  const char *kernel; /* instruction set of the routing kernels; NULL: the fastest that runs here */
  bool eager;         /* route every token at every update, even where it cannot have changed */
} alf_iterate_settings;

/* Opaque. */
typedef struct alf_iterate alf_iterate;

/* Takes all memory an iteration on batches of this shape and type needs. Exact mode when batch is ALF_DYADIC, else
   float mode: scores are added up in the batch's own type, in single precision when it is ALF_FLOAT32 (the shift is
   then stored so, too). ALF_EINVAL when a setting, a parameter or the format is out of range. Errors: ALF_ENOMEM,
   ALF_ERANGE when p^0 does not fit the grid or the format, or u itself rounds to 0 on the grid or in the format of
   steps under a sign rule, which then never moved (a schedule may make single steps as small as it likes, and 0). */
alf_status alf_iterate_alloc(alf_iterate **it, const alf_affinity *batch, const alf_iterate_settings *settings,
                             alf_error *err);

/* Routes the first batch with p^0: iterate 0. The batch must stay alive while it is in use. Where the format has padding
   what is published is a view of its other tokens. */
alf_status alf_iterate_start(alf_iterate *it, const alf_affinity *batch, alf_error *err);

/* Whether the next state is a function of alf_iterate_state on one batch that is repeated: not with a schedule that
   falls, or a rule that counts updates. Only then does a state that returns mean a cycle. */
bool alf_iterate_may_cycle(const alf_iterate *it);

/* All that the future depends on, as bytes. */
typedef struct alf_iterate_whole {
  const void *bytes; /* the shift, less `common` in each entry, the rule's state, and loads that the format holds back;
                        valid until the next step */
  size_t size;       /* the same at every iterate */
  int64_t common;    /* p_1 in grid units where only differences of shifts matter and are exact, else 0 */
} alf_iterate_whole;

alf_iterate_whole alf_iterate_state(alf_iterate *it);

/* Goes on where another iteration of the same settings was: as if `batch`, which it routed last, had just been routed in
   iterate n with the state it had then (copied from alf_iterate_state). For float mode without a format; ALF_EINVAL for
   others, and for a state of another size. */
alf_status alf_iterate_resume(alf_iterate *it, const alf_affinity *batch, int64_t n, const void *state, size_t size,
                              alf_error *err);

/* One update from the loads of the current batch, then routes `next` (the same batch again, or another of the same
   shape and grid; what a batch holds does not change between the call it is first given to and the last). A step size of
   0 freezes the shift whatever the rule: it is not asked, and its state rests too; so it is while stale loads are not
   there yet. *step points into the workspace. Errors: ALF_ERANGE when the shift leaves the grid (|p| < 2^61 units, and
   below 2^20 where it multiplies affinities) or is not finite, ALF_EINVAL for another shape. After an error only the *_after fields of the current iterate are valid.
   Errors of the rule itself are handed on. */
alf_status alf_iterate_step(alf_iterate *it, const alf_affinity *next, const alf_step **step, alf_error *err);

/* The current iterate: n, shift, selections and loads (in the *_after fields; batch_before is NULL before any step). */
const alf_step *alf_iterate_current(const alf_iterate *it);

/* Safe on NULL. */
void alf_iterate_free(alf_iterate *it);

#endif
