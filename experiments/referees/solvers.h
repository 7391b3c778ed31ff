/* The solve functions of those referees that were found. Read by C and by C++. */
#ifndef ALF_REFEREES_SOLVERS_H
#define ALF_REFEREES_SOLVERS_H

#include "referees/referee.h"

alf_status alf_referee_lemon_solve(const alf_problem *problem, int64_t *price, alf_referee_result *result,
                                   alf_error *err);
alf_status alf_referee_clp_solve(const alf_problem *problem, int64_t *price, alf_referee_result *result,
                                 alf_error *err);

#endif
