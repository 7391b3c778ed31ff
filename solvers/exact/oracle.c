#include <math.h>

#include "alf/face.h"
#include "alf/rule.h"

/* The centre of all optimal prices of the batch, once their optimality is certified. */
static alf_status find_centre(const alf_problem *problem, alf_solution *solution, alf_face *face, alf_error *err)
{
  alf_certificate certificate = {0};
  alf_status status = alf_solve(alf_solver_find("auto"), problem, NULL, solution, err);
  if (status == ALF_OK)
    status = alf_certify(problem, solution, &certificate, err);
  if (status == ALF_OK && !certificate.certified)
    status = alf_fail(err, ALF_ESOLVER, "oracle: the optimum is not certified, gap %g", certificate.gap);
  return status == ALF_OK ? alf_face_find(problem, solution, NULL, face, err) : status;
}

/* Writes the steps to the centre, whose mean is taken off. */
static void aim(const alf_rule_input *in, const alf_face *face, int32_t grid_bits, double *delta)
{
  alf_int128 sum = 0;
  for (int32_t k = 0; k < in->experts; k++)
    sum += face->centre[k];
  for (int32_t k = 0; k < in->experts; k++) {
    double price = alf_int128_to_double((alf_int128)in->experts * face->centre[k] - sum, grid_bits, in->experts);
    delta[k] = fmin(in->step_size, 1) * (price - in->shift[k]);
  }
}

/* To the optimum of the batch just routed: p' is the centre of the optimal prices (alf_face_find), with mean 0, as it is
   only given up to a common shift; on a batch that repeats the first full step ends there. No rule that sees one batch
   at a time knows more. u is a weight: above 1 it would overshoot farther and farther, and counts as 1. It lies here
   and not in routing/rules since it needs the solver, and takes memory while that solves. Alflab's own. */
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)state;
  alf_affinity converted = {0};
  alf_solution solution = {0};
  alf_face face = {0};
  alf_problem problem = {.batch = in->batch, .topk = in->topk, .kind = ALF_FRACTIONAL};
  alf_status status = ALF_OK;
  if (in->batch->dtype != ALF_DYADIC) {
    status = alf_affinity_convert(in->batch, ALF_DYADIC, &converted, err);
    problem.batch = &converted;
  }
  if (status == ALF_OK)
    status = find_centre(&problem, &solution, &face, err);
  if (status == ALF_OK)
    aim(in, &face, problem.batch->grid_bits, delta);
  alf_face_free(&face);
  alf_solution_free(&solution);
  alf_affinity_free(&converted);
  return status;
}

const alf_rule alf_rule_oracle = {.name = "oracle",
                                  .summary = "p_k += u (p'_k - p_k), p' the centre of the batch's optimal prices",
                                  .form = ALF_FORM_FREE,
                                  .update = update,
                                  .u = 1,
                                  .weight = true,
                                  .anchored = true};
