#include <inttypes.h>
#include <math.h>

#include "alf/certificate.h"
#include "alf/solver.h"
#include "cli/demo.h"
#include "cli/interrupt.h"
#include "cli/record.h"
#include "figures/producers.h"

/* Seconds: solvers that would take longer are left out; and where approximate ones end. */
static const struct {
  double longest, tolerance;
} full = {60, 1e-6}, rough = {1, 1e-3};

static const struct {
  const char *input;
  int32_t topk;
} sizes[] = {{"softmax:T=4096,E=64,skew=1,seed=1", 6}, {"softmax:T=16384,E=64,skew=1,seed=1", 8}};

/* One solver on one batch. */
typedef struct curve {
  FILE *csv;
  const char *solver;
  int64_t tokens;
  double optimum, best; /* best: the lowest dual bound so far */
  double seconds;       /* of the last record, without evaluations */
} curve;

static void put(const curve *c, const char *panel, double seconds, double gap)
{
  fprintf(c->csv, "%s %" PRId64 ",%s,%.6g,%.6g\n", panel, c->tokens, c->solver, seconds, gap);
}

/* Seconds below a microsecond are the clock's. */
static void observe(void *context, const alf_progress *progress)
{
  curve *c = context;
  c->best = fmin(c->best, progress->dual_bound);
  c->seconds = progress->seconds;
  put(c, "bound", fmax(progress->seconds, 1e-6), alf_cli_relative_gap(c->best, c->optimum));
}

static alf_status trace(curve *c, const alf_solver *solver, const alf_problem *problem, double tolerance,
                        alf_error *err)
{
  alf_solve_settings settings = {
      .threads = 1, .stop = alf_cli_interrupted, .tolerance = tolerance, .observe = observe, .context = c};
  alf_solution solution = {0};
  alf_certificate certificate;
  alf_status status = alf_solve(solver, problem, &settings, &solution, err);
  if (status == ALF_OK)
    status = alf_certify(problem, &solution, &certificate, err);
  if (status == ALF_OK)
    put(c, solver->approximate ? "routing" : "exact", solver->approximate ? c->seconds : solution.seconds,
        0 - alf_cli_relative_gap(certificate.objective, c->optimum));
  alf_solution_free(&solution);
  return status;
}

static alf_status trace_all(FILE *csv, const alf_problem *problem, bool quick, alf_error *err)
{
  alf_solve_settings settings = {.threads = 1, .stop = alf_cli_interrupted};
  double optimum = 0;
  alf_status status = alf_cli_find_optimum(problem, &settings, &optimum, err);
  for (const alf_solver *const *solver = alf_solvers; *solver && status == ALF_OK; solver++) {
    curve c = {csv, (*solver)->name, problem->batch->tokens, optimum, (double)INFINITY};
    bool shown = (*solver)->can(problem, NULL) == ALF_OK &&
                 (*solver)->estimate(problem) < (quick ? rough.longest : full.longest);
    if (shown)
      status = trace(&c, *solver, problem, quick ? rough.tolerance : full.tolerance, err);
  }
  return status;
}

alf_status alf_figure_write_solvers(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  alf_status status = ALF_OK;
  fprintf(csv, "panel,series,x,y\n");
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes && status == ALF_OK; i++) {
    alf_affinity batch = {0};
    status = alf_demo_read(sizes[i].input, data->options, &batch, err);
    alf_problem problem = {&batch, sizes[i].topk, ALF_FRACTIONAL};
    if (status == ALF_OK)
      status = trace_all(csv, &problem, data->options->quick, err);
    alf_affinity_free(&batch);
  }
  return status;
}
