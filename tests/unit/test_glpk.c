/* What the GLPK solvers stand on: the guard, the child process, the perturbation, quantile prices, the finish. */
#include "support.h"

#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alf/routing.h"
#include "core/deadline.h"
#include "exact/child.h"
#include "exact/glpk_common.h"
#include "exact/glpk_finish.h"
#include "exact/perturb.h"
#include "exact/quantile.h"
#include "exact/window.h"
#include "problems.h"

static alf_status misuse(void *context, alf_error *err)
{
  (void)err;
  glp_prob *lp = glp_create_prob();
  glp_add_rows(lp, 3);
  glp_set_row_bnds(lp, 4, GLP_FX, 1, 1); /* there is no row 4: GLPK prints and aborts */
  *(bool *)context = true;
  return ALF_OK;
}

static alf_status solve_tiny(void *context, alf_error *err)
{
  (void)err;
  glp_prob *lp = glp_create_prob();
  glp_set_obj_dir(lp, GLP_MAX);
  glp_add_cols(lp, 1);
  glp_set_col_bnds(lp, 1, GLP_DB, 0, 5);
  glp_set_obj_coef(lp, 1, 2);
  glp_simplex(lp, NULL); /* default settings print */
  *(double *)context = glp_get_obj_val(lp);
  return ALF_OK;
}

static alf_status fail_inside(void *context, alf_error *err)
{
  (void)context;
  return alf_fail(err, ALF_ETIMEOUT, "told so");
}

/* Runs a function with stdout sent to a file and returns how much was printed. */
static long printed_by(void (*function)(void))
{
  FILE *file = tmpfile();
  assert_non_null(file);
  fflush(stdout);
  int saved = dup(STDOUT_FILENO);
  dup2(fileno(file), STDOUT_FILENO);
  function();
  fflush(stdout);
  dup2(saved, STDOUT_FILENO);
  close(saved);
  fseek(file, 0, SEEK_END);
  long length = ftell(file);
  fclose(file);
  return length;
}

static void guard_misuse(void)
{
  alf_error err = {0};
  bool survived = false;
  double value = 0;
  assert_fails(alf_glpk_guard(misuse, &survived, &err), ALF_ESOLVER, &err, "row number out of range");
  assert_false(survived);
  assert_ok(alf_glpk_guard(solve_tiny, &value, &err), &err);
  assert_near(value, 10, 0);
}

static void test_guard(void **state)
{
  (void)state;
  alf_error err = {0};
  assert_int_equal(printed_by(guard_misuse), 0);
  assert_fails(alf_glpk_guard(fail_inside, NULL, &err), ALF_ETIMEOUT, &err, "told so");
}

enum action { RETURN, FAIL, CRASH, LEAVE, HANG, INTERRUPT };

static alf_status act(void *context, void *result, alf_error *err)
{
  memset(result, 7, 3);
  switch (*(enum action *)context) {
  case FAIL:
    return alf_fail(err, ALF_ESOLVER, "no luck in the child");
  case CRASH:
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    break;
  case LEAVE:
    _exit(3);
  case HANG:
    for (;;)
      pause();
  case INTERRUPT:
    raise(SIGINT);
    break;
  case RETURN:
    break;
  }
  return ALF_OK;
}

static alf_status run_child(enum action action, double timeout, unsigned char *result, alf_error *err)
{
  return alf_child_run(act, &action, result, 3, alf_deadline_after(timeout, NULL), "the test", err);
}

static void test_child(void **state)
{
  (void)state;
  alf_error err = {0};
  unsigned char result[3] = {0};
  assert_ok(run_child(RETURN, 0, result, &err), &err);
  assert_memory_equal(result, ((unsigned char[]){7, 7, 7}), 3);
  assert_fails(run_child(FAIL, 0, result, &err), ALF_ESOLVER, &err, "no luck in the child");
  assert_fails(run_child(CRASH, 0, result, &err), ALF_ESOLVER, &err, "the test: its process died of signal 11");
  assert_fails(run_child(LEAVE, 0, result, &err), ALF_ESOLVER, &err, "exit status 3");
  assert_fails(run_child(INTERRUPT, 0, result, &err), ALF_EINTERRUPTED, &err, "signal 2");
  memset(result, 0, 3);
  assert_fails(run_child(HANG, 0.02, result, &err), ALF_ETIMEOUT, &err, "the test: time limit reached");
  assert_int_equal(result[0], 0);
}

/* Within a token, order is kept and differences move by less than 1/E of an old unit. */
static void test_perturb(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_affinity batch = {0}, fine = {0}, again = {0};
  alf_test_batch("grid:T=50,E=6,levels=3", &batch);
  alf_problem problem = {&batch, 2, ALF_FRACTIONAL};
  assert_ok(alf_perturb(&problem, ALF_PERTURB_BITS, &fine, &err), &err);
  assert_ok(alf_perturb(&problem, ALF_PERTURB_BITS, &again, &err), &err);
  assert_int_equal(fine.grid_bits, batch.grid_bits + ALF_PERTURB_BITS);
  assert_memory_equal(fine.values, again.values, 50 * 6 * sizeof(int64_t));
  const int64_t unit = INT64_C(1) << ALF_PERTURB_BITS;
  int parted = 0;
  for (int64_t i = 0; i < 50; i++)
    for (int k = 1; k < 6; k++) {
      const int64_t *old = alf_affinity_row(&batch, i), *new = alf_affinity_row(&fine, i);
      int64_t moved = (new[k] - new[0]) - (old[k] - old[0]) * unit;
      assert_true(llabs(moved) * 6 < unit);
      parted += old[k] == old[0] && new[k] != new[0];
    }
  assert_true(parted > 50);
  assert_ok(alf_perturb(&problem, 0, &fine, &err), &err);
  assert_int_equal(alf_affinity_row(&fine, 3)[4] - alf_affinity_row(&fine, 3)[1],
                   alf_affinity_row(&batch, 3)[4] - alf_affinity_row(&batch, 3)[1]);
  alf_affinity_free(&fine);
  alf_affinity_free(&again);
  alf_affinity_free(&batch);
}

static int64_t imbalance(const alf_affinity *batch, int32_t topk, const int64_t *price)
{
  int64_t load[64] = {0}, score[64], off = 0;
  alf_expert chosen[64];
  for (int64_t i = 0; i < batch->tokens; i++) {
    for (int32_t k = 0; k < batch->experts; k++)
      score[k] = alf_affinity_row(batch, i)[k] + price[k];
    alf_topk_row(score, batch->experts, topk, chosen);
    for (int32_t j = 0; j < topk; j++)
      load[chosen[j]]++;
  }
  for (int32_t k = 0; k < batch->experts; k++)
    off += llabs(batch->experts * load[k] - topk * batch->tokens) / batch->experts;
  return off;
}

static void test_quantile_prices(void **state)
{
  (void)state;
  static const char *const sources[] = {"softmax:T=800,E=16", "softmax:T=800,E=16,skew=4",
                                        "adversarial:T=800,E=16,kind=0", "grid:T=800,E=16,levels=2"};
  alf_error err = {0};
  for (int s = 0; s < 4; s++) {
    alf_affinity batch = {0}, fine = {0};
    alf_test_batch(sources[s], &batch);
    assert_ok(alf_perturb(&(alf_problem){&batch, 2, ALF_FRACTIONAL}, ALF_PERTURB_BITS, &fine, &err), &err);
    alf_problem problem = {&fine, 2, ALF_FRACTIONAL};
    int64_t price[16] = {0};
    int64_t before = imbalance(&fine, 2, price);
    assert_ok(alf_quantile_prices(&problem, &fine, 16, alf_deadline_after(0, NULL), price, &err), &err);
    int64_t after = imbalance(&fine, 2, price);
    assert_true(after <= 64);
    assert_true(s == 3 || after < before / 4);
    assert_fails(alf_quantile_prices(&problem, &fine, 16, (alf_deadline){0, NULL}, price, &err), ALF_ETIMEOUT, &err,
                 "after 1 rounds");
    alf_affinity_free(&fine);
    alf_affinity_free(&batch);
  }
}

/* Loads come near capacities, the sample's near its share of them. */
static void test_quantile_prices_with_capacities(void **state)
{
  (void)state;
  enum { T = 1600, SAMPLE = 400 };
  static const int64_t capacity[8] = {0, T, 800, 200, 600, 0, T / 2, 800};
  alf_error err = {0};
  alf_affinity batch = {0}, fine = {0};
  alf_test_batch("softmax:T=1600,E=8", &batch);
  assert_ok(alf_perturb(&(alf_problem){&batch, 3, ALF_FRACTIONAL, NULL}, ALF_PERTURB_BITS, &fine, &err), &err);
  alf_problem problem = {.batch = &fine, .topk = 3, .capacity = capacity};
  alf_affinity sample = fine;
  for (sample.tokens = SAMPLE; sample.tokens <= T; sample.tokens *= T / SAMPLE) {
    int64_t price[8] = {0}, score[8], load[8] = {0}, off = 0;
    alf_expert chosen[3];
    assert_ok(alf_quantile_prices(&problem, &sample, 40, alf_deadline_after(0, NULL), price, &err), &err);
    for (int64_t i = 0; i < sample.tokens; i++) {
      for (int k = 0; k < 8; k++)
        score[k] = alf_affinity_row(&sample, i)[k] + price[k];
      alf_topk_row(score, 8, 3, chosen);
      for (int j = 0; j < 3; j++)
        load[chosen[j]]++;
    }
    for (int k = 0; k < 8; k++)
      off += llabs(load[k] - capacity[k] * sample.tokens / T);
    assert_true(off <= 8);
  }
  alf_affinity_free(&fine);
  alf_affinity_free(&batch);
}

/* Every free cell is nearer its threshold than every cell of the same expert that is not, and fixed slots add up. */
static void test_window(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_test_batch("uniform:T=2000,E=8", &batch);
  alf_problem problem = {&batch, 3, ALF_FRACTIONAL};
  alf_window window = {0};
  int64_t price[8] = {0};
  bool all = true;
  assert_ok(alf_window_alloc(&window, &problem, &err), &err);
  assert_ok(alf_window_fill(&window, price, 1, &all, &err), &err);
  assert_false(all);
  assert_true(window.cells > 8 * 32 && window.cells < 2000 * 8 / 2);
  int64_t slots = 0;
  for (int k = 0; k < 8; k++)
    slots += window.fixed_load[k];
  for (int64_t r = 0; r < window.tokens; r++) {
    const alf_window_cell *basic = &window.cell[window.token[r].first + window.token[r].basic];
    assert_true(basic->cost == 0 && basic->chosen && basic->row == r);
  }
  for (int64_t c = 0; c < window.cells; c++) {
    const alf_window_cell *cell = &window.cell[c];
    assert_true(cell->chosen ? cell->cost >= 0 : cell->cost <= 0);
    slots += cell->chosen;
  }
  assert_int_equal(slots, 3 * 2000);
  assert_ok(alf_window_fill(&window, price, INT64_C(1) << 40, &all, &err), &err);
  assert_true(all);
  assert_int_equal(window.cells, 2000 * 8);
  alf_window_free(&window);
  alf_affinity_free(&batch);
}

/* Solves from given prices and returns the certificate. */
static alf_certificate finish_from(const alf_problem *problem, const double *price)
{
  alf_error err = {0};
  alf_certificate c = {0};
  alf_solution solution = {0};
  alf_glpk_finish *finish = NULL;
  assert_ok(alf_solution_alloc(&solution, problem, &err), &err);
  assert_ok(alf_glpk_finish_alloc(&finish, problem, alf_deadline_after(0, NULL), &err), &err);
  assert_ok(alf_glpk_finish_run(finish, price, &solution, &err), &err);
  assert_ok(alf_certify(problem, &solution, &c, &err), &err);
  assert_int_equal(solution.repairs, 0);
  alf_glpk_finish_free(finish);
  alf_solution_free(&solution);
  return c;
}

/* Any prices do: none, absurd ones, and ones beyond the perturbed grid, which is then given up. */
static void test_finish_from_bad_prices(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_test_batch("uniform:T=301,E=6", &batch);
  static const double prices[][6] = {
      {0}, {5, -3, 0, 0, 2, -5}, {1e6, 0, 0, 0, 0, -1e3}, {1e9, 1e9, 1e9, 1e9, 1e9, 1e9}};
  for (int kind = ALF_FRACTIONAL; kind <= ALF_ROUNDED; kind++) {
    alf_problem problem = {&batch, 2, (alf_problem_kind)kind};
    alf_int128 optimum = 0;
    for (int p = 0; p < 4; p++) {
      alf_certificate c = finish_from(&problem, prices[p]);
      assert_true(c.certified);
      assert_true(p == 0 || c.primal == optimum);
      optimum = c.primal;
    }
  }
  alf_affinity_free(&batch);
}

/* Where a window of the nearest cells is too narrow, it widens. */
static void test_window_widens(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_test_batch("dirichlet:T=800,E=33,concentration=0.02,seed=4", &batch);
  alf_problem problem = {&batch, 5, ALF_FRACTIONAL};
  alf_solution solution = {0};
  alf_certificate c = {0};
  assert_ok(alf_solve(alf_solver_find("glpk-warm"), &problem, NULL, &solution, &err), &err);
  assert_ok(alf_certify(&problem, &solution, &c, &err), &err);
  int64_t windows = solution.iterations;
  alf_solution_free(&solution);
  alf_affinity_free(&batch);
  assert_true(c.certified);
  assert_in_range(windows, 2, 5);
}

/* The prices of GLPK's other methods are nearly optimal: they leave few pivots, where prices of the wrong sign or scale
   leave hundreds. */
static void test_prices_of_other_methods(void **state)
{
  (void)state;
  static const char *const names[] = {"glpk-interior", "glpk-mincost", "glpk-warm"};
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_test_batch("softmax:T=257,E=8", &batch);
  for (int s = 0; s < 3; s++)
    for (int kind = ALF_FRACTIONAL; kind <= ALF_ROUNDED; kind++) {
      alf_problem problem = {&batch, 3, (alf_problem_kind)kind};
      alf_solution solution = {0};
      assert_ok(alf_solve(alf_solver_find(names[s]), &problem, NULL, &solution, &err), &err);
      assert_in_range(solution.pivots, 0, 40);
      assert_int_equal(solution.repairs, 0);
      alf_solution_free(&solution);
    }
  alf_affinity_free(&batch);
}

static void test_finish_refuses_prices_off_the_grid(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_affinity batch = {0};
  alf_test_batch("uniform:T=30,E=3", &batch);
  alf_problem problem = {&batch, 1, ALF_FRACTIONAL};
  alf_solution solution = {0};
  alf_glpk_finish *finish = NULL;
  assert_ok(alf_solution_alloc(&solution, &problem, &err), &err);
  assert_ok(alf_glpk_finish_alloc(&finish, &problem, alf_deadline_after(0, NULL), &err), &err);
  alf_status status = alf_glpk_finish_run(finish, (double[]){1e7, 0, 0}, &solution, &err);
  assert_fails(status, ALF_ERANGE, &err, "price 1e+07 of expert 0 leaves the grid");
  status = alf_glpk_finish_run(finish, (double[]){(double)NAN, 0, 0}, &solution, &err);
  assert_fails(status, ALF_ERANGE, &err, "leaves the grid");
  alf_glpk_finish_free(finish);
  alf_glpk_finish_free(NULL);
  alf_solution_free(&solution);
  alf_affinity_free(&batch);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_guard),
      cmocka_unit_test(test_child),
      cmocka_unit_test(test_perturb),
      cmocka_unit_test(test_quantile_prices),
      cmocka_unit_test(test_quantile_prices_with_capacities),
      cmocka_unit_test(test_window),
      cmocka_unit_test(test_finish_from_bad_prices),
      cmocka_unit_test(test_window_widens),
      cmocka_unit_test(test_prices_of_other_methods),
      cmocka_unit_test(test_finish_refuses_prices_off_the_grid),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
