/* Runs whose iterates are drawn by the figure of alflab demo. */
#ifndef ALF_CLI_DEMO_RUNS_H
#define ALF_CLI_DEMO_RUNS_H

#include <stdio.h>

#include "alf/instance.h"

/* What may be drawn of a run against the number of updates. */
enum {
  ALF_DEMO_GAP,       /* D(p) − optimum */
  ALF_DEMO_VIOLATION, /* max load / L − 1 */
  ALF_DEMO_MAX_LOAD,
  ALF_DEMO_MIN_LOAD,
  ALF_DEMO_BENEFIT, /* switching benefit over squared excess: the Lagrangian rises where it is above 1 (C2) */
  ALF_DEMO_CURVES
};

#define ALF_DEMO_POINTS 256

typedef struct alf_demo_curve {
  int count;
  double x[ALF_DEMO_POINTS], y[ALF_DEMO_POINTS];
} alf_demo_curve;

typedef struct alf_demo_run {
  const alf_instance *instance; /* solved; not owned */
  const char *rule, *schedule;
  double u;
  int64_t steps;
  unsigned shows; /* 1 << ALF_DEMO_… of the curves that are wanted */
  alf_demo_curve curve[ALF_DEMO_CURVES];
  alf_status status;
  alf_error err;
} alf_demo_run;

/* Fills the curves. A point stands for the updates since the point before: it shows the largest gap, violation and load
   and the smallest load among them, and the benefit of the last. The points lie even on a logarithmic axis. */
void alf_demo_trace(alf_demo_run *run);

/* Appends the curves that are wanted, one line a point: panel, series, x, y. */
void alf_demo_print_run(FILE *csv, const alf_demo_run *run);

/* The limit cycle of a constant sign step. */
typedef struct alf_demo_limit {
  const alf_instance *instance; /* only batch and topk are looked at; not owned */
  double u;
  int64_t steps;    /* updates until it must have shown itself */
  double deviation; /* the largest |A_k − L| in it; NaN: not found */
  double max_load;  /* the largest load in it; NaN: not found */
  alf_status status;
  alf_error err;
} alf_demo_limit;

void alf_demo_find_limit(alf_demo_limit *limit);

/* The band around L of claim C4 for q, slots. */
double alf_demo_band(const alf_instance *instance, int64_t q);

#endif
