/* Formats: texts and errors, and each bug by the symptom that it is known by. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/cycle.h"
#include "alf/routing.h"
#include "formatted.h"
#include "problems.h"
#include "routing/counting.h"

static void texts_are_read_and_printed(void **state)
{
  (void)state;
  static const char *const texts[][2] = {
      {"", ""},
      {"shift=exact,ranks=1,stale=0,loads=integer,mask=-inf", ""},
      {"loads=bfloat16,ranks=8,shift=bfloat16", "shift=bfloat16,loads=bfloat16,ranks=8"},
      {"mask=0,kept=2,groups=4", "groups=4,kept=2,mask=0"},
      {"step=float16,loads=float32,ranks=3,order=tree,ones=1,twice=1,stale=1e1,padding=5",
       "step=float16,loads=float32,ranks=3,order=tree,ones=1,twice=1,stale=10,padding=5"}};
  char text[ALF_CHOICE_TEXT];
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    alf_format format = alf_test_format(texts[i][0]);
    alf_format_print(&format, text);
    assert_string_equal(text, texts[i][1]);
    format = alf_test_format(text);
    alf_format_print(&format, text);
    assert_string_equal(text, texts[i][1]);
  }
  alf_format_print(NULL, text);
  assert_string_equal(text, "");
}

typedef struct refusal {
  const char *text, *words;
} refusal;

static void texts_without_meaning_are_refused(void **state)
{
  (void)state;
  static const refusal refusals[] = {
      {"shift=bf16", "format: shift 'bf16': expected one of exact, float32, bfloat16, float16"},
      {"shift=2", "shift '2': expected one of"},
      {"loads=float16", "format: loads 'float16': expected one of integer, float32, bfloat16"},
      {"shift", "format: parameter 'shift': expected KEY=VALUE"},
      {"shifts=exact", "format: parameter 'shifts': expected KEY=VALUE with a key of: shift, step, loads"},
      {"shift=exact,shift=exact", "format: shift: given twice"},
      {"ranks=0", "format: ranks '0': expected a whole number in 1..65536"},
      {"twice=2", "format: twice '2': expected a whole number in 0..1"},
      {"stale=-1", "format: stale '-1'"},
      {"order=tree", "format: order=tree: expected ranks=2 or more"},
      {"ones=1", "format: ones=1: expected loads=float32 or bfloat16"},
      {"kept=2", "format: kept: expected groups=G as well"},
      {"mask=0", "format: mask: expected groups=G as well"},
      {"groups=4", "format: kept 0: expected 1..4 of the groups"},
      {"groups=4,kept=5", "format: kept 5: expected 1..4 of the groups"},
  };
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    alf_format format;
    alf_error err = {0};
    assert_fails(alf_format_read(refusals[i].text, &format, &err), ALF_EINVAL, &err, refusals[i].words);
    assert_int_equal(format.shift + format.groups + format.ranks, 0);
  }
  char text[600];
  alf_format format;
  alf_error err = {0};
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  assert_fails(alf_format_read(text, &format, &err), ALF_EINVAL, &err, "599 characters, expected at most 511");
}

/* T = 20, E = 8, K = 3. */
static void formats_must_fit_the_batch(void **state)
{
  (void)state;
  static const refusal refusals[] = {
      {"groups=3,kept=2", "format: groups 3: expected a divisor of 8 experts"},
      {"groups=4,kept=1", "format: kept 1 of 4 groups: 2 experts are eligible, expected K = 3 or more"},
      {"groups=16,kept=16", "format: groups 16: expected a divisor of 8 experts"},
      {"loads=bfloat16,ranks=21", "format: ranks 21: expected at most the 20 tokens"},
      {"padding=20", "format: padding 20: expected fewer than the 20 tokens"},
  };
  alf_affinity batch = {0};
  alf_iterate *it = NULL;
  alf_error err = {0};
  alf_test_batch("uniform:T=20,E=8", &batch);
  alf_iterate_settings s = {alf_rule_find("sign"), alf_schedule_find("constant"), 0.1, 3};
  alf_format format;
  s.format = &format;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    format = alf_test_format(refusals[i].text);
    assert_fails(alf_iterate_alloc(&it, &batch, &s, &err), ALF_EINVAL, &err, refusals[i].words);
  }
  const alf_format wrong[] = {{.ranks = -1},
                              {.stale = -1},
                              {.padding = -1},
                              {.groups = 2, .kept = -1},
                              {.shift = (alf_precision)4},
                              {.loads = ALF_PRECISION_FLOAT16}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    format = wrong[i];
    assert_int_equal(alf_iterate_alloc(&it, &batch, &s, &err), ALF_EINVAL);
  }
  assert_null(it);
  alf_affinity_free(&batch);
}

/* Zeroed, or with ranks that count in integers: the same bits. */
static void no_format_changes_nothing(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_test_batch("softmax:T=33,E=17", &batch);
  static const char *const formats[] = {"", "ranks=5", "ranks=33,order=descending", "groups=17,kept=17"};
  for (int r = 0; alf_rules[r]; r++)
    for (int f = 0; f < 4; f++) {
      alf_iterate_settings none = {alf_rules[r], alf_schedule_find("constant"), 0.01, 2};
      alf_iterate *plain = NULL, *it = alf_test_start(&batch, alf_rules[r], 0.01, 2, formats[f], NULL);
      assert_ok(alf_iterate_alloc(&plain, &batch, &none, NULL), NULL);
      assert_ok(alf_iterate_start(plain, &batch, NULL), NULL);
      for (int n = 0; n < 30; n++) {
        const alf_step *a = alf_test_step(plain, &batch), *b = alf_test_step(it, &batch);
        assert_memory_equal(a->shift_after.grid, b->shift_after.grid, 17 * sizeof(int64_t));
        assert_memory_equal(a->chosen_after, b->chosen_after, 33 * sizeof(uint64_t));
        assert_memory_equal(a->load_after, b->load_after, 17 * sizeof(int64_t));
      }
      alf_iterate_free(plain);
      alf_iterate_free(it);
    }
  alf_affinity_free(&batch);
}

/* 1e-3 is 131.07 units of 2^-17 and 1048.58 of 2^-20, which end the significands of bfloat16 and float16. */
static void a_sign_step_of_a_thousandth(void **state)
{
  (void)state;
  static const char *const formats[] = {"step=bfloat16", "step=float16", "step=float32", "shift=bfloat16"};
  const double moved[] = {0.00099945068359375, 1049 * 0x1p-20, (double)(float)1e-3, 0.00099945068359375};
  const double cells[] = {1, 0, 1, 0};
  alf_affinity real = {.dtype = ALF_FLOAT64, .tokens = 2, .experts = 2, .values = cells}, exact = {0};
  assert_ok(alf_affinity_convert(&real, ALF_DYADIC, &exact, NULL), NULL);
  for (int f = 0; f < 4; f++)
    for (int mode = 0; mode < 2; mode++) {
      const alf_affinity *batch = mode ? &real : &exact;
      double grid = mode ? 0 : f < 2 || f == 3 ? 0 : 0x1p-41; /* float32 has digits below 2^-40 */
      alf_iterate *it = alf_test_start(batch, alf_rule_find("sign"), 1e-3, 1, formats[f], NULL);
      const alf_step *step = alf_test_step(it, batch);
      assert_near(step->shift_after.real[0], -moved[f], grid);
      assert_near(step->shift_after.real[1], moved[f], grid);
      assert_near(step->delta.real[1], f < 3 ? moved[f] : 1e-3, f < 3 ? grid : 0x1p-41);
      assert_near(step->step_size, f < 3 ? moved[f] : 1e-3, 0);
      alf_iterate_free(it);
    }
  alf_affinity_free(&exact);
}

static void float16_overflows(void **state)
{
  (void)state;
  const double cells[] = {1, 0, 1, 0}, start[] = {65000, 0}, beyond[] = {65520, 0};
  alf_affinity real = {.dtype = ALF_FLOAT64, .tokens = 2, .experts = 2, .values = cells}, exact = {0};
  alf_error err = {0};
  assert_ok(alf_affinity_convert(&real, ALF_DYADIC, &exact, NULL), NULL);
  for (int mode = 0; mode < 2; mode++) {
    const alf_affinity *batch = mode ? &real : &exact;
    const alf_step *step;
    alf_iterate *it = alf_test_start(batch, alf_rule_find("sign"), 400, 1, "shift=float16", start);
    assert_near(alf_iterate_current(it)->shift_after.real[0], 64992, 0); /* 2031 · 32 */
    const double moved = alf_test_step(it, batch)->shift_after.real[0];
    assert_near(moved, 64592 - 16, 0); /* a tie, to the even one */
    alf_iterate_free(it);
    it = alf_test_start(batch, alf_rule_find("sign"), 66000, 1, "shift=float16", NULL);
    assert_fails(alf_iterate_step(it, batch, &step, &err), ALF_ERANGE, &err, "update 1: the shift is not finite");
    alf_iterate_free(it);
    it = alf_test_start(batch, alf_rule_find("sign"), 66000, 1, "step=float16", NULL);
    assert_fails(alf_iterate_step(it, batch, &step, &err), ALF_ERANGE, &err, "update 1: a step is not finite");
    alf_iterate_free(it);
    alf_format format = alf_test_format("shift=float16,step=float16");
    alf_iterate_settings s = {alf_rule_find("sign"), alf_schedule_find("constant"), 1, 1, beyond};
    s.format = &format;
    assert_fails(alf_iterate_alloc(&it, batch, &s, &err), ALF_ERANGE, &err, "initial shift is not finite in float16");
    s.shift = NULL;
    s.u = 2e-8; /* below half of 2^-24 */
    assert_fails(alf_iterate_alloc(&it, batch, &s, &err), ALF_ERANGE, &err, "step size 2e-08: rounds to 0 in float16");
  }
  alf_affinity_free(&exact);
}

/* One token on each of three experts, and one that is indifferent and goes round: always one expert over, two under,
   so that u is added to the sum of the shift at every update. In bfloat16 u = 2^-10 is half of the last digit from 1/4
   on: what is there only falls. The token then goes to and fro between two experts; the third stays below its target
   for ever. With the mean of the signs taken off nothing grows. */
static void the_common_part_takes_the_digits(void **state)
{
  (void)state;
  const int64_t big = INT64_C(1) << 40;
  const int64_t cells[] = {big, 0, 0, 0, big, 0, 0, 0, big, 0, 0, 0};
  alf_affinity batch = alf_test_grid(4, 3, 40, cells);
  const alf_rule *sign = alf_rule_find("sign"), *centred = alf_rule_find("sign-centred");
  alf_iterate *exact = alf_test_start(&batch, sign, 0x1p-10, 1, "", NULL),
              *rounded = alf_test_start(&batch, sign, 0x1p-10, 1, "shift=bfloat16", NULL),
              *kept = alf_test_start(&batch, centred, 3 * 0x1p-10, 1, "shift=bfloat16", NULL);
  int64_t taken[3] = {0}, last = 0;
  for (int n = 1; n <= 3000; n++) {
    const double *p = alf_test_step(exact, &batch)->shift_after.real;
    assert_near(p[0] + p[1] + p[2], n * 0x1p-10, 0);
    const alf_step *step = alf_test_step(kept, &batch);
    assert_near(step->shift_after.real[2], n % 3 * 2 * 0x1p-10, 0);
    for (int k = 0; k < 3; k++)
      taken[k] += step->load_after[k] - 1;
    step = alf_test_step(rounded, &batch);
    last += n > 2000 ? step->load_after[2] - 1 : 0;
    assert_true(step->shift_after.real[2] <= 0.25);
  }
  assert_near(alf_iterate_current(exact)->shift_after.real[0], 1000 * 0x1p-10, 0);
  assert_near(alf_iterate_current(rounded)->shift_after.real[2], 0.25, 0);
  assert_int_equal(last, 0);
  assert_true(taken[0] == 1000 && taken[1] == 1000 && taken[2] == 1000);
  alf_iterate_free(exact);
  alf_iterate_free(rounded);
  alf_iterate_free(kept);
}

/* What the spy sees of a split of T tokens. */
static void assert_seen(int64_t tokens, int64_t first, const char *format, int64_t load0, int64_t load1)
{
  int64_t *cells = malloc((size_t)(2 * tokens) * sizeof *cells);
  assert_non_null(cells);
  alf_affinity batch = alf_test_split(cells, tokens, first);
  alf_iterate *it = alf_test_start(&batch, &alf_test_spy, 1, 1, format, NULL);
  const alf_step *step = alf_test_step(it, &batch);
  assert_int_equal(alf_test_spied.load[0], load0);
  assert_int_equal(alf_test_spied.load[1], load1);
  assert_int_equal(alf_test_spied.slots, load0 + load1);
  assert_int_equal(alf_test_spied.tokens, tokens);
  assert_int_equal(step->load_before[0], first); /* what is published is true */
  assert_int_equal(step->load_after[1], tokens - first);
  alf_iterate_free(it);
  free(cells);
}

static void bfloat16_counts_lose_ones(void **state)
{
  (void)state;
  assert_seen(512, 256, "loads=bfloat16", 256, 256);
  assert_seen(1024, 513, "loads=bfloat16", 512, 512); /* the dead band: 511 and 513 are ties */
  assert_seen(1024, 515, "loads=bfloat16", 516, 508); /* 515 is one between 512 and 516 */
  assert_seen(1024, 513, "loads=float32", 513, 511);
  assert_seen(1024, 700, "loads=bfloat16,ones=1", 256, 256);
  assert_seen(1024, 900, "loads=bfloat16,ones=1", 256, 124);
  assert_seen(1024, 900, "loads=float32,ones=1", 900, 124);
  assert_seen(1024, 200, "loads=bfloat16,ones=1,twice=1", 256, 256);
  assert_seen(1024, 900, "loads=bfloat16,ones=1,ranks=4", 900, 124);
  assert_seen(1024, 513, "twice=1", 1026, 1022);
}

static void the_dead_band_stops_the_sign_rule(void **state)
{
  (void)state;
  static int64_t cells[2048];
  alf_affinity batch = alf_test_split(cells, 1024, 513);
  static const char *const formats[] = {"", "loads=float32", "loads=bfloat16", "loads=bfloat16,ones=1"};
  for (int f = 0; f < 4; f++) {
    alf_iterate *it = alf_test_start(&batch, alf_rule_find("sign"), 1, 1, formats[f], NULL);
    assert_near(alf_test_step(it, &batch)->delta.real[0], f < 2 ? -1 : 0, 0);
    alf_iterate_free(it);
  }
}

/* Counts of expert 0 on four ranks of 256 tokens: 256, 1, 1, 1. 256 + 1 is 256 in bfloat16, and 3 + 256 is 260. */
static void the_order_of_ranks_matters(void **state)
{
  (void)state;
  static int64_t cells[2048];
  alf_affinity batch = alf_test_split(cells, 1024, 256);
  for (int64_t r = 1; r < 4; r++) {
    cells[512 * r] = 1;
    cells[512 * r + 1] = 0;
  }
  static const char *const formats[] = {"loads=bfloat16,ranks=4",
                                        "loads=bfloat16,ranks=4,order=descending",
                                        "loads=bfloat16,ranks=4,order=tree",
                                        "ranks=4",
                                        "ranks=4,order=descending",
                                        "loads=float32,ranks=4,order=tree"};
  const int64_t seen[] = {256, 260, 258, 259, 259, 259};
  for (int f = 0; f < 6; f++) {
    alf_iterate *it = alf_test_start(&batch, &alf_test_spy, 1, 1, formats[f], NULL);
    alf_test_step(it, &batch);
    assert_int_equal(alf_test_spied.load[0], seen[f]);
    alf_iterate_free(it);
  }
}

static void float32_counts_end_at_2_24(void **state)
{
  (void)state;
  const int64_t full = INT64_C(1) << 24;
  for (int order = ALF_RANKS_ASCENDING; order <= ALF_RANKS_TREE; order++) {
    int64_t count[] = {full, 1, 1, 1, 1}, whole[] = {full, 1, 1, 1, 1};
    const int64_t sum[] = {full, full + 4, full + 4};
    alf_format f = {.loads = ALF_PRECISION_FLOAT32, .order = (alf_rank_order)order}, exact = {.order = f.order};
    assert_int_equal(alf_add_ranks(&f, count, 5), sum[order]);
    assert_int_equal(alf_add_ranks(&exact, whole, 5), full + 4);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_are_read_and_printed),        cmocka_unit_test(texts_without_meaning_are_refused),
      cmocka_unit_test(formats_must_fit_the_batch),        cmocka_unit_test(no_format_changes_nothing),
      cmocka_unit_test(a_sign_step_of_a_thousandth),       cmocka_unit_test(float16_overflows),
      cmocka_unit_test(the_common_part_takes_the_digits),  cmocka_unit_test(bfloat16_counts_lose_ones),
      cmocka_unit_test(the_dead_band_stops_the_sign_rule), cmocka_unit_test(the_order_of_ranks_matters),
      cmocka_unit_test(float32_counts_end_at_2_24),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
