/* Rules that look at affinities, by hand, and at the edges of what there is. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/iterate.h"
#include "alf/verify.h"
#include "update.h"

enum { TYPES = 3 };

static const alf_dtype types[TYPES] = {ALF_DYADIC, ALF_FLOAT64, ALF_FLOAT32};

static const char *const names[] = {"multiplicative", "quantile", "signed-quantile", "bip", "newton", "oracle", NULL};

/* Two experts, K = 1: token i prefers expert 0 by difference[i]/16. */
static alf_update two_experts(int32_t tokens, const double *difference)
{
  alf_update b = {.tokens = tokens, .experts = 2, .topk = 1};
  for (int32_t i = 0; i < tokens; i++)
    b.value[2 * i] = difference[i] / 16;
  return b;
}

/* In every type; steps in sixteenths. */
static void assert_steps(const alf_update *start, const char *rule, double u, double first, double second)
{
  for (int t = 0; t < TYPES; t++) {
    alf_update b = *start;
    alf_update_run(&b, rule, types[t], u, NULL);
    assert_near(b.delta[0], first / 16, 1e-12);
    assert_near(b.delta[1], second / 16, 1e-12);
  }
}

/* L = 2. Thresholds 4.5, 2.5, 1.5, 0.5: expert 0 has two tokens from a shift between −2.5 and −1.5 on, expert 1 between
   1.5 and 2.5. */
static void quantile_by_hand(void **state)
{
  (void)state;
  alf_update b = two_experts(4, (double[]){9, 5, 3, 1});
  assert_steps(&b, "quantile", 1, -2, 2);
  assert_steps(&b, "quantile", 0.25, -0.5, 0.5);
  assert_steps(&b, "quantile", 3, -2, 2); /* never beyond */
  assert_steps(&b, "signed-quantile", 1. / 16, -1, 1);
  b.shift[0] = b.shift[1] = 3. / 16; /* a common shift ends: p' has mean 0 */
  assert_steps(&b, "quantile", 1, -5, -1);
  assert_steps(&b, "signed-quantile", 2. / 16, -2, -2);
  b.shift[0] = -2. / 16;
  b.shift[1] = 2. / 16; /* there */
  assert_steps(&b, "quantile", 1, 0, 0);
  assert_steps(&b, "signed-quantile", 1, 0, 0);
}

/* L = 1.5: the second smallest of −4.5, −2.5, −0.5 and of 0.5, 2.5, 4.5, where the second token is tied. */
static void quantile_between_whole_loads(void **state)
{
  (void)state;
  alf_update b = two_experts(3, (double[]){9, 5, 1});
  assert_steps(&b, "quantile", 1, -2.5, 2.5);
}

/* Values from −4.5 to 4.5 in four bins of 2.25, two in each: expert 0 has its two tokens at the end of the first. */
static void histograms_by_hand(void **state)
{
  (void)state;
  alf_update b = two_experts(4, (double[]){9, 5, 3, 1});
  assert_steps(&b, "quantile[bins=4]", 1, -2.25, 2.25);
  assert_steps(&b, "quantile[bins=1]", 1, 0, 0); /* half of it, for both */
  b = two_experts(4, (double[]){0, 0, 0, 0});
  assert_steps(&b, "quantile[bins=4]", 1, 0, 0);
}

/* p' is (−2, 2) at both updates: thresholds only move when the two shifts have a sum. */
static void moving_averages_begin_at_0(void **state)
{
  (void)state;
  alf_update b = two_experts(4, (double[]){9, 5, 3, 1});
  double average[2] = {0};
  alf_update_run(&b, "quantile[ema=0.5]", ALF_DYADIC, 1, average);
  assert_near(b.delta[0], -1. / 16, 1e-15);
  for (int k = 0; k < 2; k++)
    b.shift[k] += b.delta[k];
  alf_update_run(&b, "quantile[ema=0.5]", ALF_DYADIC, 1, average);
  assert_near(b.delta[0], -0.5 / 16, 1e-15);
  assert_near(average[1], 1.5 / 16, 1e-15);
}

/* The third largest affinity is the price of an expert that two tokens may have, where that is positive. */
static void bip_by_hand(void **state)
{
  (void)state;
  alf_update b = two_experts(4, (double[]){9, 5, 3, 1});
  assert_steps(&b, "bip[passes=1]", 1, -3, 0);
  assert_steps(&b, "bip", 1, -3, 0);
  assert_steps(&b, "bip", 0.5, -1.5, 0);
  for (int i = 0; i < 4; i++)
    b.value[2 * i] = b.value[2 * i] - 0.25; /* 5, 1, −1, −3: all want less than nothing of it */
  assert_steps(&b, "bip", 1, 0, 0);
  for (int i = 0; i < 4; i++) {
    b.value[2 * i] += 1.25; /* 25, 21, 19, 17 against 16 */
    b.value[2 * i + 1] = 1;
  }
  assert_steps(&b, "bip[passes=1]", 1, -3, 0);
}

/* All four tokens on expert 0, 2 too many. The two smallest margins, 1 and 3, are tied: w = 3, and twice w times the
   Hessian is (2 −2; −2 2). With ridge 1 expert 0 moves by 2·3·(−2)/(4 + 2). */
static void newton_by_hand(void **state)
{
  (void)state;
  alf_update b = two_experts(4, (double[]){9, 5, 3, 1});
  assert_steps(&b, "newton[tied=0.5,ridge=1]", 1, -2, 2);
  assert_steps(&b, "newton[tied=0,ridge=1]", 0.5, -1, 1); /* at least as many as experts */
  assert_steps(&b, "newton[tied=1,ridge=1]", 8, -2 * 9 * 2. / 12, 2 * 9 * 2. / 12);
  b = two_experts(4, (double[]){4, 4, 5, 5});
  assert_steps(&b, "newton[tied=0.5,ridge=1e-6]", 1, -2.5, 2.5); /* not (−4, 4): no margin is beyond 5 */
}

/* Optimal prices differ by 3 to 5: the centre is midway. */
static void oracle_by_hand(void **state)
{
  (void)state;
  alf_update b = two_experts(4, (double[]){9, 5, 3, 1});
  assert_steps(&b, "oracle", 1, -2, 2);
  assert_steps(&b, "oracle", 0.5, -1, 1);
  b.shift[0] = b.shift[1] = 1. / 16;
  assert_steps(&b, "oracle", 7, -3, 1);
}

/* b = 1 + p: 8/16 · 14/16 is below 7/16 · 18/16, and 8/16 · 30/32 above 7/16 · 34/32 not: 0.46875 and 0.46484. */
static void multiplicative_by_hand(void **state)
{
  (void)state;
  alf_update b = two_experts(4, (double[]){8, 8, 8, 8});
  for (int i = 0; i < 4; i++)
    b.value[2 * i + 1] = 7. / 16;
  for (int t = 0; t < TYPES; t++)
    for (int half = 0; half < 2; half++) {
      alf_affinity batch = {0};
      alf_iterate *it = NULL;
      const alf_step *step;
      alf_error err = {0};
      alf_iterate_settings s = {.rule = alf_rule_find("multiplicative"),
                                .schedule = alf_schedule_find("constant"),
                                .u = half ? 1. / 16 * 0.5 : 1. / 8,
                                .topk = 1};
      alf_update_batch(&b, types[t], &batch);
      assert_ok(alf_iterate_alloc(&it, &batch, &s, &err), &err);
      assert_ok(alf_iterate_start(it, &batch, &err), &err);
      assert_int_equal(alf_iterate_current(it)->load_after[0], 4);
      assert_ok(alf_iterate_step(it, &batch, &step, &err), &err);
      assert_near(step->delta.real[0], -s.u, 0);
      assert_near(step->delta.real[1], s.u, 0);
      assert_int_equal(step->load_after[0], half ? 4 : 0);
      alf_iterate_free(it);
      alf_affinity_free(&batch);
    }
}

/* On a grid of 2^0 a shift of 2^20 times an affinity of 2^40 just fits. */
static void products_stay_on_the_grid(void **state)
{
  (void)state;
  const double values[] = {0x1p40, -0x1p40, 0x1.8p40, 0x1p39};
  alf_affinity real = {.dtype = ALF_FLOAT64, .tokens = 2, .experts = 2, .values = values}, batch = {0};
  alf_iterate *it = NULL;
  const alf_step *step;
  alf_error err = {0};
  double shift[2] = {0x1p20 - 1, 1 - 0x1p20};
  alf_iterate_settings s = {.rule = alf_rule_find("multiplicative"),
                            .schedule = alf_schedule_find("constant"),
                            .u = 1,
                            .topk = 1,
                            .shift = shift};
  assert_ok(alf_affinity_convert(&real, ALF_DYADIC, &batch, &err), &err);
  assert_int_equal(batch.grid_bits, 0);
  assert_ok(alf_iterate_alloc(&it, &batch, &s, &err), &err);
  assert_ok(alf_iterate_start(it, &batch, &err), &err);
  assert_int_equal(alf_iterate_current(it)->load_after[0], 2);
  assert_ok(alf_iterate_step(it, &batch, &step, &err), &err); /* both towards 0 */
  alf_iterate_free(it);
  shift[0] = 0x1p20;
  assert_fails(alf_iterate_alloc(&it, &batch, &s, &err), ALF_ERANGE, &err, "leaves the grid");
  alf_affinity_free(&batch);
}

/* 15 steps of every rule on a batch; shifts stay finite and loads add up. */
static void survive(const alf_update *b, double u)
{
  for (int r = 0; names[r]; r++)
    for (int t = 0; t < TYPES; t++) {
      alf_affinity batch = {0};
      alf_iterate *it = NULL;
      const alf_step *step;
      alf_error err = {0};
      alf_iterate_settings s = {alf_rule_find(names[r]), alf_schedule_find("constant"), u, b->topk, b->shift};
      alf_update_batch(b, types[t], &batch);
      assert_ok(alf_iterate_alloc(&it, &batch, &s, &err), &err);
      assert_ok(alf_iterate_start(it, &batch, &err), &err);
      for (int n = 0; n < 15; n++) {
        int64_t slots = 0;
        assert_ok(alf_iterate_step(it, &batch, &step, &err), &err);
        for (int32_t k = 0; k < b->experts; k++) {
          slots += step->load_after[k];
          assert_true(isfinite(step->delta.real[k]) && fabs(step->shift_after.real[k]) < 1e3);
        }
        assert_int_equal(slots, b->tokens * b->topk);
      }
      alf_iterate_free(it);
      alf_affinity_free(&batch);
    }
}

static void nothing_breaks_at_the_edges(void **state)
{
  (void)state;
  for (int n = 0; n < 60; n++) {
    alf_update b = alf_update_draw(n % 3 ? 12 : 1, n % 2 ? 2 : 9);
    if (n % 5 == 0)
      b.topk = b.experts - 1;
    if (n % 4 == 0) /* all are alike, or all tokens are */
      for (int32_t c = 0; c < b.tokens * b.experts; c++)
        b.value[c] = n % 8 ? b.value[c % b.experts] : 0.25;
    if (n % 4 == 0)
      memset(b.shift, 0, sizeof b.shift);
    survive(&b, n % 2 ? 1 : 0.3);
  }
}

/* Shifts at both ends of the grid, and affinities of 0 and next to it. */
static void extremes_fit(void **state)
{
  (void)state;
  alf_update b = {.tokens = 4, .experts = 3, .topk = 1};
  b.shift[0] = 0x1p21 - 1;
  b.shift[1] = 1 - 0x1p21;
  for (int r = 0; names[r]; r++)
    for (int t = 0; t < TYPES; t++) {
      alf_update_run(&b, names[r], types[t], 1, NULL);
      for (int k = 0; k < 3; k++)
        assert_true(isfinite(b.delta[k]));
    }
  for (int c = 0; c < 12; c++)
    b.value[c] = c * 0x1p-120;
  memset(b.shift, 0, sizeof b.shift);
  alf_update_run(&b, "quantile", ALF_FLOAT64, 1, NULL); /* as exact as among larger ones */
  assert_near(b.delta[1] - b.delta[0], -0x1p-120, 0x1p-160);
}

static void what_is_not_finite_is_refused(void **state)
{
  (void)state;
  static const double bad[] = {INFINITY, -INFINITY, NAN};
  for (int r = 0; names[r]; r++)
    for (int t = 1; t < TYPES; t++)
      for (int v = 0; v < 3; v++) {
        alf_error err = {0};
        alf_update b = two_experts(4, (double[]){9, 5, 3, 1});
        b.value[5] = bad[v];
        alf_status status = alf_update_try(&b, names[r], types[t], 1, NULL, &err);
        if (!strcmp(names[r], "multiplicative"))
          assert_ok(status, &err); /* it only sees the loads */
        else
          assert_fails(status, ALF_EFORMAT, &err, "finite");
      }
}

/* Claims are about γ + p. What they say of the batch alone still holds. */
static void claims_do_not_judge_products(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_instance instance = {0};
  double u = 0.01;
  alf_instance_settings settings = {.solve = true, .crowding_count = 1, .step_size = &u};
  alf_verify_settings verify = {.steps = 30, .exact = true, .claims = alf_claims};
  alf_cell cell = {alf_rule_find("multiplicative"), alf_schedule_find("constant"), u, NULL, NULL};
  alf_claim_result result[16];
  alf_error err = {0};
  alf_test_batch("uniform:T=128,E=8", &batch);
  assert_ok(alf_instance_prepare(&instance, &batch, 2, &settings, &err), &err);
  assert_ok(alf_verify_cell(&instance, NULL, &cell, &verify, result, &err), &err);
  for (int c = 0; alf_claims[c]; c++) {
    if (alf_claims[c]->needs & ALF_NEEDS_CURVATURE)
      continue;
    assert_int_equal(result[c].verdict, alf_claims[c]->fixed_by_batch ? ALF_HOLDS : ALF_HYPOTHESIS_NOT_MET);
    if (!alf_claims[c]->fixed_by_batch)
      assert_non_null(strstr(result[c].reason, "multiplies"));
  }
  alf_instance_free(&instance);
  alf_affinity_free(&batch);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(quantile_by_hand),
      cmocka_unit_test(quantile_between_whole_loads),
      cmocka_unit_test(histograms_by_hand),
      cmocka_unit_test(moving_averages_begin_at_0),
      cmocka_unit_test(bip_by_hand),
      cmocka_unit_test(newton_by_hand),
      cmocka_unit_test(oracle_by_hand),
      cmocka_unit_test(multiplicative_by_hand),
      cmocka_unit_test(products_stay_on_the_grid),
      cmocka_unit_test(nothing_breaks_at_the_edges),
      cmocka_unit_test(extremes_fit),
      cmocka_unit_test(what_is_not_finite_is_refused),
      cmocka_unit_test(claims_do_not_judge_products),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
