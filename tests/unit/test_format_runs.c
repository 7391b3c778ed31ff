/* Formats that show over several updates, in routing, and in what the claims say of them. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "alf/cycle.h"
#include "alf/routing.h"
#include "alf/verify.h"
#include "formatted.h"
#include "problems.h"

/* Loads (3 1), L = 2: proportional steps are −u and u, and −2u and 2u of loads that count twice; signs are the same. */
static void proportional_steps_double_when_loads_do(void **state)
{
  (void)state;
  int64_t cells[8];
  alf_affinity batch = alf_test_split(cells, 4, 3);
  for (int twice = 0; twice < 2; twice++) {
    alf_iterate *it = alf_test_start(&batch, alf_rule_find("proportional"), 2, 1, twice ? "twice=1" : "", NULL);
    assert_near(alf_test_step(it, &batch)->delta.real[1], twice ? 4 : 2, 0);
    alf_iterate_free(it);
    it = alf_test_start(&batch, alf_rule_find("sign"), 2, 1, twice ? "twice=1" : "", NULL);
    assert_near(alf_test_step(it, &batch)->delta.real[1], 2, 0);
    alf_iterate_free(it);
  }
}

enum { STALE_TOKENS = 16 };

/* Tokens whose margins between two experts are 2u apart and u off 0: where p_0 − p_1 = 2u d, expert 0 has 8 + d of 16,
   and a sign step takes d by one towards 0. */
static alf_affinity even_margins(int64_t cells[2 * STALE_TOKENS])
{
  for (int i = 0; i < STALE_TOKENS; i++) {
    cells[2 * i] = 2 * i - STALE_TOKENS + 1;
    cells[2 * i + 1] = 0;
  }
  return alf_test_grid(STALE_TOKENS, 2, 5, cells);
}

/* d_n = d_(n−1) − sign(d_(n−1−S)) from d = 3, at rest for the first S updates: at 0 from then on when S is 0, else to
   and fro between −S and S. */
static void stale_loads_widen_the_oscillation(void **state)
{
  (void)state;
  int64_t cells[2 * STALE_TOKENS];
  alf_affinity batch = even_margins(cells);
  const double u = 0x1p-5, start[] = {3 * u, -3 * u};
  static const char *const formats[] = {"stale=0", "stale=1", "stale=2"};
  for (int stale = 0; stale < 3; stale++) {
    int d[64] = {3}, widest = 0;
    alf_iterate *it = alf_test_start(&batch, alf_rule_find("sign"), u, 1, formats[stale], start);
    for (int n = 1; n < 64; n++) {
      int seen = n > stale ? d[n - 1 - stale] : 0;
      d[n] = d[n - 1] - ((seen > 0) - (seen < 0));
      assert_int_equal(alf_test_step(it, &batch)->load_after[0], 8 + d[n]);
      widest = n > 20 && d[n] > widest ? d[n] : widest;
    }
    assert_int_equal(widest, stale);
    alf_iterate_free(it);
  }
}

/* One batch after the other, with 1, 2, 3, … tokens on expert 0: the rule is asked from the third update on, and then
   sees what was two batches ago. */
static void stale_loads_are_those_of_another_batch(void **state)
{
  (void)state;
  int64_t cells[8][16];
  alf_affinity batch[8];
  for (int b = 0; b < 8; b++)
    batch[b] = alf_test_split(cells[b], 8, b + 1);
  alf_iterate *it = alf_test_start(&batch[0], &alf_test_spy, 1, 1, "stale=2,twice=1", NULL);
  alf_test_spied.asked = 0;
  for (int n = 1; n < 8; n++) {
    alf_test_step(it, &batch[n]);
    assert_int_equal(alf_test_spied.asked, n > 2 ? n - 2 : 0);
    if (n > 2)
      assert_int_equal(alf_test_spied.load[0], 2 * (n - 2));
    assert_ptr_equal(alf_test_spied.batch, n > 2 ? &batch[n - 1] : alf_test_spied.batch);
  }
  assert_ok(alf_iterate_start(it, &batch[0], NULL), NULL); /* nothing is remembered from before */
  alf_test_spied.asked = 0;
  alf_test_step(it, &batch[1]);
  assert_int_equal(alf_test_spied.asked, 0);
  alf_iterate_free(it);
}

static int64_t cycle_length(const alf_affinity *batch, double u, const char *format, const double *start)
{
  alf_iterate *it = alf_test_start(batch, alf_rule_find("sign"), u, 1, format, start);
  alf_cycle *cycle = NULL;
  assert_true(alf_iterate_may_cycle(it));
  alf_iterate_whole whole = alf_iterate_state(it);
  assert_ok(alf_cycle_alloc(&cycle, 2, whole.size, 500, NULL), NULL);
  const alf_step *step = alf_iterate_current(it);
  for (int n = 0; n < 500 && !alf_cycle_observe(cycle, whole.bytes, whole.common, step->load_after, STALE_TOKENS);
       n++) {
    step = alf_test_step(it, batch);
    whole = alf_iterate_state(it);
  }
  int64_t length = alf_cycle_found(cycle) ? alf_cycle_found(cycle)->length : 0;
  alf_cycle_free(cycle);
  alf_iterate_free(it);
  return length;
}

/* With stale loads the shift stands still twice in each cycle of 1, 1, 0, −1, −1, 0 without being at its end. */
static void stale_loads_are_part_of_the_state(void **state)
{
  (void)state;
  int64_t cells[2 * STALE_TOKENS];
  alf_affinity batch = even_margins(cells);
  const double u = 0x1p-5, start[] = {3 * u, -3 * u};
  assert_int_equal(cycle_length(&batch, u, "", start), 1);
  assert_int_equal(cycle_length(&batch, u, "stale=1", start), 6);
  assert_int_equal(cycle_length(&batch, u, "stale=1,shift=bfloat16", start), 6);
  assert_int_equal(cycle_length(&batch, u, "stale=2", start), 10);
}

/* Two shifts that differ by a common one are one state, unless they round differently. */
static void a_common_shift_matters_to_rounding(void **state)
{
  (void)state;
  int64_t cells[2 * STALE_TOKENS];
  alf_affinity batch = even_margins(cells);
  const double starts[][2] = {{0, -1}, {4, 3}};
  static const char *const formats[] = {"", "step=bfloat16", "shift=bfloat16", "groups=2,kept=1",
                                        "groups=2,kept=1,mask=0"};
  for (int f = 0; f < 5; f++) {
    int64_t states[2][2];
    for (int s = 0; s < 2; s++) {
      alf_iterate *it = alf_test_start(&batch, alf_rule_find("sign"), 1, 1, formats[f], starts[s]);
      alf_iterate_whole whole = alf_iterate_state(it);
      assert_int_equal(whole.size, sizeof states[s]);
      memcpy(states[s], whole.bytes, sizeof states[s]);
      alf_iterate_free(it);
    }
    assert_int_equal(!memcmp(states[0], states[1], sizeof states[0]), f != 2 && f != 4);
  }
}

enum { PADDED = 16, PADDING = 8 };

/* Eight tokens with margins ±1, ±3, ±5, ±7, and eight of padding that want expert 0 by all means. */
static alf_affinity padded(int64_t cells[2 * PADDED])
{
  for (int i = 0; i < PADDED; i++) {
    cells[2 * i] = i < PADDED - PADDING ? 2 * i - 7 : 1000;
    cells[2 * i + 1] = 0;
  }
  return alf_test_grid(PADDED, 2, 3, cells);
}

static void padding_that_counts_leaves_the_rest_unbalanced(void **state)
{
  (void)state;
  int64_t cells[2 * PADDED];
  alf_affinity batch = padded(cells), other = batch;
  alf_iterate *it = alf_test_start(&batch, alf_rule_find("sign"), 0.125, 1, "padding=8", NULL);
  const alf_step *step = alf_iterate_current(it);
  assert_int_equal(step->batch_after->tokens, 8);
  assert_int_equal(step->load_after[0], 4); /* it begins on target */
  for (int n = 0; n < 50; n++) {
    step = alf_test_step(it, &batch);
    assert_ptr_equal(step->batch_before, step->batch_after);
    int64_t load[2] = {0};
    alf_count_loads(step->chosen_after, step->batch_after->tokens, 2, load);
    assert_true(load[0] == step->load_after[0] && load[1] == step->load_after[1]);
  }
  assert_true(step->load_after[0] == 0 && step->load_after[1] == 8); /* the rule sees 8 and 8, and rests */
  assert_near(step->delta.real[0], 0, 0);
  step = alf_test_step(it, &other); /* another batch is another view */
  assert_ptr_not_equal(step->batch_before, step->batch_after);
  assert_int_equal(step->batch_after->tokens, 8);
  alf_iterate_free(it);
  it = alf_test_start(&batch, &alf_test_spy, 0.125, 1, "padding=8", NULL);
  alf_test_step(it, &batch);
  assert_true(alf_test_spied.load[0] == 12 && alf_test_spied.slots == 16 && alf_test_spied.tokens == 16);
  alf_iterate_free(it);
}

/* Scores −1, −2 | −3, −4: the first group is kept. A mask of 0 outdoes it, −∞ does not. */
static void a_mask_of_0_lets_excluded_experts_win(void **state)
{
  (void)state;
  const int64_t cells[] = {-1, -2, -3, -4};
  alf_affinity batch = alf_test_grid(1, 4, 0, cells);
  static const char *const formats[] = {"groups=2,kept=1", "groups=2,kept=1,mask=0"};
  const double up[] = {5, 5, 5, 5}; /* all are eligible by their sign then */
  for (int zero = 0; zero < 2; zero++) {
    alf_iterate *it = alf_test_start(&batch, &alf_test_spy, 1, 2, formats[zero], NULL);
    assert_int_equal(alf_iterate_current(it)->chosen_after[0], zero ? 0xc : 0x3);
    assert_true(alf_iterate_current(it)->not_topk);
    alf_iterate_free(it);
    it = alf_test_start(&batch, &alf_test_spy, 1, 2, formats[zero], up);
    assert_int_equal(alf_iterate_current(it)->chosen_after[0], 0x3);
    alf_iterate_free(it);
  }
}

static alf_verdict verdict(const alf_claim_result *results, const char *id)
{
  for (int c = 0; alf_claims[c]; c++)
    if (!strcmp(alf_claims[c]->id, id))
      return results[c].verdict;
  fail_msg("no claim %s", id);
  return ALF_INCONCLUSIVE;
}

/* Claims on a sign run with constant steps of 0.01; `judged` is the batch without padding. */
static void judge(const alf_affinity *judged, const alf_affinity *routed, const char *format, alf_claim_result *results)
{
  alf_format f = alf_test_format(format);
  alf_cell cell = {alf_rule_find("sign"), alf_schedule_find("constant"), 0.01, NULL, NULL, &f};
  double effective = alf_format_step_size(&f, cell.u);
  alf_instance instance = {0};
  alf_instance_settings prepare = {.solve = true, .crowding_count = 1, .step_size = &effective};
  alf_verify_settings settings = {.steps = 300, .cycle_steps = 5000, .exact = true, .claims = alf_claims};
  alf_error err = {0};
  assert_ok(alf_instance_prepare(&instance, judged, 2, &prepare, &err), &err);
  assert_ok(alf_verify_cell(&instance, routed, &cell, &settings, results, &err), &err);
  alf_instance_free(&instance);
}

static void claims_see_what_a_format_does(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_claim_result results[16];
  alf_test_batch("uniform:T=101,E=8", &batch);
  static const char *const harmless[] = {"step=bfloat16", "twice=1", "ranks=4", "loads=bfloat16", "groups=4,kept=4"};
  for (int f = 0; f < 5; f++) { /* loads below 256 are bfloat16 */
    judge(&batch, NULL, harmless[f], results);
    for (int c = 0; alf_claims[c]; c++)
      if (strcmp(alf_claims[c]->id, "C4") != 0 && !(alf_claims[c]->needs & ALF_NEEDS_CURVATURE))
        assert_string_equal(alf_verdict_name(results[c].verdict), "holds");
  }
  judge(&batch, NULL, "shift=bfloat16", results);
  assert_int_equal(verdict(results, "C1"), ALF_REFUTED);
  assert_non_null(strstr(results[0].reason, "more or less than the reported update"));
  judge(&batch, NULL, "stale=1", results);
  assert_int_equal(verdict(results, "C1"), ALF_REFUTED);
  assert_non_null(strstr(results[0].reason, "the format, or the rule, breaks the rule's declaration"));
  judge(&batch, NULL, "groups=4,kept=2", results);
  for (int c = 0; alf_claims[c]; c++)
    if (!strcmp(alf_claims[c]->id, "C7"))
      assert_non_null(strstr(results[c].reason, "not routed by Top-K"));
  assert_int_equal(verdict(results, "C6"), ALF_REFUTED);
  alf_affinity_free(&batch);
}

/* A step of 2^-7 is exact in float32: nothing rounds, p itself is the state, and its cycle is found. */
static void what_never_rounds_has_its_cycle(void **state)
{
  (void)state;
  int64_t cells[2 * STALE_TOKENS];
  alf_affinity batch = even_margins(cells);
  alf_format f = alf_test_format("shift=float32");
  alf_cell cell = {alf_rule_find("sign"), alf_schedule_find("constant"), 0x1p-5, NULL, NULL, &f};
  alf_instance instance = {0};
  alf_instance_settings nothing = {0};
  alf_verify_settings settings = {.steps = 10, .cycle_steps = 500, .exact = true, .claims = alf_claims};
  alf_claim_result results[16];
  alf_error err = {0};
  batch.tokens--; /* 15 of 16: never on target */
  assert_ok(alf_instance_prepare(&instance, &batch, 1, &nothing, &err), &err);
  assert_ok(alf_verify_cell(&instance, NULL, &cell, &settings, results, &err), &err);
  assert_int_equal(verdict(results, "C1"), ALF_HOLDS);
  assert_int_equal(verdict(results, "C7"), ALF_HOLDS);
  alf_instance_free(&instance);
}

static void claims_judge_the_batch_without_padding(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_claim_result results[16];
  alf_error err = {0};
  alf_test_batch("uniform:T=101,E=8", &batch);
  alf_format f = alf_test_format("padding=20");
  alf_affinity judged = alf_format_view(&f, &batch);
  assert_true(judged.tokens == 81 && judged.values == batch.values && !judged.storage);
  judge(&judged, &batch, "padding=20", results);
  assert_int_equal(verdict(results, "C1"), ALF_REFUTED); /* signs of other loads */
  assert_int_equal(verdict(results, "C6"), ALF_HOLDS);
  assert_true(results[0].measures && results[0].measure[0].value == 0); /* the identity itself stands */
  alf_instance instance = {0};
  alf_instance_settings nothing = {0};
  alf_cell cell = {alf_rule_find("sign"), alf_schedule_find("constant"), 0.01, NULL, NULL, &f};
  alf_verify_settings settings = {.steps = 3, .exact = true, .claims = alf_claims};
  assert_ok(alf_instance_prepare(&instance, &batch, 2, &nothing, &err), &err);
  assert_fails(alf_verify_cell(&instance, &batch, &cell, &settings, results, &err), ALF_EINVAL, &err,
               "101 tokens, 20 of padding, dyadic: expected those of the instance, 101, dyadic");
  assert_int_equal(results[0].verdict, ALF_INCONCLUSIVE);
  alf_instance_free(&instance);
  alf_affinity_free(&batch);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(proportional_steps_double_when_loads_do),
      cmocka_unit_test(stale_loads_widen_the_oscillation),
      cmocka_unit_test(stale_loads_are_those_of_another_batch),
      cmocka_unit_test(stale_loads_are_part_of_the_state),
      cmocka_unit_test(a_common_shift_matters_to_rounding),
      cmocka_unit_test(padding_that_counts_leaves_the_rest_unbalanced),
      cmocka_unit_test(a_mask_of_0_lets_excluded_experts_win),
      cmocka_unit_test(claims_see_what_a_format_does),
      cmocka_unit_test(what_never_rounds_has_its_cycle),
      cmocka_unit_test(claims_judge_the_batch_without_padding),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
