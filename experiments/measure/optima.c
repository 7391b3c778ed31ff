#include <stdlib.h>

#include "alf/certificate.h"
#include "alf/solver.h"
#include "measure/input.h"
#include "measure/iteration.h"

#define MOST_KEPT (1 << 20) /* batches; a longer stream is solved anew when it is read again */

static bool is_stopped(const alf_iteration *it)
{
  return it->settings.stop && it->settings.stop();
}

alf_status alf_optima_start(alf_iteration *it, alf_error *err)
{
  bool again = !it->repeated && it->settings.every && !it->settings.no_optimum && it->settings.steps >= it->batches;
  if (!again || it->batches > MOST_KEPT)
    return ALF_OK;
  it->optima.kept = calloc((size_t)it->batches, sizeof *it->optima.kept);
  return it->optima.kept ? ALF_OK : alf_fail_memory(err, (size_t)it->batches * sizeof *it->optima.kept);
}

alf_status alf_optimum_find(const alf_problem *problem, const alf_solve_settings *settings, alf_optimum *optimum,
                            alf_error *err)
{
  alf_solve_settings exact = {.timeout = settings->timeout, .threads = settings->threads, .stop = settings->stop};
  alf_solution solution = {0};
  alf_certificate certificate = {0};
  alf_status status = alf_solve(alf_solver_find("auto"), problem, &exact, &solution, err);
  if (status == ALF_OK)
    status = alf_certify(problem, &solution, &certificate, err);
  if (status == ALF_OK && !certificate.certified)
    status = alf_fail(err, ALF_ESOLVER, "the optimum is not certified: gap %g", certificate.gap);
  if (status == ALF_OK)
    *optimum = (alf_optimum){.known = true,
                             .exact = certificate.primal * (problem->batch->experts / solution.denominator),
                             .value = certificate.objective};
  alf_solution_free(&solution);
  return status;
}

static alf_status solve_dyadic(const alf_iteration *it, const alf_affinity *batch, alf_optimum *optimum, alf_error *err)
{
  alf_problem problem = {batch, it->settings.topk, ALF_FRACTIONAL};
  alf_solve_settings settings = {.threads = it->settings.threads, .stop = it->settings.stop};
  return alf_optimum_find(&problem, &settings, optimum, err);
}

/* Of the tokens that are none of padding. */
static alf_status solve(const alf_iteration *it, const alf_affinity *batch, alf_optimum *optimum, alf_error *err)
{
  alf_affinity published = *batch, dyadic = {0};
  published.tokens = alf_iterate_current(it->iterate)->batch_after->tokens;
  if (batch->dtype == ALF_DYADIC)
    return solve_dyadic(it, &published, optimum, err);
  alf_status status = alf_affinity_convert(&published, ALF_DYADIC, &dyadic, err);
  if (status == ALF_OK)
    status = solve_dyadic(it, &dyadic, optimum, err);
  alf_affinity_free(&dyadic);
  return status;
}

void alf_optima_find(alf_iteration *it, const alf_affinity *batch, int64_t index)
{
  alf_optima *optima = &it->optima;
  alf_optimum *kept = optima->kept ? &optima->kept[index] : NULL;
  optima->current = kept ? *kept : (alf_optimum){0};
  if (it->settings.no_optimum || optima->current.known || optima->given_up || is_stopped(it))
    return;
  double before = alf_seconds();
  alf_status status = solve(it, batch, &optima->current, &optima->why);
  optima->seconds += alf_seconds() - before;
  if (kept)
    *kept = optima->current;
  optima->given_up = status != ALF_OK;
}
