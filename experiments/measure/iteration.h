/* A rule at work on a source, with all that is measured along the way: what alflab iterate reports and what cells of
   experiments record. */
#ifndef ALF_MEASURE_ITERATION_H
#define ALF_MEASURE_ITERATION_H

#include "alf/cycle.h"
#include "alf/source.h"
#include "alf/verify.h"
#include "measure/measure.h"

/* All that is said about one iterate, under one name each (alf_look_measures); NAN is not known. */
typedef struct alf_look {
  double objective, dual_value, optimum, gap, regret;
  int64_t max_load, min_load, dead_experts;
  double max_violation, mean_max_violation, max_abs_violation, mean_max_abs_violation, signed_violation;
  double load_variation, load_entropy, shift_range, shift_mean;
  int64_t swaps, switched_tokens;
  double mean_swaps;
} alf_look;

/* One measure: the column of a CSV, the key of JSON, the row of a text, the metric of a cell. */
typedef struct alf_look_measure {
  const char *name;
  size_t field;        /* offset in alf_look */
  bool whole;          /* int64_t, not double */
  const char *unknown; /* what a text says instead of NAN where only the last iterate was looked at */
} alf_look_measure;

/* Ends with a NULL name. */
extern const alf_look_measure alf_look_measures[];

int64_t alf_look_whole(const alf_look *look, const alf_look_measure *measure);
double alf_look_real(const alf_look *look, const alf_look_measure *measure);

struct alf_iteration;

/* MaxVio of loads that count as balanced. */
#define ALF_BALANCED_VIOLATION 0.1

typedef struct alf_iteration_settings {
  alf_cell
      cell; /* rule, schedule, u (0: the rule's usual one), their parameters, format; what it points to outlives the
                    iteration */
  int32_t topk;
  alf_dtype dtype;    /* of the run: ALF_DYADIC is exact */
  int64_t steps;      /* updates; 0: 1000 on one batch, once through a stream, which a longer run reads again */
  bool every;         /* look at every iterate, not only the last; of a stream, solve every batch */
  bool no_optimum;    /* solve nothing: gap and regret stay unknown */
  bool until_cycle;   /* `steps` at the most: ends as soon as the limit cycle is known */
  int threads;        /* 0: all; no result depends on it */
  bool (*stop)(void); /* may be NULL; true ends after the current update */
  /* After every iterate, 0 included; may be NULL. What was looked at is in `look` where every one is. */
  void (*observe)(void *context, const struct alf_iteration *iteration);
  void *context;
} alf_iteration_settings;

/* The certified optima: of the current batch, and of all batches of a stream that is read more than once. */
typedef struct alf_optima {
  alf_optimum current;
  alf_optimum *kept; /* `batches` of them; NULL: none are kept */
  bool given_up;     /* a solve has failed: */
  alf_error why;
  double seconds; /* of solves and certificates */
} alf_optima;

/* Sums over the second half of the updates, where the way from p^0 is behind: what a rule settles at. */
typedef struct alf_late {
  int64_t iterates, gaps; /* how many were added */
  double max_violation, gap;
} alf_late;

/* Zero-initialise; alf_iteration_free copes with any state. */
typedef struct alf_iteration {
  alf_iteration_settings settings; /* with u and steps as they are */
  alf_source *source;              /* the caller's */
  int64_t batches;
  bool repeated;         /* one batch again and again, not a stream */
  alf_affinity batch[2]; /* batch[n % 2] is routed in iterate n of a stream */
  alf_iterate *iterate;
  alf_cycle *cycle;        /* NULL where the next state is not a function of the last */
  double seconds;          /* in alf_iterate_step alone */
  int64_t last_off_target; /* the last iterate with a load off target; −1: none */
  int64_t balanced_at;     /* the first iterate with a MaxVio of at most ALF_BALANCED_VIOLATION; −1: none yet */
  int64_t routed_tokens;   /* that were looked at so far, over all iterates: what the run costs, whatever the machine */
  alf_sums sums;
  alf_late late;
  alf_optima optima;
  alf_look look; /* at the current iterate; when not every one is looked at, only in the end */
} alf_iteration;

/* Routes the first batch of a source, which the caller has opened and closes after the iteration. Errors: those of the
   source and of alf_iterate_alloc. */
alf_status alf_iteration_start(alf_iteration *iteration, alf_source *source, const alf_iteration_settings *settings,
                               alf_error *err);

/* All updates, or those until stop; then what is said in the end is known. The optimum is a by-product: where it cannot
   be had it is not known, and optima.why says why. Errors: those of alf_iterate_step and of the source. */
alf_status alf_iteration_run(alf_iteration *iteration, alf_error *err);

/* Whether the current iterate is the last one, unless it is stopped before. */
bool alf_iteration_is_done(const alf_iteration *iteration);

void alf_iteration_free(alf_iteration *iteration);

/* K·T of the batch a step has routed. */
static inline int64_t alf_step_slots(const alf_step *step)
{
  return step->topk * step->batch_after->tokens;
}

/* Updates after which every load is on target and stays; −1: not so. */
int64_t alf_iteration_settled_at(const alf_iteration *iteration);

/* Means over the second half of the updates: of MaxVio, and of the gap where every iterate was looked at, else NAN. With
   until_cycle both are NAN. */
double alf_iteration_late_violation(const alf_iteration *iteration);
double alf_iteration_late_gap(const alf_iteration *iteration);

/* What a period of the limit cycle adds to every shift, over u as it is on the grid: the c of theory.md C7 under the sign
   rule; NAN while there is none. */
double alf_iteration_drift(const alf_iteration *iteration);

/* The parts of alf_iteration_run. Takes the current iterate into the sums over steps, O(E); measures it, and takes it into
   the regret where every one is looked at, passes over the batch. */
void alf_iteration_note(alf_iteration *iteration);
void alf_iteration_look(alf_iteration *iteration);

/* Memory for optima that will be asked for again. Errors: ALF_ENOMEM. */
alf_status alf_optima_start(alf_iteration *iteration, alf_error *err);

/* Makes optima.current the optimum of a batch, which is number `index` of the source. */
void alf_optima_find(alf_iteration *iteration, const alf_affinity *batch, int64_t index);

#endif
