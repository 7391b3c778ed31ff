/* One run of a rule on one instance, and what it is judged by. What rules are compared by is in this folder:

     instance.h   batches with their certified optima
     rules.h      rules with the parameters and step sizes at which each is tried
     sweep.h      every rule at all of them and at every schedule: by default, and at its best
     scores.h     geometric means over several instances */
#ifndef ALF_TRIAL_TRIAL_H
#define ALF_TRIAL_TRIAL_H

#include <stdbool.h>

#include "alf/iterate.h"

#define ALF_TRIAL_NAME   200
#define ALF_TRIAL_WINDOW 10 /* iterates over which balance must hold on the mean to be reached */

/* Where the batches of a run come from. */
typedef enum alf_trial_class {
  ALF_TRIAL_BATCH,  /* one batch, repeated */
  ALF_TRIAL_FRESH,  /* a new one of the same distribution at every update */
  ALF_TRIAL_DRIFT,  /* of a distribution that moves */
  ALF_TRIAL_STREAM, /* of a trace, or of any other stream */
  ALF_TRIAL_CLASSES
} alf_trial_class;

extern const char *const alf_trial_class_names[ALF_TRIAL_CLASSES];

typedef struct alf_trial_instance {
  char name[ALF_TRIAL_NAME]; /* input as `alflab iterate` takes it, without folders; for tables only */
  alf_trial_class class;
  int32_t topk;
  bool formats;        /* formats are compared on it */
  int64_t updates;     /* N */
  int64_t batches;     /* iterate n is routed on batch n modulo this */
  alf_affinity *batch; /* single precision */
  double *optimum;     /* certified, of the fractional problem of each batch, affinity units */
  double threshold;    /* of the mean MaxVio: balance is reached */
} alf_trial_instance;

/* NAN: not known. */
typedef struct alf_trial_measures {
  int64_t sum;             /* of the largest loads over the second half, slots: what is best has the least */
  double mean, end, worst; /* MaxVio: mean over the second half and over the last tenth, and the largest in that */
  int64_t reached;         /* the first n after which it is on the mean at most the threshold; −1: never */
  double lost;  /* (Σ optima − Σ objectives) / |Σ optima| over the second half: negative where imbalance pays */
  double gap;   /* (Σ D(p) − Σ optima) / |Σ optima|: never below 0 but for rounding */
  double swaps; /* mean share of the slots that change hands in an update of the last tenth; batches only */
} alf_trial_measures;

typedef struct alf_trial {
  const alf_rule *rule;
  const double *rule_values;
  const alf_schedule *schedule;
  const double *schedule_values;
  double u;
  const alf_format *format; /* NULL: none */
  bool done;
  alf_status status; /* ALF_OK, or what ended the run: there are no measures then */
  alf_error err;
  alf_trial_measures measures;
} alf_trial;

/* Runs it on one thread. Several may run at once on one instance. `stop` may be NULL; true ends the run with
   ALF_EINTERRUPTED. */
void alf_trial_run(const alf_trial_instance *instance, bool (*stop)(void), alf_trial *trial);

/* Whether it ran and has measures. */
bool alf_trial_succeeded(const alf_trial *trial);

/* The mean MaxVio of a run; where it failed that of the worst routing there is, E/K − 1. */
double alf_trial_max_violation(const alf_trial_instance *instance, const alf_trial *trial);

#endif
