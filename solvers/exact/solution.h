/* Filling solutions, for the solvers. */
#ifndef ALF_EXACT_SOLUTION_H
#define ALF_EXACT_SOLUTION_H

#include "alf/problem.h"

/* Makes room for so many entries in all. A vertex never needs it; repairs and other optima may. */
alf_status alf_solution_reserve(alf_solution *solution, int64_t entries, alf_error *err);

/* Appends to the solution the row of token i from E dense amounts; rows must come in order.
   Errors: ALF_ENOMEM; ALF_ESOLVER when the amounts are not between 0 and the denominator, or do not add up to K. */
alf_status alf_solution_append(alf_solution *solution, int32_t topk, int64_t i, const int64_t *amount, alf_error *err);

/* ALF_ESOLVER when an expert's load is outside its range. `load` has room for E. */
alf_status alf_solution_check_loads(const alf_solution *solution, const alf_problem *problem, int64_t *load,
                                    alf_error *err);

#endif
