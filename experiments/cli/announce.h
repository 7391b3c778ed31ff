/* Words on stderr before what will take long. */
#ifndef ALF_CLI_ANNOUNCE_H
#define ALF_CLI_ANNOUNCE_H

#include "alf/solver.h"

/* Says how long, by the solver's own estimate, and what the default one would take. Nothing where it is short, the solver
   cannot do it, or quiet is asked for. */
void alf_cli_announce_solve(const alf_solver *solver, const alf_problem *problem, bool quiet);

/* Names the kernels that OpenBLAS took without knowing the processor, and how to have faster ones: results depend on them, so
   that is left to the user. Nothing where there are none, the user has chosen, or quiet is asked for. */
void alf_cli_announce_core(const char *command, bool quiet);

#endif
