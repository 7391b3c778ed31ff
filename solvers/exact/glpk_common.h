/* What the GLPK solvers share: a guard against GLPK's aborts, scales of costs, the full LP. */
#ifndef ALF_EXACT_GLPK_COMMON_H
#define ALF_EXACT_GLPK_COMMON_H

#include <glpk.h>

#include "alf/solver.h"
#include "core/deadline.h"

/* Runs body with GLPK silent, and turns GLPK's abort on misuse or lack of memory into ALF_ESOLVER with GLPK's own
   message. Frees the calling thread's GLPK environment in the end, and with it every GLPK object of the thread: body
   need not delete its objects, and a caller with GLPK objects of its own must not be in between. Memory of other kinds
   must hang on `context`, for body may be left by longjmp. */
alf_status alf_glpk_guard(alf_status (*body)(void *context, alf_error *err), void *context, alf_error *err);

/* ALF_EUNSUPPORTED when a full LP of this batch would take too much memory. */
alf_status alf_glpk_can_hold(const alf_problem *problem, const char *solver, alf_error *err);

/* How costs are put before GLPK: cost = units · 2^-exponent, exactly, so that |cost| <= 1 or all are 0. GLPK's
   tolerances are absolute; this makes them mean the same on every batch. */
typedef struct alf_glpk_scale {
  int exponent;
} alf_glpk_scale;

alf_glpk_scale alf_glpk_scale_for(int64_t largest);
/* For the largest difference between two affinities of one token. */
alf_glpk_scale alf_glpk_scale_of_problem(const alf_problem *problem);
double alf_glpk_cost(alf_glpk_scale scale, int64_t units);
/* A tolerance on reduced costs above rounding errors, and well below one grid unit where these leave room for it. */
double alf_glpk_tolerance(alf_glpk_scale scale);

/* Builds the LP in amounts, which are integers at every vertex: rows 1..T are the tokens, rows T+1..T+E the experts,
   column i·E + k + 1 is x_ik. The objective holds γ_ik minus the token's largest affinity, scaled. Rows are bounded by
   the load range; no basis is set. Call inside the guard. */
alf_glpk_scale alf_glpk_build(const alf_problem *problem, glp_prob *lp);

/* What glp_simplex returned, as a status: ALF_OK for an optimum. */
/* glp_simplex in pieces of some hundred pivots, so that the deadline's stop is asked in between; the pieces are the
   same on every machine. Sets tm_lim and it_lim. */
int alf_glpk_simplex_run(glp_prob *lp, glp_smcp *settings, alf_deadline deadline);

alf_status alf_glpk_simplex_status(glp_prob *lp, int code, alf_error *err);

#endif
