/* GLPK as judge: its simplex starts from the basis that a solution implies and must find nothing to improve. */
#ifndef ALF_JUDGE_H
#define ALF_JUDGE_H

#include <stdbool.h>

#include "alf/problem.h"

/* Zero-initialised: the defaults. */
typedef struct alf_judge_settings {
  double timeout;     /* seconds; 0: none. Ends with ALF_ETIMEOUT soon after */
  bool (*stop)(void); /* may be NULL; true ends with ALF_EINTERRUPTED soon after */
  int64_t
      columns; /* most cells that GLPK's first LP holds beside the basic ones; 0: 2^20. Fewer than all: restricted */
} alf_judge_settings;

typedef struct alf_judgement {
  /* The routing satisfies all constraints, its prices support it, GLPK says that its basis is optimal after 0 pivots,
     no cell has a reduced cost of the wrong sign at GLPK's own prices, in integers, and GLPK's optimum is exactly the
     objective of the solution. */
  bool confirmed;
  bool feasible;     /* the routing satisfies all constraints; else GLPK is not asked, as no basis implies it */
  bool optimal;      /* GLPK's last word; false also where it was stopped, having refuted the solution long since */
  int64_t pivots;    /* of GLPK, in all rounds */
  int64_t columns;   /* cells that GLPK's last LP held; the others were constants at their bound */
  int64_t rounds;    /* how often all cells were priced */
  int64_t mispriced; /* tokens with a cell of wrong sign in the last round */
  double objective;  /* of GLPK's last vertex, affinity units; NaN when there is none */
  double gain;       /* objective less that of the solution, rounded from the exact difference; > 0 proves it wrong */
  double seconds;
} alf_judgement;

/* Whether GLPK can hold the problem: ALF_OK, or ALF_EUNSUPPORTED with the limit. */
alf_status alf_judge_can(const alf_problem *problem, alf_error *err);

/* Judges a solution of any exact solver. The LP has a row for each token and each expert; cells are columns in amounts,
   chosen ones at their upper bound, the others at 0; T + E variables are basic: a spanning tree of tied cells over
   tokens and experts. Prices move within the optimal face to a vertex of it (C6), where such a tree exists, and amounts along
   cycles of fractional cells to a vertex; both leave the objective alone. Costs are exact as doubles, and nothing is
   perturbed. A batch of more cells than settings->columns is restricted to those near their token's threshold; all are
   then priced in integers at GLPK's prices, and those of wrong sign added until there are none.
   A wrong solution is not an error but confirmed = false; GLPK then goes on from it, for a better one, for some 1000
   pivots. Wrong prices of a right routing may come right on the way to a vertex: not confirmed, with 0 pivots.
   Frees the calling thread's GLPK environment. Errors: those of alf_certify; ALF_EUNSUPPORTED (alf_judge_can);
   ALF_ERANGE for a price of 2^59 units and more; ALF_ETIMEOUT; ALF_EINTERRUPTED; ALF_ENOMEM; ALF_ESOLVER when GLPK gives
   up. */
alf_status alf_judge(const alf_problem *problem, const alf_solution *solution, const alf_judge_settings *settings,
                     alf_judgement *judgement, alf_error *err);

/* The same from the same basis of all cells by glp_exact, in rational arithmetic: for T·E up to 2^12 cells
   (ALF_EUNSUPPORTED); settings->columns is of no account. */
alf_status alf_judge_exact(const alf_problem *problem, const alf_solution *solution, const alf_judge_settings *settings,
                           alf_judgement *judgement, alf_error *err);

#endif
