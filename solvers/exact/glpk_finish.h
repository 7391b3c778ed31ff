/* From good prices to the exact optimum by GLPK's dual simplex. */
#ifndef ALF_EXACT_GLPK_FINISH_H
#define ALF_EXACT_GLPK_FINISH_H

#include "alf/solver.h"
#include "core/deadline.h"

/* Top-K of γ + p gives every token a dual feasible start: its K-th best cell basic, better ones at their upper bound,
   the others at 0. Only loads are wrong, and the dual simplex repairs them. Most cells are so far from their token's
   threshold that they cannot change: the LP holds only the window of each expert, its nearest cells. Whether its
   optimum is that of all cells is then decided in integers on the exchange graph; if not, the window widens. LP and
   windows are those of the perturbed batch (perturb.h), where ties do not stall them. Opaque. */
typedef struct alf_glpk_finish alf_glpk_finish;

/* Perturbs the batch and takes the memory that does not depend on the window. */
alf_status alf_glpk_finish_alloc(alf_glpk_finish **finish, const alf_problem *problem, alf_deadline deadline,
                                 alf_error *err);

/* The perturbed problem, for whoever looks for prices; same shape, and grid in affinity units. */
const alf_problem *alf_glpk_finish_problem(const alf_glpk_finish *finish);

/* Solves from `price` (E, affinity units; any prices do, better ones are faster) and fills primal, prices, pivots,
   iterations (windows) and repairs of an allocated solution. Errors: ALF_ETIMEOUT, ALF_ESOLVER, ALF_ENOMEM. */
alf_status alf_glpk_finish_run(alf_glpk_finish *finish, const double *price, alf_solution *solution, alf_error *err);

/* Safe on NULL. */
void alf_glpk_finish_free(alf_glpk_finish *finish);

#endif
