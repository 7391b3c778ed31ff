/* Ways to do the same steps of the iteration, timed in turns and held to each other. */
#ifndef ALF_BENCH_RACE_H
#define ALF_BENCH_RACE_H

#include <stdbool.h>

#include "alf/iterate.h"
#include "bench/loop.h"

enum { ALF_BENCH_RACERS = 40 };

typedef enum alf_racer_kind {
  ALF_RACER_READING,  /* of the batch, once a step: the floor */
  ALF_RACER_LOOP,     /* a plain loop (loop.h) */
  ALF_RACER_ITERATION /* alf_iterate */
} alf_racer_kind;

/* Steps before the clock starts; then slices of so many steps each, timed one by one: a short one is more often left
   alone by other processes. */
typedef struct alf_racer_distance {
  int64_t warmup, steps, slices;
} alf_racer_distance;

typedef struct alf_bench_racer {
  char name[64];
  alf_racer_kind kind;
  const alf_affinity *batch;
  alf_bench_select select; /* of a loop */
  const char *kernel;      /* of an iteration, as are the next three; NULL: the fastest that runs here */
  int threads;
  bool eager;
  bool weighed; /* its memory is measured */
  alf_racer_distance distance;
  /* Results */
  int runs;
  double seconds;      /* of the steps of a slice, the fastest of all runs */
  double spent;        /* all runs */
  double looked_at;    /* share of the tokens, over all timed steps; NaN: no iteration */
  int64_t peak_bytes;  /* beyond the batch; -1: not measured */
  uint64_t early, end; /* hashes of all selections and loads until the race's `checked` step, and until its last */
  uint64_t last;       /* of the last selection and loads alone */
  bool differs;        /* from another racer on a batch of the same type, or from itself in another run */
} alf_bench_racer;

/* Zero-initialise. */
typedef struct alf_bench_race {
  alf_bench_steps steps; /* of the sign rule */
  int64_t checked;       /* steps in which loops take part; no distance is shorter */
  bool whole;            /* the first slice starts before memory is taken and iterate 0 routed */
  int rounds;            /* at most; all take part in the first */
  double budget;         /* seconds after which a racer does not run again */
  int racers;
  alf_bench_racer racer[ALF_BENCH_RACERS];
  double calibration; /* result: seconds of alf_bench_calibrate, the fastest of one a round */
} alf_bench_race;

/* Each racer first goes all its steps untimed while every selection and all loads are hashed; then come rounds in which
   each goes them once, in turn, so that a slow moment of the machine hits all alike, and only the last selection and
   loads are looked at. Iterations on batches of the same type must agree with each other at every step, and with the
   loops as far as those go. Peak memory is what the largest resident set of a forked child grows by, which takes memory
   for an iteration and does 50 steps; it has done some on few tokens before, so that pages of code do not count. Errors:
   ALF_EINTERRUPTED after Ctrl-C, ALF_ENOMEM, those of alf_iterate. */
alf_status alf_bench_race_run(alf_bench_race *race, alf_error *err);

/* All steps of a run. */
int64_t alf_bench_race_length(const alf_bench_racer *racer);

/* Nanoseconds a token and step; NaN for a racer that did not run. */
double alf_bench_race_pace(const alf_bench_racer *racer);

/* Whether some racer differs. */
bool alf_bench_race_refuted(const alf_bench_race *race);

#endif
