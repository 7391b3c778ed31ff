#include "referees/referee.h"

#include <stddef.h>

#include "referees/solvers.h"

#ifdef ALF_HAVE_LEMON
#define LEMON_SOLVE alf_referee_lemon_solve
#else
#define LEMON_SOLVE NULL
#endif
#ifdef ALF_HAVE_CLP
#define CLP_SOLVE alf_referee_clp_solve
#else
#define CLP_SOLVE NULL
#endif

const alf_referee alf_referee_lemon = {"LEMON", "liblemon-dev", LEMON_SOLVE};
const alf_referee alf_referee_clp = {"CLP", "coinor-libclp-dev", CLP_SOLVE};

alf_status alf_referee_solve(const alf_referee *referee, const alf_problem *problem, int64_t *price,
                             alf_referee_result *result, alf_error *err)
{
  if (!referee->solve)
    return alf_fail(err, ALF_EUNSUPPORTED, "%s: not found at configure time: install %s", referee->name,
                    referee->package);
  alf_status status = alf_problem_check(problem, err);
  *result = (alf_referee_result){0};
  return status ? status : referee->solve(problem, price, result, err);
}
