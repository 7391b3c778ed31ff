#include <string.h>

#include "alf/solver.h"

/* A solver is one file, here or in firstorder/, and one line here. The first one is "auto". */
#define SOLVERS(X)                                                                                                     \
  X(alf_solver_exchange)                                                                                               \
  X(alf_solver_glpk_warm)                                                                                              \
  X(alf_solver_glpk_simplex)                                                                                           \
  X(alf_solver_glpk_interior)                                                                                          \
  X(alf_solver_glpk_mincost)                                                                                           \
  X(alf_solver_glpk_judge)                                                                                             \
  X(alf_solver_enumerate)                                                                                              \
  X(alf_solver_quantile)                                                                                               \
  X(alf_solver_auction)                                                                                                \
  X(alf_solver_sinkhorn)                                                                                               \
  X(alf_solver_sparse_ot)                                                                                              \
  X(alf_solver_pdhg)                                                                                                   \
  X(alf_solver_pdhg_average_spectrum)

#define DECLARE(name) extern const alf_solver name;
#define ENTRY(name)   &name,
SOLVERS(DECLARE)

const alf_solver *const alf_solvers[] = {SOLVERS(ENTRY) NULL};

const alf_solver *alf_solver_find(const char *name)
{
  if (!strcmp(name, "auto"))
    return alf_solvers[0];
  for (const alf_solver *const *solver = alf_solvers; *solver; solver++)
    if (!strcmp((*solver)->name, name))
      return *solver;
  return NULL;
}
