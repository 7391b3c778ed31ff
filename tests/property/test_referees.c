/* Random instances of up to 2000 tokens and 32 experts: alflab's solvers against LEMON's network simplex, to the last
   unit, and against CLP. A failure is printed as an alflab command that repeats it. Skipped where a referee was not
   found at configure time. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/certificate.h"
#include "alf/solver.h"
#include "referees/referee.h"

enum { INSTANCES = 300, CLP_INSTANCES = 100, MOST_TOKENS = 2000, MOST_EXPERTS = 32 };

/* CLP stops at reduced costs of this much, and each slot can lose one. */
#define CLP_TOLERANCE 1e-9

static const char *const families[] = {
    "softmax",
    "softmax:skew=3",
    "softmax:skew=5",
    "softmax:temperature=0.1",
    "uniform",
    "gauss_sigmoid",
    "dirichlet",
    "grid",
    "grid:levels=2",
    "adversarial:kind=0",
    "drift",
    "adversarial:kind=1",
    "adversarial:kind=2",
    "adversarial:kind=3",
    "adversarial:kind=4",
};
/* On equal rows CLP pivots in place: 10 s at 1238 tokens. */
enum { FAMILIES = sizeof families / sizeof *families, ALL_ROWS_EQUAL = 9, MOST_EQUAL_ROWS = 200 };

struct trial {
  char source[120];
  alf_affinity batch;
  alf_problem problem;
};

static uint64_t mix(uint64_t x)
{
  x = (x ^ (x >> 31)) * UINT64_C(0x7fb5d329728ea185);
  x = (x ^ (x >> 27)) * UINT64_C(0x81dadef4bc2dd44d);
  return x ^ (x >> 33);
}

/* Sizes are even on a logarithmic scale. The caller frees trial->batch. */
static void draw(struct trial *trial, uint64_t number)
{
  const char *family = families[number % FAMILIES];
  double size = (double)(mix(4 * number + 1) % 1000) / 999;
  int tokens = (int)lround(exp(size * log(MOST_TOKENS)));
  int experts = 2 + (int)(mix(4 * number + 2) % (MOST_EXPERTS - 1));
  *trial = (struct trial){0};
  snprintf(trial->source, sizeof trial->source, "%s%cT=%d,E=%d,seed=%llu", family, strchr(family, ':') ? ',' : ':',
           tokens, experts, (unsigned long long)number);
  alf_test_batch(trial->source, &trial->batch);
  trial->problem = (alf_problem){.batch = &trial->batch,
                                 .topk = 1 + (int32_t)(mix(4 * number + 3) % (uint64_t)(experts - 1)),
                                 .kind = mix(4 * number + 4) % 2 ? ALF_ROUNDED : ALF_FRACTIONAL};
}

static void fail_trial(const struct trial *trial, const char *solver, const char *wrong)
{
  print_error("alflab solve %s -k %d%s --solver %s: %s\n", trial->source, (int)trial->problem.topk,
              trial->problem.kind == ALF_ROUNDED ? " --rounded" : "", solver, wrong);
  fail();
}

/* Solves and certifies; the caller frees. */
static alf_int128 solve(const struct trial *trial, const char *name, alf_solution *solution)
{
  alf_error err = {0};
  alf_certificate c = {0};
  if (alf_solve(alf_solver_find(name), &trial->problem, NULL, solution, &err) ||
      alf_certify(&trial->problem, solution, &c, &err))
    fail_trial(trial, name, err.text);
  if (!c.certified)
    fail_trial(trial, name, "not certified");
  return c.primal;
}

static void require(const alf_referee *referee)
{
  if (referee->solve)
    return;
  print_message("%s: not found at configure time: install %s\n", referee->name, referee->package);
  skip();
}

/* Any optimal prices prove any optimal routing, so LEMON's prove that of exchange. */
static void check_prices(const struct trial *trial, alf_solution *solution, const int64_t *price)
{
  alf_error err = {0};
  alf_certificate c = {0};
  memcpy(solution->price, price, (size_t)solution->experts * sizeof *price);
  assert_ok(alf_certify(&trial->problem, solution, &c, &err), &err);
  if (!c.certified)
    fail_trial(trial, "exchange", "not certified by LEMON's prices");
}

/* Where an expert takes no token or every token, LEMON's price of it can be as far away as it likes. */
static bool has_bounded_prices(const alf_problem *problem)
{
  int64_t slots = problem->topk * problem->batch->tokens, tokens = problem->batch->tokens;
  return slots >= problem->batch->experts && slots <= (tokens - 1) * problem->batch->experts;
}

static void check_against_lemon(const struct trial *trial, bool *priced)
{
  alf_error err = {0};
  alf_referee_result lemon;
  alf_solution exchange = {0}, warm = {0};
  int64_t price[MOST_EXPERTS];
  assert_ok(alf_referee_solve(&alf_referee_lemon, &trial->problem, price, &lemon, &err), &err);
  assert_true(lemon.exact);
  if (solve(trial, "exchange", &exchange) != lemon.primal)
    fail_trial(trial, "exchange", "another objective than LEMON");
  if (solve(trial, "glpk-warm", &warm) != lemon.primal)
    fail_trial(trial, "glpk-warm", "another objective than LEMON");
  *priced = has_bounded_prices(&trial->problem);
  if (*priced)
    check_prices(trial, &exchange, price);
  alf_solution_free(&exchange);
  alf_solution_free(&warm);
}

static void test_lemon(void **state)
{
  (void)state;
  require(&alf_referee_lemon);
  int priced = 0;
  for (uint64_t number = 0; number < INSTANCES; number++) {
    struct trial trial;
    bool has_prices = false;
    draw(&trial, number);
    check_against_lemon(&trial, &has_prices);
    priced += has_prices;
    alf_affinity_free(&trial.batch);
  }
  assert_true(priced > INSTANCES / 2);
}

static void test_clp(void **state)
{
  (void)state;
  require(&alf_referee_clp);
  for (uint64_t number = INSTANCES; number < INSTANCES + CLP_INSTANCES; number++) {
    struct trial trial;
    alf_error err = {0};
    alf_referee_result clp;
    alf_solution exchange = {0};
    draw(&trial, number);
    if (number % FAMILIES == ALL_ROWS_EQUAL && trial.batch.tokens > MOST_EQUAL_ROWS) {
      alf_affinity_free(&trial.batch);
      continue;
    }
    assert_ok(alf_referee_solve(&alf_referee_clp, &trial.problem, NULL, &clp, &err), &err);
    assert_false(clp.exact);
    double objective = alf_int128_to_double(solve(&trial, "exchange", &exchange), trial.batch.grid_bits,
                                            (double)alf_problem_denominator(&trial.problem));
    double slots = (double)(trial.problem.topk * trial.batch.tokens);
    assert_near(clp.objective, objective, CLP_TOLERANCE * slots);
    alf_solution_free(&exchange);
    alf_affinity_free(&trial.batch);
  }
}

/* Three tokens, two experts, K = 1, loads 3/2: half a slot of token 1 moves to expert 1 at a loss of 2 units a slot. */
static void test_fractional_by_hand(void **state)
{
  (void)state;
  static const int64_t cells[] = {10, 0, 9, 7, 0, 4};
  alf_affinity batch = {.dtype = ALF_DYADIC, .tokens = 3, .experts = 2, .grid_bits = 40, .values = cells};
  alf_problem problem = {.batch = &batch, .topk = 1, .kind = ALF_FRACTIONAL};
  alf_referee_result result;
  alf_error err = {0};
  int64_t price[2];
  require(&alf_referee_lemon);
  assert_ok(alf_referee_solve(&alf_referee_lemon, &problem, price, &result, &err), &err);
  assert_true(result.primal == 2 * (10 + 4) + 9 + 7);
  assert_int_equal(price[1] - price[0], 2);
  problem.kind = ALF_ROUNDED;
  assert_ok(alf_referee_solve(&alf_referee_lemon, &problem, NULL, &result, &err), &err);
  assert_true(result.primal == 10 + 9 + 4);
}

static void test_absent(void **state)
{
  (void)state;
  static const int64_t cells[] = {1, 2};
  alf_affinity batch = {.dtype = ALF_DYADIC, .tokens = 1, .experts = 2, .grid_bits = 40, .values = cells};
  alf_problem problem = {.batch = &batch, .topk = 1};
  alf_referee absent = {.name = "absent", .package = "libabsent-dev"};
  alf_referee_result result;
  alf_error err = {0};
  assert_fails(alf_referee_solve(&absent, &problem, NULL, &result, &err), ALF_EUNSUPPORTED, &err,
               "absent: not found at configure time: install libabsent-dev");
}

static void test_refuses_bad_problems(void **state)
{
  (void)state;
  static const int64_t cells[] = {1, 2};
  alf_affinity batch = {.dtype = ALF_DYADIC, .tokens = 1, .experts = 2, .grid_bits = 40, .values = cells};
  alf_problem problem = {.batch = &batch, .topk = 2};
  alf_referee_result result;
  alf_error err = {0};
  require(&alf_referee_lemon);
  assert_fails(alf_referee_solve(&alf_referee_lemon, &problem, NULL, &result, &err), ALF_EINVAL, &err, "2");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lemon),
      cmocka_unit_test(test_clp),
      cmocka_unit_test(test_fractional_by_hand),
      cmocka_unit_test(test_absent),
      cmocka_unit_test(test_refuses_bad_problems),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
