/* Four tokens, two experts, K = 1: all prefer expert 0, which has room for two. Tokens 1 and 3 lose least by going to
   expert 1, 1/4 and 1/8: the optimum is 5/8 + 7/8 + 1/2 + 3/8. */
#include <alf/claim.h>
#include <alf/solver.h>
#include <alf/source.h>
#include <stdio.h>

int main(void)
{
  const double gamma[] = {5 / 8.0, 1 / 8.0, 3 / 4.0, 1 / 2.0, 7 / 8.0, 1 / 4.0, 1 / 2.0, 3 / 8.0};
  alf_affinity given = {.dtype = ALF_FLOAT64, .tokens = 4, .experts = 2, .values = gamma}, batch = {0};
  alf_problem problem = {.batch = &batch, .topk = 1};
  alf_solution solution = {0};
  alf_certificate certificate = {0};
  alf_source *source = NULL;
  alf_error err = {0};
  if (alf_affinity_convert(&given, ALF_DYADIC, &batch, &err) == ALF_OK &&
      alf_solve(alf_solver_find("glpk-simplex"), &problem, NULL, &solution, &err) == ALF_OK &&
      alf_certify(&problem, &solution, &certificate, &err) == ALF_OK)
    alf_source_open(&source, "uniform:T=8,E=4", 1, &err); /* draws in libzip and GSL */
  printf("%s optimum %.17g, certified %d, claim %s%s\n", source ? alf_source_describe(source)->kind : "no source",
         certificate.objective, certificate.certified, alf_claims[0]->id, err.text);
  alf_source_close(source);
  alf_solution_free(&solution);
  alf_affinity_free(&batch);
  return !(certificate.certified && certificate.objective == 2.375);
}
