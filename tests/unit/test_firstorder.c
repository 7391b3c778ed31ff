/* The pieces of the first-order solvers: a token's sparse plan, the semi-dual and L-BFGS. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "firstorder/lbfgs.h"
#include "firstorder/semidual.h"

enum { E = 6, K = 2, SUBSETS = 1 << E };

/* Σ clip((s − θ)/λ) over the experts of a subset. */
static double mass(const double *score, int subset, double theta, double lambda)
{
  double sum = 0;
  for (int k = 0; k < E; k++)
    if (subset >> k & 1)
      sum += fmin(fmax((score[k] - theta) / lambda, 0), 1);
  return sum;
}

/* max Σ s y − λ/2 Σ y² over 0 <= y <= 1, Σ y = K, y = 0 outside the subset: θ by bisection. */
static double best_of_subset(const double *score, int subset, double lambda)
{
  double low = -5 - lambda, high = 5, value = 0; /* all scores are in between */
  for (int n = 0; n < 200; n++)
    *(mass(score, subset, (low + high) / 2, lambda) > K ? &low : &high) = (low + high) / 2;
  for (int k = 0; k < E; k++) {
    double y = subset >> k & 1 ? fmin(fmax((score[k] - high) / lambda, 0), 1) : 0;
    value += score[k] * y - lambda / 2 * y * y;
  }
  return value;
}

static double best_of_all(const double *score, int nonzeros, double lambda)
{
  double best = -(double)INFINITY;
  for (int subset = 0; subset < SUBSETS; subset++) {
    int size = __builtin_popcount((unsigned)subset);
    if (size >= K && size <= nonzeros)
      best = fmax(best, best_of_subset(score, subset, lambda));
  }
  return best;
}

static const double scores[][E] = {{0.9, 0.1, 0.5, 0.45, 0.3, 0.2},
                                   {0.1, 0.1, 0.1, 0.1, 0.1, 0.1},
                                   {-1, 2, -1, 2, 2, -3},
                                   {0, 1e-3, 2e-3, 3e-3, 4e-3, 1},
                                   {3, 2.5, 2.5, -4, 2.4999, 0}};
enum { SCORES = sizeof scores / sizeof *scores };

/* Feasible, and as good as the best over all subsets of experts. */
static void check_plan(const double *score, int nonzeros, double lambda)
{
  alf_semidual f = {.tokens = 1, .experts = E, .topk = K, .lambda = lambda, .nonzeros = nonzeros};
  int32_t expert[E];
  double amount[E], sum = 0, value = 0;
  int32_t entries = alf_semidual_plan(&f, score, expert, amount);
  assert_true(entries >= K && entries <= nonzeros);
  for (int32_t j = 0; j < entries; j++) {
    assert_true(amount[j] > 0 && amount[j] <= 1);
    sum += amount[j];
    value += score[expert[j]] * amount[j] - lambda / 2 * amount[j] * amount[j];
  }
  double rounding = 1e-12 + 1e-14 / lambda; /* an amount is a difference of scores by λ */
  assert_near(sum, K, rounding);
  assert_near(value, best_of_all(score, nonzeros, lambda), 10 * rounding);
}

static void plan_is_the_best_of_all_subsets(void **state)
{
  (void)state;
  static const double lambdas[] = {1e-6, 0.01, 0.3, 2, 100};
  for (int s = 0; s < SCORES; s++)
    for (int nonzeros = K; nonzeros <= E; nonzeros++)
      for (size_t l = 0; l < sizeof lambdas / sizeof *lambdas; l++)
        check_plan(scores[s], nonzeros, lambdas[l]);
}

/* The five rows as a batch, with equal loads. */
typedef struct toy {
  double target[E], score[E], amount[E];
  int32_t expert[E];
} toy;

static void make_toy(toy *t)
{
  for (int k = 0; k < E; k++)
    t->target[k] = (double)K * SCORES / E;
}

static alf_semidual semidual_of(const toy *t, double lambda, int nonzeros)
{
  return (alf_semidual){SCORES, E, K, scores[0], t->target, lambda, nonzeros};
}

static double value_of(toy *t, const alf_semidual *f, const double *price, double *gradient)
{
  return alf_semidual_value(f, price, gradient, t->score, t->amount, t->expert);
}

static const double some_prices[E] = {0.03, -0.2, 0.11, 0.07, -0.05, 0.4};

static void gradient_is_that_of_differences(void **state)
{
  (void)state;
  toy t;
  make_toy(&t);
  alf_semidual f = semidual_of(&t, 0.37, 5);
  double price[E], gradient[E], other[E], h = 1e-6, sum = 0;
  memcpy(price, some_prices, sizeof price);
  value_of(&t, &f, price, gradient);
  for (int k = 0; k < E; k++) {
    price[k] = some_prices[k] + h;
    double above = value_of(&t, &f, price, other);
    price[k] = some_prices[k] - h;
    double below = value_of(&t, &f, price, other);
    price[k] = some_prices[k];
    assert_near((above - below) / (2 * h), gradient[k], 1e-6);
    sum += gradient[k];
  }
  assert_near(sum, 0, 1e-12);
}

/* Σ of the K largest scores, less Σ L_k p_k. */
static double dual(const toy *t, const double *price)
{
  double value = 0;
  for (int i = 0; i < SCORES; i++) {
    double first = -(double)INFINITY, second = first;
    for (int k = 0; k < E; k++) {
      double s = scores[i][k] + price[k];
      second = fmax(second, fmin(s, first));
      first = fmax(first, s);
    }
    value += first + second;
  }
  for (int k = 0; k < E; k++)
    value -= t->target[k] * price[k];
  return value;
}

/* D − λKT/2 <= φ <= D, for K = 2; with c = K it is the lower one; it grows with c. */
static void semidual_lies_below_the_dual(void **state)
{
  (void)state;
  toy t;
  make_toy(&t);
  double gradient[E], lambda = 0.25, exact = dual(&t, some_prices), cost = lambda / 2 * K * SCORES, before = 0;
  for (int nonzeros = K; nonzeros <= E; nonzeros++) {
    alf_semidual f = semidual_of(&t, lambda, nonzeros);
    double value = value_of(&t, &f, some_prices, gradient);
    if (nonzeros == K)
      assert_near(value, exact - cost, 1e-12);
    else
      assert_true(value >= before - 1e-12 && value < exact);
    before = value;
  }
  assert_true(before > exact - cost + 1e-3);
}

static void filled_plan_has_the_loads_of_the_gradient(void **state)
{
  (void)state;
  toy t;
  make_toy(&t);
  alf_semidual f = semidual_of(&t, 0.3, 4);
  double gradient[E], x[SCORES * E];
  value_of(&t, &f, some_prices, gradient);
  alf_semidual_fill(&f, some_prices, x, t.score, t.amount, t.expert);
  for (int k = 0; k < E; k++) {
    double load = 0;
    for (int i = 0; i < SCORES; i++)
      load += x[i * E + k];
    assert_near(load - t.target[k], gradient[k], 1e-12);
  }
}

/* On a quadratic: the direction for the youngest change of gradient is the step back (secant equation), and with
   exact line searches it ends after as many steps as there are variables. */
static void lbfgs_minimises_a_quadratic(void **state)
{
  (void)state;
  enum { N = 4 };
  static const double weight[N] = {1, 10, 0.1, 3};
  alf_error err = {0};
  alf_memory memory = {0};
  alf_lbfgs pairs;
  alf_lbfgs_open(&pairs, N, &memory);
  assert_ok(alf_memory_check(&memory, &err), &err);
  double at[N] = {1, -2, 3, 4}, next[N], gradient[N], after[N], direction[N], change[N];
  for (int n = 0; n < N; n++) {
    double slope = 0, bend = 0;
    for (int k = 0; k < N; k++)
      gradient[k] = weight[k] * at[k];
    alf_lbfgs_direction(&pairs, gradient, 0.5, direction);
    for (int k = 0; k < N; k++) {
      slope += gradient[k] * direction[k];
      bend += weight[k] * direction[k] * direction[k];
    }
    assert_true(slope < 0);
    for (int k = 0; k < N; k++) {
      next[k] = at[k] - slope / bend * direction[k];
      after[k] = weight[k] * next[k];
      change[k] = after[k] - gradient[k];
    }
    alf_lbfgs_learn(&pairs, at, next, gradient, after);
    alf_lbfgs_direction(&pairs, change, 0.5, direction);
    for (int k = 0; k < N; k++)
      assert_near(direction[k], at[k] - next[k], 1e-9);
    memcpy(at, next, sizeof at);
  }
  for (int k = 0; k < N; k++)
    assert_near(at[k], 0, 1e-9);
  alf_lbfgs_learn(&pairs, at, at, gradient, gradient);
  assert_int_equal(pairs.held, N);
  alf_memory_free(&memory);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plan_is_the_best_of_all_subsets), cmocka_unit_test(gradient_is_that_of_differences),
      cmocka_unit_test(semidual_lies_below_the_dual),    cmocka_unit_test(filled_plan_has_the_loads_of_the_gradient),
      cmocka_unit_test(lbfgs_minimises_a_quadratic),
  };
  return cmocka_run_group_tests_name("firstorder", tests, NULL, NULL);
}
