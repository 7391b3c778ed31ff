/* The population by quadrature: closed forms, differences of its own values, and tokens drawn. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/population.h"

typedef struct bench {
  alf_source *source;
  const alf_family *family;
  const alf_family_call *call;
  alf_population *population;
  int32_t experts, topk;
} bench;

static bench open_bench(const char *input, int32_t topk)
{
  bench b = {.topk = topk};
  alf_error err = {0};
  assert_ok(alf_source_open(&b.source, input, 3, &err), &err);
  b.family = alf_source_family(b.source, &b.call);
  b.experts = b.call->experts;
  assert_ok(alf_population_alloc(&b.population, b.family, b.call, topk, &err), &err);
  return b;
}

static void close_bench(bench *b)
{
  alf_population_free(b->population);
  alf_source_close(b->source);
}

static alf_population_point at(const bench *b, const double *shift)
{
  return alf_population_evaluate(b->population, shift, true, ALF_POPULATION_ORDER);
}

/* Uniform: the j-th largest of E has mean (E + 1 − j)/(E + 1), and h = 1/(E − 1) for every pair, whatever K. */
static void uniform_has_closed_forms(void **state)
{
  (void)state;
  static const int32_t sizes[][2] = {{2, 1}, {3, 1}, {8, 2}, {8, 7}, {64, 8}};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    char input[40];
    double experts = sizes[s][0], topk = sizes[s][1], shift[64] = {0}, modulus;
    alf_error err = {0};
    snprintf(input, sizeof input, "uniform:E=%d", sizes[s][0]);
    bench b = open_bench(input, sizes[s][1]);
    alf_population_point p = at(&b, shift);
    assert_near(p.dual, topk - topk * (topk + 1) / 2 / (experts + 1), 1e-13);
    for (int k = 0; k < sizes[s][0]; k++) {
      assert_near(p.share[k], topk / experts, 1e-14);
      for (int l = 0; l < sizes[s][0]; l++)
        assert_near(p.tie[k * sizes[s][0] + l], k == l ? 0 : 1 / (experts - 1), 1e-13);
    }
    assert_ok(alf_laplacian_modulus(p.tie, sizes[s][0], &modulus, &err), &err);
    assert_near(modulus, experts / (experts - 1), 1e-12);
    assert_near(alf_population_least_density(b.population), 1, 0);
    close_bench(&b);
  }
}

/* Two uniform experts, K = 1, p = (0, d): expert 0 wins with probability (1 − d)²/2, the tie density is 1 − d. */
static void two_experts_by_hand(void **state)
{
  (void)state;
  bench b = open_bench("uniform:E=2", 1);
  for (double d = 0; d < 1; d += 0.125) {
    double shift[] = {0, d}, win = (1 - d) * (1 - d) / 2;
    alf_population_point p = at(&b, shift);
    assert_near(p.share[0], win, 1e-14);
    assert_near(p.share[1], 1 - win, 1e-14);
    assert_near(p.tie[1], 1 - d, 1e-14);
    /* E[max(γ_0, γ_1 + d)] = E[γ_1] + d + E[(γ_0 − γ_1 − d)^+], the last one (1 − d)³/6 */
    assert_near(p.dual, 0.5 + d + pow(1 - d, 3) / 6 - d / 2, 1e-14);
  }
  close_bench(&b);
}

static const char *const inputs[] = {"uniform:E=6", "beta:E=5,a=2,b=3.5,skew=0.4", "truncated_normal:E=6,skew=0.1",
                                     "gauss_sigmoid:E=5,skew=0.7", "mixture:E=4,skew=1"};
enum { INPUTS = sizeof inputs / sizeof *inputs };

static void draw_shift(double *shift, int32_t experts)
{
  for (int32_t k = 0; k < experts; k++)
    shift[k] = 0.07 * ((k * 5) % 7 - 3);
}

/* The gradient of the dual is share − K/E, and that of the shares is the Laplacian of the tie densities. */
static void derivatives_agree_with_differences(void **state)
{
  (void)state;
  for (int i = 0; i < INPUTS; i++) {
    bench b = open_bench(inputs[i], 2);
    double shift[8], share[8], tie[64], step = 1e-4;
    draw_shift(shift, b.experts);
    alf_population_point p = at(&b, shift);
    memcpy(share, p.share, sizeof(double) * (size_t)b.experts);
    memcpy(tie, p.tie, sizeof(double) * (size_t)(b.experts * b.experts));
    double total = 0;
    for (int32_t k = 0; k < b.experts; k++) {
      double up[8], before = shift[k];
      total += share[k];
      shift[k] = before + step;
      p = at(&b, shift);
      double above = p.dual;
      memcpy(up, p.share, sizeof(double) * (size_t)b.experts);
      shift[k] = before - step;
      p = at(&b, shift);
      assert_near((above - p.dual) / (2 * step), share[k] - (double)b.topk / b.experts, 1e-7);
      for (int32_t l = 0; l < b.experts; l++)
        if (l != k)
          assert_near((up[l] - p.share[l]) / (2 * step), -tie[k * b.experts + l], 1e-5);
      shift[k] = before;
    }
    assert_near(total, b.topk, 1e-9);
    close_bench(&b);
  }
}

/* Shares and dual value against 100,000 tokens: five standard errors. */
static void tokens_agree(void **state)
{
  (void)state;
  for (int i = 0; i < INPUTS; i++) {
    char input[100];
    snprintf(input, sizeof input, "%s,T=100000", inputs[i]);
    bench b = open_bench(input, 2);
    alf_affinity batch = {0};
    alf_error err = {0};
    double shift[8], count[8] = {0}, sum = 0, squares = 0, tokens = 100000, common = 0;
    draw_shift(shift, b.experts);
    assert_ok(alf_source_next(b.source, &batch, &err), &err);
    for (int32_t k = 0; k < b.experts; k++)
      common += 2 * shift[k] / b.experts;
    for (int64_t t = 0; t < batch.tokens; t++) {
      double value = 0;
      for (int32_t k = 0; k < b.experts; k++) {
        int ahead = 0;
        double own = alf_affinity_get(&batch, t, k) + shift[k];
        for (int32_t l = 0; l < b.experts; l++)
          ahead += alf_affinity_get(&batch, t, l) + shift[l] > own;
        count[k] += ahead < 2;
        value += ahead < 2 ? own : 0;
      }
      sum += value;
      squares += value * value;
    }
    alf_population_point p = at(&b, shift);
    for (int32_t k = 0; k < b.experts; k++)
      assert_near(count[k] / tokens, p.share[k], 5 * sqrt(p.share[k] * (1 - p.share[k]) / tokens));
    double mean = sum / tokens, error = sqrt((squares / tokens - mean * mean) / tokens);
    assert_near(mean - common, p.dual, 5 * error);
    alf_affinity_free(&batch);
    close_bench(&b);
  }
}

static void the_minimiser_balances(void **state)
{
  (void)state;
  for (int i = 0; i < INPUTS; i++) {
    bench b = open_bench(inputs[i], 2);
    double shift[8], sum = 0, gradient;
    alf_error err = {0};
    assert_ok(alf_population_minimise(b.population, shift, &gradient, &err), &err);
    assert_true(gradient < 1e-8);
    double dual = at(&b, shift).dual;
    for (int32_t k = 0; k < b.experts; k++)
      sum += shift[k];
    assert_near(sum, 0, 1e-12);
    for (int32_t k = 0; k < b.experts; k++) {
      shift[k] += 0.01;
      assert_true(at(&b, shift).dual > dual);
      shift[k] -= 0.01;
    }
    close_bench(&b);
  }
}

static void refuses_what_it_cannot(void **state)
{
  (void)state;
  alf_source *source;
  alf_error err = {0};
  alf_population *population = NULL;
  const alf_family_call *call;
  assert_ok(alf_source_open(&source, "softmax:E=8", 0, &err), &err);
  const alf_family *family = alf_source_family(source, &call);
  assert_int_equal(alf_population_alloc(&population, family, call, 2, &err), ALF_EUNSUPPORTED);
  assert_non_null(strstr(err.text, "softmax"));
  alf_source_close(source);
  assert_ok(alf_source_open(&source, "uniform:E=257", 0, &err), &err);
  family = alf_source_family(source, &call);
  assert_int_equal(alf_population_alloc(&population, family, call, 2, &err), ALF_EUNSUPPORTED);
  assert_int_equal(alf_population_alloc(&population, family, call, 257, &err), ALF_EUNSUPPORTED);
  alf_source_close(source);
  assert_ok(alf_source_open(&source, "uniform:E=4", 0, &err), &err);
  family = alf_source_family(source, &call);
  assert_int_equal(alf_population_alloc(&population, family, call, 4, &err), ALF_EINVAL);
  alf_source_close(source);
  assert_null(population);
  alf_population_free(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(uniform_has_closed_forms),
      cmocka_unit_test(two_experts_by_hand),
      cmocka_unit_test(derivatives_agree_with_differences),
      cmocka_unit_test(tokens_agree),
      cmocka_unit_test(the_minimiser_balances),
      cmocka_unit_test(refuses_what_it_cannot),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
