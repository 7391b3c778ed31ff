#include <math.h>

#include "alf/certificate.h"
#include "alf/solver.h"
#include "cli/demo.h"
#include "cli/demo_runs.h"
#include "cli/interrupt.h"

enum { TOPK = 2, LONGEST_CYCLE = 100000 };

/* From the project's issue 2, where other random numbers were used: hence the relative spread. */
static const struct {
  const char *input, *what;
  double u; /* step size of the cycle; 0: the optimum */
  double expected, spread;
} answers[ALF_DEMO_KNOWN] = {
    {"gauss_sigmoid:T=512,E=8,factor=2", "optimum", 0, 876, 0.01},
    {"gauss_sigmoid:T=512,E=8,factor=0.2", "optimum", 0, 569, 0.01},
    {"gauss_sigmoid:T=512,E=8,factor=2", "max load, sign u=0.001", 1e-3, 130, 0.03},
    {"gauss_sigmoid:T=512,E=8,factor=2", "max load, sign u=0.01", 1e-2, 137, 0.05},
    {"gauss_sigmoid:T=512,E=8,factor=2", "max load, sign u=0.1", 1e-1, 181, 0.2},
};

static alf_status find_optimum(const alf_affinity *batch, int threads, alf_demo_known *known, alf_error *err)
{
  alf_problem problem = {batch, TOPK, ALF_FRACTIONAL};
  alf_solve_settings settings = {.threads = threads, .stop = alf_cli_interrupted};
  alf_solution solution = {0};
  alf_certificate certificate = {0};
  alf_status status = alf_solve(alf_solver_find("glpk-simplex"), &problem, &settings, &solution, err);
  if (status == ALF_OK)
    status = alf_certify(&problem, &solution, &certificate, err);
  known->value = certificate.objective;
  known->certified = certificate.certified;
  alf_solution_free(&solution);
  return status;
}

static alf_status find_cycle(const alf_affinity *batch, double u, alf_demo_known *known, alf_error *err)
{
  alf_instance instance = {.batch = batch, .topk = TOPK};
  alf_demo_limit limit = {.instance = &instance, .u = u, .steps = LONGEST_CYCLE};
  alf_demo_find_limit(&limit);
  known->value = limit.max_load;
  known->certified = isfinite(limit.max_load);
  return limit.status == ALF_OK ? ALF_OK : alf_fail(err, limit.status, "%s", limit.err.text);
}

static alf_status find_one(const alf_cli_options *options, int i, alf_demo_known *known, alf_error *err)
{
  alf_affinity batch = {0};
  *known = (alf_demo_known){answers[i].input, answers[i].what, NAN, answers[i].expected, false, false};
  alf_status status = alf_demo_read(known->input, options, &batch, err);
  if (status == ALF_OK)
    status = answers[i].u > 0 ? find_cycle(&batch, answers[i].u, known, err)
                              : find_optimum(&batch, (int)options->threads, known, err);
  known->met = known->certified && fabs(known->value - known->expected) <= answers[i].spread * known->expected;
  alf_affinity_free(&batch);
  return status;
}

alf_status alf_demo_find_known(const alf_cli_options *options, alf_demo_known known[ALF_DEMO_KNOWN], alf_error *err)
{
  alf_status status = ALF_OK;
  for (int i = 0; status == ALF_OK && i < ALF_DEMO_KNOWN; i++)
    status = find_one(options, i, &known[i], err);
  return status;
}
