/* Online runs over fresh batches: what rules lose against the best fixed shift. (theory.md C9, C10) */
#ifndef ALF_REGRET_H
#define ALF_REGRET_H

#include "alf/iterate.h"
#include "alf/source.h"

/* One rule at work. */
typedef struct alf_regret_cell {
  const alf_rule *rule;
  const alf_schedule *schedule;
  const double *rule_values, *schedule_values; /* NULL: the defaults */
  double u;
  double width; /* 0, or the shift is projected to Σ p = 0, max p − min p <= width after every update */
} alf_regret_cell;

typedef struct alf_regret_settings {
  const char *input; /* a source */
  uint64_t seed;     /* of a family that names none */
  int32_t topk;
  int64_t steps;       /* N: batches of a run */
  int64_t repetitions; /* independent runs; 1 for a file */
  int cells;
  const alf_regret_cell *cell;
  const double *optimum; /* E: p*, for expected regret; NULL: none */
  bool hindsight;        /* solve the pooled problem of each run exactly */
  bool dynamic;          /* solve each batch exactly */
  int64_t checkpoints;   /* how many numbers of batches, about evenly spaced in ln N, up to N */
  int threads;           /* runs at once; 0: all */
  bool (*stop)(void);    /* may be NULL; true ends: runs that are complete count */
  void (*tick)(void *context,
               int64_t batches); /* may be NULL: batches done in all runs; from any thread, one at a time */
  void *context;
} alf_regret_settings;

/* Arrays are owned; alf_regret_free releases them. */
typedef struct alf_regret {
  int cells;
  int32_t experts;
  int64_t tokens, repetitions, checkpoints; /* repetitions: of those that are complete */
  int64_t *batches;                         /* checkpoints: N at each */
  /* Of cell c, run r, checkpoint j at (c·repetitions + r)·checkpoints + j; NULL when not asked for */
  double *expected; /* Σ_n f^n(p^n) − f^n(p*) − ⟨g^n(p*), p^n − p*⟩: the last part has mean 0, and without it far
                        less noise is left */
  double *plain;     /* Σ_n f^n(p^n) − f^n(p*) */
  double *dynamic;   /* Σ_n f^n(p^n) − min f^n */
  double *hindsight; /* cells × repetitions: Σ_{n<=N} f^n(p^n) − min_p Σ f^n(p), the latter certified */
  double *farthest; /* cells × repetitions: the largest ‖p^n − p*‖ (p^n less its mean), or ‖p^n‖ without p* */
  double *noise;    /* E×E: covariance of the gradient of a batch at p*, from all runs; NULL without p* */
  double gradient_square; /* the largest mean of ‖g^n‖² over runs, of any cell and checkpoint interval */
  double
      *residual; /* repetitions: Σ_n f^n at the pooled prices less the pooled optimum, from exact integers; NULL without
                       hindsight */
  double *rounding; /* repetitions: what rounding may do to hindsight, at the most; NULL without it */
} alf_regret;

/* A run of a stationary family takes batches that no other run has; of another family (drift) it takes another seed.
   Results do not depend on threads. Errors: those of sources and solvers; ALF_EINTERRUPTED when not one run is
   complete. */
alf_status alf_regret_run(alf_regret *regret, const alf_regret_settings *settings, alf_error *err);

void alf_regret_free(alf_regret *regret);

#endif
