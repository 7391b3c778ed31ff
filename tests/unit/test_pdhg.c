/* The dense pass of the primal-dual methods, and how near they come. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "alf/solver.h"
#include "firstorder/sweep.h"
#include "problems.h"

/* Two passes over 2 × 2 cells by hand; all numbers are dyadic, so the sums are exact. */
static void test_one_sweep(void **state)
{
  (void)state;
  static const int64_t cells[] = {4, 2, 3, 0}; /* units of 1/4 */
  static const double anchor[] = {0, 0, 1, 1};
  alf_affinity batch = alf_test_grid(2, 2, 2, cells);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_memory memory = {0};
  alf_sweep s;
  alf_error err = {0};
  assert_ok(alf_sweep_open(&s, &problem, &memory, &err), &err);
  assert_true(s.threshold[0] == 0.75 && s.threshold[1] == 0.375);
  assert_true(s.target[0] == 1 && s.target[1] == 1);
  s.threshold[1] = 0.25;
  s.price[1] = 0.5;
  alf_sweep_run(&s, (alf_sweep_move){0}, 2); /* scores 1/4 1/4; 1/2 1/4 */
  static const double first[] = {0.5, 0.5, 1, 0.5};
  assert_memory_equal(s.predicted, first, sizeof first);
  assert_true(s.row[0] == 1 && s.row[1] == 1.5 && s.load[0] == 1.5 && s.load[1] == 1);
  assert_true(s.row_change[0] == 1 && s.row_change[1] == 1.5 && s.change == 1.75);
  s.token_shift[0] = 0.25;
  s.expert_shift[1] = -0.5;
  alf_sweep_run(&s, (alf_sweep_move){.forward = 1, .back = 0.5, .anchor = anchor}, 1);
  static const double moved[] = {0.25, -0.25, 1.5, 0.5}, second[] = {0.5, 0, 1, 0.75};
  assert_memory_equal(s.x, moved, sizeof moved);
  assert_memory_equal(s.predicted, second, sizeof second);
  assert_true(s.load_change[0] == -0.25 && s.load_change[1] == 0.5);
  assert_true(s.row_change[0] == 0.5 && s.row_change[1] == -0.25);
  assert_true(s.change == 0.0625 + 0.0625 + 0.25 + 0.0625);
  alf_memory_free(&memory);
}

/* The first weight, and how much further prices move than x does; on the same batch. */
static void test_weights(void **state)
{
  (void)state;
  static const int64_t cells[] = {4, 2, 3, 0}; /* units of 1/4 */
  alf_affinity batch = alf_test_grid(2, 2, 2, cells);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_memory memory = {0};
  alf_sweep s;
  alf_error err = {0};
  assert_ok(alf_sweep_open(&s, &problem, &memory, &err), &err);
  assert_near(alf_sweep_weight(&s), sqrt(1.8125 / 4), 1e-15);
  static const double threshold[] = {0.75, 0.25}, price[] = {0, 0.5}, x[] = {0.5, 0.5, 1, 0.5};
  assert_true(alf_sweep_set_mark(&s, threshold, s.price) == 0); /* x has not moved */
  memcpy(s.predicted, x, sizeof x);
  assert_true(alf_sweep_set_mark(&s, threshold, s.price) == 0); /* prices have not */
  assert_memory_equal(s.mark_x, x, sizeof x);
  s.predicted[2] = 0;
  assert_true(alf_sweep_set_mark(&s, s.price, price) == sqrt(0.5625 + 0.0625 + 0.25));
  assert_true(s.mark_price[1] == 0.5 && s.mark_threshold[0] == 0 && s.mark_x[2] == 0);
  alf_memory_free(&memory);
}

/* Sums of rows longer than the lanes, with a rest. */
static void test_sums(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_test_batch("grid:T=5,E=19,levels=7", &batch);
  alf_problem problem = {&batch, 4, ALF_FRACTIONAL};
  alf_memory memory = {0};
  alf_sweep s;
  assert_ok(alf_sweep_open(&s, &problem, &memory, &err), &err);
  for (int pass = 0; pass < 3; pass++)
    alf_sweep_run(&s, (alf_sweep_move){.forward = 0.75}, 0.7);
  double change = 0, load[19] = {0}, load_change[19] = {0};
  for (int i = 0; i < 5; i++) {
    double row = 0, row_change = 0;
    for (int k = 0; k < 19; k++) {
      double predicted = s.predicted[i * 19 + k], less = predicted - s.x[i * 19 + k];
      assert_true(predicted >= 0 && predicted <= 1);
      row += predicted;
      row_change += less;
      change += less * less;
      load[k] += predicted;
      load_change[k] += less;
    }
    assert_near(s.row[i], row, 1e-13);
    assert_near(s.row_change[i], row_change, 1e-13);
  }
  for (int k = 0; k < 19; k++) {
    assert_near(s.load[k], load[k], 1e-13);
    assert_near(s.load_change[k], load_change[k], 1e-13);
  }
  assert_true(change > 0);
  assert_near(s.change, change, 1e-13);
  alf_memory_free(&memory);
  alf_affinity_free(&batch);
}

/* θ_i between the least score chosen and the largest that is not. */
static void put_threshold(alf_sweep *s, int64_t i)
{
  double least = (double)INFINITY, most = -(double)INFINITY;
  for (int32_t k = 0; k < s->experts; k++) {
    int64_t cell = i * s->experts + k;
    double score = s->affinity[cell] + s->price[k];
    least = s->x[cell] > 0 ? fmin(least, score) : least;
    most = s->x[cell] > 0 ? most : fmax(most, score);
  }
  assert_true(least >= most);
  s->threshold[i] = (least + most) / 2;
}

/* Exact primal and prices are a fixed point, to the last bit: nothing moves, and no row or load is off. */
static void test_optimum_stays(void **state)
{
  (void)state;
  enum { T = 12, E = 3, K = 2, PASSES = 5 };
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_test_batch("softmax:T=12,E=3,skew=1", &batch);
  alf_problem problem = {&batch, K, ALF_FRACTIONAL};
  alf_solution solution = {0};
  assert_ok(alf_solve(alf_solver_find("enumerate"), &problem, NULL, &solution, &err), &err);
  alf_memory memory = {0};
  alf_sweep s;
  assert_ok(alf_sweep_open(&s, &problem, &memory, &err), &err);
  for (int32_t k = 0; k < E; k++)
    s.price[k] = ldexp((double)solution.price[k], -batch.grid_bits);
  for (int64_t i = 0; i < T; i++) {
    for (int64_t e = solution.row[i]; e < solution.row[i + 1]; e++)
      s.x[i * E + solution.expert[e]] = 1;
    put_threshold(&s, i);
  }
  double x[T * E];
  memcpy(x, s.x, sizeof x);
  memcpy(s.predicted, x, sizeof x);
  for (int pass = 0; pass < PASSES; pass++) {
    alf_sweep_run(&s, (alf_sweep_move){.forward = 1.3, .back = 0.35, .anchor = x}, 0.5);
    assert_memory_equal(s.x, x, sizeof x);
    assert_memory_equal(s.predicted, x, sizeof x);
    assert_true(s.change == 0);
    for (int64_t i = 0; i < T; i++)
      assert_true(s.row[i] == K && s.row_change[i] == 0);
    for (int32_t k = 0; k < E; k++)
      assert_true(s.load[k] == s.target[k] && s.load_change[k] == 0);
  }
  alf_memory_free(&memory);
  alf_solution_free(&solution);
  alf_affinity_free(&batch);
}

typedef struct nearness {
  double optimum;
  int64_t iterations; /* of the record before: the rounded end repeats it, and does not count */
  bool reached;       /* an iterate is within 1e-3 in all */
} nearness;

static void observe(void *context, const alf_progress *progress)
{
  nearness *l = context;
  double allowed = 1e-3 * l->optimum;
  if (progress->iterations > l->iterations && progress->violation <= 1e-3 &&
      fabs(progress->objective - l->optimum) <= allowed && progress->dual_bound - l->optimum <= allowed)
    l->reached = true;
  l->iterations = progress->iterations;
}

static void check_reaches(const char *solver)
{
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_test_batch("softmax:T=64,E=8,skew=1", &batch);
  alf_problem problem = {&batch, 2, ALF_FRACTIONAL};
  alf_solution solution = {0};
  alf_certificate c;
  assert_ok(alf_solve(alf_solver_find("auto"), &problem, NULL, &solution, &err), &err);
  assert_ok(alf_certify(&problem, &solution, &c, &err), &err);
  assert_true(c.certified);
  alf_solution_free(&solution);
  nearness l = {.optimum = c.objective};
  alf_solve_settings settings = {.tolerance = 1e-4, .observe = observe, .context = &l};
  assert_ok(alf_solve(alf_solver_find(solver), &problem, &settings, &solution, &err), &err);
  assert_true(l.reached);
  assert_ok(alf_certify(&problem, &solution, &c, &err), &err);
  assert_true(c.gap <= 1e-3 * c.objective);
  alf_solution_free(&solution);
  alf_affinity_free(&batch);
}

static void test_pdhg_reaches(void **state)
{
  (void)state;
  check_reaches("pdhg");
}

static void test_average_spectrum_reaches(void **state)
{
  (void)state;
  check_reaches("pdhg-average-spectrum");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_one_sweep),    cmocka_unit_test(test_weights),
      cmocka_unit_test(test_sums),         cmocka_unit_test(test_optimum_stays),
      cmocka_unit_test(test_pdhg_reaches), cmocka_unit_test(test_average_spectrum_reaches),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
