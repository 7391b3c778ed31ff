/* What the auction owes beyond the contract of approximate solvers. */
#include "support.h"

#include <math.h>

#include "alf/solver.h"

static void keep_best_complete(void *context, const alf_progress *progress)
{
  double *best = context;
  if (progress->violation == 0)
    *best = fmax(*best, progress->objective);
}

/* Solves; the gap is within the tolerance, and nothing complete that was on the way is better than the end. */
static void check(const char *source, int32_t topk, const int64_t *capacity)
{
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_test_batch(source, &batch);
  alf_problem problem = {&batch, topk, ALF_FRACTIONAL, capacity};
  alf_solution solution = {0};
  alf_certificate c;
  double best = -(double)INFINITY;
  alf_solve_settings settings = {.tolerance = 1e-3, .observe = keep_best_complete, .context = &best};
  assert_ok(alf_solve(alf_solver_find("auction"), &problem, &settings, &solution, &err), &err);
  assert_ok(alf_certify(&problem, &solution, &c, &err), &err);
  assert_int_equal(c.row_violations + c.entry_violations + c.load_violations, 0);
  assert_true(c.objective == best);
  assert_true(c.gap <= settings.tolerance * c.objective);
  alf_solution_free(&solution);
  alf_affinity_free(&batch);
}

/* Top-K at the prices leaves most ties the wrong way: the auction's own routing is the better end. */
static void test_keeps_its_routing(void **state)
{
  (void)state;
  check("grid:T=400,E=8,levels=3", 2, NULL);
  check("dirichlet:T=2000,E=16,concentration=0.05", 1, NULL);
}

/* At price 0 an expert that nobody may choose would spoil the dual bound, and with it every gap. */
static void test_empty_experts(void **state)
{
  (void)state;
  static const int64_t capacity[] = {0, 64, 4, 20, 10, 10, 10, 10};
  static const int64_t most_empty[] = {63, 0, 0, 64, 0, 0, 1, 0};
  check("softmax:T=64,E=8,skew=1", 2, capacity);
  check("softmax:T=64,E=8,skew=1", 2, most_empty);
}

/* A tolerance beyond all reason asks for an ε larger than any price: bids must not leave 64 bits. */
static void test_absurd_tolerance(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_test_batch("softmax:T=64,E=8", &batch);
  alf_problem problem = {&batch, 2, ALF_ROUNDED};
  for (double tolerance = 1; tolerance < 1e300; tolerance *= 4) {
    alf_solution solution = {0};
    alf_solve_settings settings = {.tolerance = tolerance};
    assert_ok(alf_solve(alf_solver_find("auction"), &problem, &settings, &solution, &err), &err);
    alf_solution_free(&solution);
  }
  alf_affinity_free(&batch);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_keeps_its_routing),
      cmocka_unit_test(test_empty_experts),
      cmocka_unit_test(test_absurd_tolerance),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
