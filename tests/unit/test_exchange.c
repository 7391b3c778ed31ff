/* exchange where boxes, samples and noise come into play: too large for enumeration, judged by the certificate. */
#include "support.h"

#include <math.h>

#include "alf/certificate.h"
#include "alf/solver.h"
#include "exact/sample.h"

static const char *const inputs[] = {
    "softmax:T=3000,E=24",
    "softmax:T=3000,E=24,skew=5",
    "softmax:T=3000,E=24,temperature=0.05",
    "uniform:T=3000,E=24",
    "dirichlet:T=3000,E=24",
    "grid:T=3000,E=24",
    "grid:T=3000,E=24,levels=1",
    "grid:T=3000,E=24,levels=2",
    "adversarial:T=3000,E=24,kind=0",
    "adversarial:T=3000,E=24,kind=1",
    "adversarial:T=3000,E=24,kind=2",
    "adversarial:T=3000,E=24,kind=3",
    "adversarial:T=3000,E=24,kind=4",
    "early:T=3000,E=24",
    "early:T=3000,E=24,noise=0",
    "early:T=3000,E=24,noise=0.01,dead=0.5,skew=3",
    "softmax:T=3001,E=17",
    "grid:T=1999,E=30,levels=3",
};

static alf_certificate solve_problem(const alf_problem *problem, const char *name)
{
  alf_solution solution = {0};
  alf_certificate certificate = {0};
  alf_error err = {0};
  assert_ok(alf_solve(alf_solver_find(name), problem, NULL, &solution, &err), &err);
  assert_ok(alf_certify(problem, &solution, &certificate, &err), &err);
  alf_solution_free(&solution);
  return certificate;
}

static alf_certificate solve(const alf_affinity *batch, int32_t topk, alf_problem_kind kind, const char *name)
{
  alf_problem problem = {batch, topk, kind};
  return solve_problem(&problem, name);
}

static void test_proven_on_every_kind(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    alf_affinity batch = {0};
    alf_test_batch(inputs[i], &batch);
    for (int32_t topk = 1; topk <= 9; topk += 4)
      for (int kind = ALF_FRACTIONAL; kind <= ALF_ROUNDED; kind++) {
        alf_certificate c = solve(&batch, topk, (alf_problem_kind)kind, "exchange");
        if (!c.certified)
          print_error("%s, K = %d, kind %d: gap %g\n", inputs[i], topk, kind, c.gap);
        assert_true(c.certified);
      }
    alf_affinity_free(&batch);
  }
}

/* Few tokens: prices from samples are poor, most pairs of experts have no arc, and amounts come in small units. */
static void test_few_tokens_for_many_experts(void **state)
{
  (void)state;
  static const char *const few[] = {
      "uniform:T=60,E=256",
      "softmax:T=300,E=256",
      "softmax:T=37,E=500,skew=2",
      "grid:T=100,E=300,levels=2",
      "adversarial:T=256,E=256,kind=0",
      "adversarial:T=250,E=128,kind=2,block=16",
      "adversarial:T=100,E=128,kind=4,block=10",
      "softmax:T=11,E=300",
      "uniform:T=128,E=1024",
  };
  for (size_t i = 0; i < sizeof few / sizeof *few; i++) {
    alf_affinity batch = {0};
    alf_test_batch(few[i], &batch);
    for (int32_t topk = 1; topk <= 8; topk += 7)
      for (int kind = ALF_FRACTIONAL; kind <= ALF_ROUNDED; kind++) {
        alf_certificate c = solve(&batch, topk, (alf_problem_kind)kind, "exchange");
        if (!c.certified)
          print_error("%s, K = %d, kind %d: gap %g\n", few[i], topk, kind, c.gap);
        assert_true(c.certified);
      }
    alf_affinity_free(&batch);
  }
}

/* Tokens that choose most experts have long rows, all of whose arcs to an expert go when they get it in full. */
static void test_near_repeats_that_choose_most_experts(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_test_batch("early:T=400,E=64,words=9", &batch);
  for (int32_t topk = 40; topk < 64; topk += 11)
    for (int kind = ALF_FRACTIONAL; kind <= ALF_ROUNDED; kind++)
      assert_true(solve(&batch, topk, (alf_problem_kind)kind, "exchange").certified);
  alf_affinity_free(&batch);
}

/* Rounds stall where a few experts take nearly all tokens, but as rows do not repeat, prices by groups would be ten times
   worse than those there are: thousands of paths. */
static void test_groups_that_say_little(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_solution solution = {0};
  alf_error err = {0};
  alf_test_batch("softmax:T=16384,E=64,skew=5,seed=5", &batch);
  alf_problem problem = {&batch, 8, ALF_FRACTIONAL};
  assert_ok(alf_solve(alf_solver_find("exchange"), &problem, NULL, &solution, &err), &err);
  assert_in_range(solution.iterations, 1, 4000);
  alf_solution_free(&solution);
  alf_affinity_free(&batch);
}

/* Half of the experts get nothing, or each one more than the one before: prices lie far from those of samples. */
static void test_capacities_far_from_equal(void **state)
{
  (void)state;
  enum { TOKENS = 4096, EXPERTS = 64, TOPK = 6 };
  int64_t half[EXPERTS] = {0}, ramp[EXPERTS] = {0}, sum = 0;
  for (int k = 0; k < EXPERTS; k++) {
    half[k] = k % 2 ? 0 : TOPK * TOKENS / (EXPERTS / 2);
    ramp[k] = 2 * TOPK * TOKENS * k / EXPERTS / EXPERTS;
    sum += ramp[k];
  }
  ramp[EXPERTS / 2] += TOPK * TOKENS - sum;
  alf_affinity batch = {0};
  alf_test_batch("softmax:T=4096,E=64", &batch);
  for (int r = 0; r < 2; r++) {
    alf_problem problem = {.batch = &batch, .topk = TOPK, .capacity = r ? ramp : half};
    assert_true(solve_problem(&problem, "exchange").certified);
  }
  alf_affinity_free(&batch);
}

static void test_same_optimum_as_glpk(void **state)
{
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    alf_affinity batch = {0};
    alf_test_batch(inputs[i], &batch);
    assert_true(solve(&batch, 3, ALF_FRACTIONAL, "exchange").primal ==
                solve(&batch, 3, ALF_FRACTIONAL, "glpk-warm").primal);
    alf_affinity_free(&batch);
  }
}

/* Affinities at both ends of the grid, tied or nearly so: prices and noise take all the room there is. */
static void test_ends_of_the_grid(void **state)
{
  (void)state;
  const int64_t most = (INT64_C(1) << 41) - 1;
  enum { TOKENS = 120, EXPERTS = 16 };
  static int64_t cells[TOKENS * EXPERTS];
  for (int ties = 0; ties < 3; ties++) {
    for (int i = 0; i < TOKENS; i++)
      for (int k = 0; k < EXPERTS; k++) {
        int64_t end = (ties == 2 ? i + k : k) % 4 == 0 ? most : -most;
        cells[i * EXPERTS + k] = end - (ties == 1 ? (end > 0 ? 1 : -1) * ((i * 7 + k * 3) % 5) : 0);
      }
    alf_affinity batch = {.dtype = ALF_DYADIC, .tokens = TOKENS, .experts = EXPERTS, .grid_bits = 40, .values = cells};
    for (int32_t topk = 1; topk < EXPERTS; topk += 7)
      for (int kind = ALF_FRACTIONAL; kind <= ALF_ROUNDED; kind++)
        assert_true(solve(&batch, topk, (alf_problem_kind)kind, "exchange").certified);
  }
}

static void solve_on(int threads, const alf_problem *problem, alf_solution *solution)
{
  alf_error err = {0};
  alf_solve_settings settings = {.threads = threads};
  assert_ok(alf_solve(alf_solver_find("exchange"), problem, &settings, solution, &err), &err);
}

static void assert_same(const alf_solution *one, const alf_solution *more)
{
  size_t entries = (size_t)one->row[one->tokens];
  assert_int_equal(one->iterations, more->iterations);
  assert_memory_equal(one->price, more->price, (size_t)one->experts * sizeof *one->price);
  assert_memory_equal(one->row, more->row, ((size_t)one->tokens + 1) * sizeof *one->row);
  assert_memory_equal(one->expert, more->expert, entries * sizeof *one->expert);
  assert_memory_equal(one->amount, more->amount, entries * sizeof *one->amount);
}

/* The last paths of a batch too large to be turned for few of them: 17 read rows (measured: they find 7 rows of arcs
   anew), 109 have it turned. */
static void test_near_repeats_too_large_to_turn(void **state)
{
  (void)state;
  static const char *const sources[] = {"early:T=140000,E=32,seed=2", "early:T=140000,E=32,seed=6"};
  for (int s = 0; s < 2; s++) {
    alf_affinity batch = {0};
    alf_solution one = {0}, more = {0};
    alf_error err = {0};
    alf_certificate c;
    alf_test_batch(sources[s], &batch);
    alf_problem problem = {&batch, 3, ALF_FRACTIONAL};
    solve_on(1, &problem, &one);
    assert_ok(alf_certify(&problem, &one, &c, &err), &err);
    assert_true(c.certified);
    solve_on(3, &problem, &more);
    assert_same(&one, &more);
    alf_solution_free(&one);
    alf_solution_free(&more);
    alf_affinity_free(&batch);
  }
}

/* Large enough for several threads: not only the same optimum, but the same routing and prices. The second one ends
   with paths over all cells. */
static void test_threads_change_nothing(void **state)
{
  (void)state;
  static const struct {
    const char *source;
    int32_t topk;
    alf_problem_kind kind;
  } large[] = {{"softmax:T=70001,E=32,skew=2", 4, ALF_ROUNDED},
               {"softmax:T=70001,E=32,skew=2", 4, ALF_FRACTIONAL},
               {"grid:T=70001,E=32,levels=3", 4, ALF_ROUNDED},
               {"softmax:T=16501,E=240,skew=1", 8, ALF_ROUNDED}};
  for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
    alf_affinity batch = {0};
    alf_solution one = {0}, more = {0};
    alf_test_batch(large[i].source, &batch);
    alf_problem problem = {&batch, large[i].topk, large[i].kind};
    solve_on(1, &problem, &one);
    for (int threads = 2; threads <= 5; threads += 3) {
      solve_on(threads, &problem, &more);
      assert_same(&one, &more);
    }
    alf_solution_free(&one);
    alf_solution_free(&more);
    alf_affinity_free(&batch);
  }
}

static bool at_once(void)
{
  return true;
}

static void test_stops(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_solution solution = {0};
  alf_error err = {0};
  alf_test_batch("softmax:T=3000,E=24", &batch);
  alf_problem problem = {&batch, 3, ALF_FRACTIONAL};
  alf_solve_settings settings = {.stop = at_once};
  assert_int_equal(alf_solve(alf_solver_find("exchange"), &problem, &settings, &solution, &err), ALF_EINTERRUPTED);
  assert_null(solution.row);
  alf_affinity_free(&batch);
}

static int asked;

static bool count_and_go_on(void)
{
  asked++;
  return false;
}

/* Rounds over many cells take long: whether there is time left is asked between them, not only at their end. */
static void test_balancing_looks_at_the_deadline(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_sample sample = {0};
  alf_box box = {0};
  alf_error err = {0};
  alf_test_batch("softmax:T=300,E=24", &batch);
  alf_problem problem = {&batch, 3, ALF_FRACTIONAL};
  assert_ok(alf_box_alloc(&box, &problem, (alf_deadline){(double)INFINITY, count_and_go_on}, 1, &err), &err);
  assert_ok(alf_sample_take(&sample, &box, 1, &err), &err);
  asked = 0;
  alf_sample_balance(&sample, &box, 3, 0);
  assert_true(asked > 0);
  alf_sample_set_widths(&sample, &box, 4);
  assert_ok(alf_box_survey(&box, 1, &err), &err);
  asked = 0;
  alf_box_balance(&box, 3, 0);
  assert_true(asked > 0);
  alf_sample_free(&sample);
  alf_box_free(&box);
  alf_affinity_free(&batch);
}

/* Cells are counted in 32 bits, also those of the virtual token; the batch itself is not looked at. */
static void test_largest_problem(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_affinity batch = {.dtype = ALF_DYADIC, .tokens = INT32_MAX / 64, .experts = 64};
  alf_problem problem = {&batch, 8, ALF_ROUNDED};
  assert_fails(alf_solver_find("exchange")->can(&problem, &err), ALF_EUNSUPPORTED, &err, "cells");
  batch.tokens--;
  assert_ok(alf_solver_find("exchange")->can(&problem, &err), &err);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_proven_on_every_kind),
      cmocka_unit_test(test_few_tokens_for_many_experts),
      cmocka_unit_test(test_near_repeats_that_choose_most_experts),
      cmocka_unit_test(test_groups_that_say_little),
      cmocka_unit_test(test_near_repeats_too_large_to_turn),
      cmocka_unit_test(test_capacities_far_from_equal),
      cmocka_unit_test(test_same_optimum_as_glpk),
      cmocka_unit_test(test_ends_of_the_grid),
      cmocka_unit_test(test_threads_change_nothing),
      cmocka_unit_test(test_stops),
      cmocka_unit_test(test_balancing_looks_at_the_deadline),
      cmocka_unit_test(test_largest_problem),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
