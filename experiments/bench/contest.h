/* Exact solvers and referees on one instance, timed in turns. */
#ifndef ALF_BENCH_CONTEST_H
#define ALF_BENCH_CONTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "alf/certificate.h"
#include "alf/solver.h"
#include "referees/referee.h"

#define ALF_BENCH_ENTRANTS 8
#define ALF_BENCH_ROUNDS   15
#define ALF_BENCH_COPIES   2

/* A solver or a referee, not both. */
typedef struct alf_bench_entrant {
  const char *name;
  const alf_solver *solver;
  const alf_referee *referee;
  int threads;  /* solvers only; 0: all */
  int copies;   /* solvers only; ALF_BENCH_COPIES: so many at once solve the same, 0: one */
  double limit; /* seconds of one run; 0: none */
} alf_bench_entrant;

/* Zero-initialised: not run yet. */
typedef struct alf_bench_outcome {
  alf_status status; /* ALF_EUNSUPPORTED for a referee that was not found */
  alf_error err;
  int runs;
  double seconds; /* of the fastest run: for a solver the whole of alf_solve, checks and setup included, for a
                                 referee its algorithm alone; when it timed out, how long it had run */
  double run[ALF_BENCH_ROUNDS]; /* of each run */
  double spent;                 /* all runs, with what else there was to do */
  bool certified;               /* every run, by alf_certify; solvers only */
  double certificate_seconds;   /* of the fastest alf_certify; solvers only */
  bool exact;                   /* primal holds */
  alf_int128 primal;            /* in units of 2^-grid_bits / denominator */
  double objective;             /* affinity units */
  int64_t peak_bytes;           /* beyond what was there before it began; -1: not measured */
} alf_bench_outcome;

typedef struct alf_bench_contest {
  const alf_problem *problem;
  int entrants;
  alf_bench_entrant entrant[ALF_BENCH_ENTRANTS];
  alf_bench_outcome outcome[ALF_BENCH_ENTRANTS];
  int rounds;         /* at most, up to ALF_BENCH_ROUNDS; every entrant takes part in the first */
  double budget;      /* seconds after which an entrant is not run again */
  double calibration; /* result: seconds of a fixed piece of integer work, the fastest of one in each round */
} alf_bench_contest;

/* Rounds in which each entrant runs once, in turn, so that a slow moment of the machine hits them alike. Solvers run in
   this process. Referees know no time limit and run in a child, which is killed. Peak memory is what the largest
   resident set of a forked child (getrusage) grows by: of the referee's own child, for solvers of one more run. That
   includes pages of code: on a tiny instance 0.4 MB for exchange, 1.2 for glpk-warm, 1.1 for LEMON, 2.6 for CLP. An
   entrant that fails is not run again. Errors: ALF_EINTERRUPTED after Ctrl-C; all others are in the outcomes. */
alf_status alf_bench_contest_run(alf_bench_contest *contest, alf_error *err);

/* How many times as long entrant i took as entrant j: the median over the rounds in which both ran, shortly one
   after the other. NaN where one did not run, or failed. */
double alf_bench_contest_ratio(const alf_bench_contest *contest, int i, int j);

#endif
