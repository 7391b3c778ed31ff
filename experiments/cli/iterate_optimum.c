#include <stdio.h>
#include <stdlib.h>

#include "alf/certificate.h"
#include "alf/solver.h"
#include "cli/interrupt.h"
#include "cli/iterate.h"

#define MOST_KEPT (1 << 20) /* batches; a longer stream is solved anew when it is read again */

alf_status alf_cli_optima_start(alf_cli_iterate *run, alf_error *err)
{
  bool again = !run->repeated && run->every && !run->options->no_optimum && run->steps >= run->batches;
  if (!again || run->batches > MOST_KEPT)
    return ALF_OK;
  run->optima.kept = calloc((size_t)run->batches, sizeof *run->optima.kept);
  return run->optima.kept ? ALF_OK : alf_fail_memory(err, (size_t)run->batches * sizeof *run->optima.kept);
}

static alf_status solve_dyadic(const alf_cli_iterate *run, const alf_affinity *batch, alf_cli_optimum *optimum,
                               alf_error *err)
{
  alf_problem problem = {batch, (int32_t)run->options->topk, ALF_FRACTIONAL};
  alf_solve_settings settings = {.threads = (int)run->options->threads, .stop = alf_cli_interrupted};
  alf_solution solution = {0};
  alf_certificate certificate = {0};
  alf_status status = alf_solve(alf_solver_find("auto"), &problem, &settings, &solution, err);
  if (status == ALF_OK)
    status = alf_certify(&problem, &solution, &certificate, err);
  if (status == ALF_OK && !certificate.certified)
    status = alf_fail(err, ALF_ESOLVER, "the optimum was not certified");
  if (status == ALF_OK)
    *optimum = (alf_cli_optimum){.known = true,
                                 .exact = certificate.primal * (batch->experts / solution.denominator),
                                 .value = certificate.objective};
  alf_solution_free(&solution);
  return status;
}

/* Of the tokens that are none of padding. */
static alf_status solve(const alf_cli_iterate *run, const alf_affinity *batch, alf_cli_optimum *optimum, alf_error *err)
{
  alf_affinity published = *batch, dyadic = {0};
  published.tokens = alf_iterate_current(run->iterate)->batch_after->tokens;
  if (batch->dtype == ALF_DYADIC)
    return solve_dyadic(run, &published, optimum, err);
  alf_status status = alf_affinity_convert(&published, ALF_DYADIC, &dyadic, err);
  if (status == ALF_OK)
    status = solve_dyadic(run, &dyadic, optimum, err);
  alf_affinity_free(&dyadic);
  return status;
}

void alf_cli_optima_find(alf_cli_iterate *run, const alf_affinity *batch, int64_t index)
{
  alf_cli_optima *optima = &run->optima;
  alf_cli_optimum *kept = optima->kept ? &optima->kept[index] : NULL;
  alf_error err = {0};
  optima->current = kept ? *kept : (alf_cli_optimum){0};
  if (run->options->no_optimum || optima->current.known || optima->given_up || alf_cli_interrupted())
    return;
  double before = alf_cli_seconds();
  alf_status status = solve(run, batch, &optima->current, &err);
  optima->seconds += alf_cli_seconds() - before;
  if (kept)
    *kept = optima->current;
  optima->given_up = status != ALF_OK;
  if (optima->given_up && !run->options->quiet && !alf_cli_interrupted())
    fprintf(stderr, "alflab iterate: no optimum: %s\n", err.text);
}
