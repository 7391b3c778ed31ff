/* Solvers that find prices by a GLPK routine which cannot be interrupted, and then finish by its dual simplex. */
#ifndef ALF_EXACT_GLPK_PRICES_H
#define ALF_EXACT_GLPK_PRICES_H

#include "alf/solver.h"

/* Writes good prices (E, affinity units). Runs inside alf_glpk_guard, in a child process. */
typedef alf_status alf_glpk_find_prices(const alf_problem *problem, double *price, alf_error *err);

/* setup, solve and free of such a solver. `name` goes into messages. */
alf_status alf_glpk_prices_setup(void **workspace, const alf_problem *problem, const alf_solve_settings *settings,
                                 const char *name, alf_glpk_find_prices *find, alf_error *err);
alf_status alf_glpk_prices_solve(void *workspace, alf_solution *solution, alf_error *err);
void alf_glpk_prices_free(void *workspace);

#endif
