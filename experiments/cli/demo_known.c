#include <math.h>

#include "alf/certificate.h"
#include "alf/solver.h"
#include "cli/demo.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "measure/iteration.h"

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

static alf_status find_optimum(alf_source *source, int threads, alf_demo_known *known, alf_error *err)
{
  alf_affinity batch = {0};
  alf_problem problem = {&batch, TOPK, ALF_FRACTIONAL};
  alf_solve_settings settings = {.threads = threads, .stop = alf_cli_interrupted};
  alf_solution solution = {0};
  alf_certificate certificate = {0};
  alf_status status = alf_input_next(source, NULL, ALF_DYADIC, &batch, err);
  if (status == ALF_OK)
    status = alf_solve(alf_solver_find("glpk-simplex"), &problem, &settings, &solution, err);
  if (status == ALF_OK)
    status = alf_certify(&problem, &solution, &certificate, err);
  known->value = certificate.objective;
  known->certified = certificate.certified;
  alf_solution_free(&solution);
  alf_affinity_free(&batch);
  return status;
}

/* The largest load in the limit cycle of constant sign steps. */
static alf_status find_cycle(alf_source *source, double u, alf_demo_known *known, alf_error *err)
{
  alf_iteration_settings settings = {
      .cell = {.rule = alf_rule_find("sign"), .schedule = alf_schedule_find("constant"), .u = u},
      .topk = TOPK,
      .dtype = ALF_DYADIC,
      .steps = LONGEST_CYCLE,
      .until_cycle = true,
      .no_optimum = true,
      .threads = 1,
      .stop = alf_cli_interrupted};
  alf_iteration iteration = {0};
  alf_status status = alf_iteration_start(&iteration, source, &settings, err);
  if (status == ALF_OK)
    status = alf_iteration_run(&iteration, err);
  if (status == ALF_OK && alf_cli_interrupted())
    status = alf_fail(err, ALF_EINTERRUPTED, "interrupted");
  const alf_cycle_info *cycle = status == ALF_OK ? alf_cycle_found(iteration.cycle) : NULL;
  known->certified = cycle != NULL;
  known->value = cycle ? (double)cycle->max_load : (double)NAN;
  alf_iteration_free(&iteration);
  return status;
}

static alf_status find_one(const alf_cli_options *options, int i, alf_demo_known *known, alf_error *err)
{
  alf_source *source = NULL;
  *known = (alf_demo_known){answers[i].input, answers[i].what, NAN, answers[i].expected, false, false};
  alf_status status = alf_cli_open(&source, known->input, options, err);
  if (status == ALF_OK)
    status = answers[i].u > 0 ? find_cycle(source, answers[i].u, known, err)
                              : find_optimum(source, (int)options->threads, known, err);
  known->met = known->certified && fabs(known->value - known->expected) <= answers[i].spread * known->expected;
  alf_source_close(source);
  return status;
}

alf_status alf_demo_find_known(const alf_cli_options *options, alf_demo_known known[ALF_DEMO_KNOWN], alf_error *err)
{
  alf_status status = ALF_OK;
  for (int i = 0; status == ALF_OK && i < ALF_DEMO_KNOWN; i++)
    status = find_one(options, i, &known[i], err);
  return status;
}
