/* Solvers from outside that judge alflab's: optional, found at configure time, used by the benchmark and by tests,
   never by libalf. */
#ifndef ALF_REFEREES_REFEREE_H
#define ALF_REFEREES_REFEREE_H

#include <stdbool.h>
#include <stdint.h>

#include "alf/problem.h"

typedef struct alf_referee_result {
  bool exact;        /* primal is the optimum without any rounding; else only objective counts */
  alf_int128 primal; /* in units of 2^-grid_bits / denominator, as in alf_certificate; exact only */
  double objective;  /* affinity units */
  double seconds;    /* of the algorithm alone: building its model is not counted */
} alf_referee_result;

typedef struct alf_referee {
  const char *name;
  const char *package; /* Debian's, that provides it */
  /* Whatever alf_problem_check accepts. `price` (E grid units, as in alf_solution; NULL: not wanted) is written by
     exact referees only; where an expert takes no token or every token its price may be off the grid. There is no time
     limit: who needs one runs it in a process that can be killed. NULL when it was not found at configure time. */
  alf_status (*solve)(const alf_problem *problem, int64_t *price, alf_referee_result *result, alf_error *err);
} alf_referee;

/* LEMON's network simplex on the flow tokens -> experts -> loads in 64-bit integers: exact. */
extern const alf_referee alf_referee_lemon;

/* CLP's dual simplex on the whole LP in doubles, with tolerances of 1e-9 on reduced costs and loads: right to about 9
   digits. */
extern const alf_referee alf_referee_clp;

/* Checks the problem and solves it. Errors: those of alf_problem_check; ALF_EUNSUPPORTED "NAME: not found at configure
   time: install PACKAGE", or when the instance exceeds what it can count; ALF_ENOMEM; ALF_ESOLVER when it reports
   anything but an optimum. */
alf_status alf_referee_solve(const alf_referee *referee, const alf_problem *problem, int64_t *price,
                             alf_referee_result *result, alf_error *err);

#endif
