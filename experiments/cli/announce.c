#include "cli/announce.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "moe/gemm.h"

#define LONG_SOLVE 10.0 /* seconds: a longer one is announced */

static const char *duration(double seconds, char *text, size_t size)
{
  static const struct {
    double seconds;
    const char *name;
  } units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}, {0, "seconds"}};
  int i = 0;
  while (seconds < 2 * units[i].seconds)
    i++;
  if (seconds < 1)
    snprintf(text, size, "less than a second");
  else
    snprintf(text, size, "about %.0f %s", seconds / fmax(units[i].seconds, 1), units[i].name);
  return text;
}

void alf_cli_announce_solve(const alf_solver *solver, const alf_problem *problem, bool quiet)
{
  const alf_solver *fast = alf_solver_find("auto");
  double seconds = solver->estimate(problem);
  char text[60];
  if (quiet || !(seconds > LONG_SOLVE) || solver->can(problem, NULL) != ALF_OK)
    return;
  fprintf(stderr, "alflab solve: %s will take %s", solver->name, duration(seconds, text, sizeof text));
  if (fast != solver)
    fprintf(stderr, "; the default solver, %s, %s", fast->name, duration(fast->estimate(problem), text, sizeof text));
  fputc('\n', stderr);
}

void alf_cli_announce_core(const char *command, bool quiet)
{
  if (!quiet && !getenv("OPENBLAS_CORETYPE") && alf_gemm_better_core())
    fprintf(
        stderr,
        "alflab %s: OpenBLAS does not know this processor and takes kernels for %s; with OPENBLAS_CORETYPE=%s in the "
        "environment products are faster\n",
        command, alf_gemm_core(), alf_gemm_better_core());
}
