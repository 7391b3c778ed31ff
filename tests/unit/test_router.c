/* Routing with every kernel, lazily and eagerly, on one thread and on several, against a plain loop: the same selections
   and loads at every step of every rule, in every arithmetic. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "alf/iterate.h"
#include "alf/routing.h"
#include "routing/route_pass.h"

typedef struct variant {
  const char *kernel;
  bool eager;
  int threads;
} variant;

/* What a run did: a hash of all its selections, loads and shifts, and how many tokens it looked at. */
typedef struct trail {
  uint64_t hash;
  int64_t routed;
} trail;

static void mix(uint64_t *hash, const void *numbers, size_t count)
{
  for (size_t at = 0; at < count; at++) {
    uint64_t number;
    memcpy(&number, (const char *)numbers + at * sizeof number, sizeof number);
    *hash = (*hash ^ number) * UINT64_C(0xd6e8feb86659fd93);
    *hash ^= *hash >> 32;
  }
}

/* What a shift adds to an affinity, in grid units; a product is rounded down. */
static int64_t moved(int64_t affinity, int64_t shift, int32_t grid_bits, bool multiplies)
{
  return multiplies ? (int64_t)((alf_int128)affinity * shift >> grid_bits) : shift;
}

/* a before b, in the arithmetic of the batch. */
static bool comes_before(const alf_step *step, int64_t i, int32_t a, int32_t b, bool multiplies)
{
  const alf_affinity *batch = step->batch_after;
  int64_t at = i * batch->experts;
  const double *real = step->shift_after.real;
  if (batch->dtype == ALF_DYADIC) {
    const int64_t *row = (const int64_t *)batch->values + at, *grid = step->shift_after.grid;
    int64_t first = row[a] + moved(row[a], grid[a], batch->grid_bits, multiplies),
            second = row[b] + moved(row[b], grid[b], batch->grid_bits, multiplies);
    return first > second || (first == second && a < b);
  }
  if (batch->dtype == ALF_FLOAT64) {
    const double *row = (const double *)batch->values + at;
    double first = multiplies ? row[a] * (1 + real[a]) : row[a] + real[a],
           second = multiplies ? row[b] * (1 + real[b]) : row[b] + real[b];
    return first > second || (first == second && a < b);
  }
  const float *row = (const float *)batch->values + at;
  float first = multiplies ? row[a] * (1 + (float)real[a]) : row[a] + (float)real[a],
        second = multiplies ? row[b] * (1 + (float)real[b]) : row[b] + (float)real[b];
  return first > second || (first == second && a < b);
}

/* Every expert of every token: chosen exactly when fewer than K come before it. */
static void check_selection(const alf_step *step, bool multiplies)
{
  int32_t experts = step->batch_after->experts;
  int64_t load[ALF_MAX_EXPERTS] = {0};
  for (int64_t i = 0; i < step->batch_after->tokens; i++) {
    const uint64_t *row = step->chosen_after + i * alf_selection_words(experts);
    for (int32_t k = 0; k < experts; k++) {
      int32_t ahead = 0;
      for (int32_t j = 0; j < experts; j++)
        ahead += comes_before(step, i, j, k, multiplies);
      assert_int_equal(alf_has_expert(row, k), ahead < step->topk);
      load[k] += ahead < step->topk;
    }
  }
  assert_memory_equal(step->load_after, load, (size_t)experts * sizeof *load);
}

static trail run(const alf_affinity *batch, alf_iterate_settings settings, const variant *v, int steps, int check_every)
{
  alf_iterate *it = NULL;
  alf_error err = {0};
  size_t experts = (size_t)batch->experts, words = (size_t)alf_selection_words(batch->experts);
  trail t = {.hash = 1};
  settings.kernel = v->kernel;
  settings.eager = v->eager;
  settings.threads = v->threads;
  assert_ok(alf_iterate_alloc(&it, batch, &settings, &err), &err);
  assert_ok(alf_iterate_start(it, batch, &err), &err);
  for (int n = 1; n <= steps; n++) {
    const alf_step *step;
    assert_ok(alf_iterate_step(it, batch, &step, &err), &err);
    mix(&t.hash, step->chosen_after, (size_t)step->batch_after->tokens * words);
    mix(&t.hash, step->load_after, experts);
    mix(&t.hash, step->shift_after.real, experts);
    t.routed += step->routed;
    if (check_every && n % check_every == 0)
      check_selection(step, settings.rule->combine == ALF_MULTIPLY);
  }
  alf_iterate_free(it);
  return t;
}

static void to_type(const char *input, alf_dtype dtype, alf_affinity *batch)
{
  alf_affinity exact = {0};
  alf_error err = {0};
  alf_test_batch(input, &exact);
  if (dtype == ALF_DYADIC) {
    *batch = exact;
    return;
  }
  assert_ok(alf_affinity_alloc(batch, dtype, exact.tokens, exact.experts, &err), &err);
  for (int64_t at = 0; at < exact.tokens * exact.experts; at++) {
    double value = alf_affinity_get(&exact, at / exact.experts, (int32_t)(at % exact.experts));
    if (dtype == ALF_FLOAT64)
      ((double *)batch->storage)[at] = value;
    else
      ((float *)batch->storage)[at] = (float)value;
  }
  alf_affinity_free(&exact);
}

/* All variants that run here do what the plain, eager one does, and that is right. Returns the share of tokens that the
   lazy ones looked at. */
static double compare(const alf_affinity *batch, const alf_iterate_settings *settings, int steps, int check_every)
{
  variant plain = {"plain", true, 1};
  trail expected = run(batch, *settings, &plain, steps, check_every);
  assert_int_equal(expected.routed, steps * batch->tokens);
  double share = 0;
  for (const alf_route_kernel *const *kernel = alf_route_kernels; *kernel; kernel++)
    for (int way = 0; way < 4 && (*kernel)->runs_here(); way++) {
      variant v = {(*kernel)->name, way % 2, 1 + way / 2};
      trail t = run(batch, *settings, &v, steps, 0);
      if (t.hash != expected.hash)
        fail_msg("%s, rule %s, dtype %d: kernel %s, %s, %d threads: other selections", "router", settings->rule->name,
                 (int)batch->dtype, v.kernel, v.eager ? "eager" : "lazy", v.threads);
      if (!v.eager)
        share = (double)t.routed / (double)expected.routed;
    }
  return share;
}

static void every_rule_in_every_arithmetic(void **state)
{
  (void)state;
  for (int dtype = ALF_FLOAT32; dtype <= ALF_DYADIC; dtype++) {
    alf_affinity batch = {0};
    to_type("softmax:T=200,E=24,skew=1", (alf_dtype)dtype, &batch);
    for (const alf_rule *const *rule = alf_rules; *rule; rule++) {
      alf_iterate_settings settings = {*rule, alf_schedule_find("1/sqrt(n)"), alf_rule_usual_u(*rule), 3};
      compare(&batch, &settings, 40, 20);
    }
    alf_affinity_free(&batch);
  }
}

/* Formats change what the rule sees and how its shift is kept; which tokens may be skipped follows from the shift
   alone. */
static void compare_formats(const alf_affinity *batch, const alf_rule *rule, int steps)
{
  static const char *const formats[] = {"shift=float32",
                                        "shift=bfloat16",
                                        "shift=float16",
                                        "step=bfloat16",
                                        "loads=bfloat16,ranks=3,order=tree",
                                        "loads=bfloat16,ones=1",
                                        "loads=float32,ranks=2",
                                        "twice=1,stale=2",
                                        "padding=70",
                                        "groups=4,kept=2",
                                        "groups=4,kept=2,mask=0"};
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    alf_format format;
    alf_error err = {0};
    assert_ok(alf_format_read(formats[f], &format, &err), &err);
    alf_iterate_settings settings = {rule, alf_schedule_find("1/n"), rule->weight ? 0.5 : 0.02, 3};
    settings.format = &format;
    compare(batch, &settings, steps, format.groups ? 0 : steps);
  }
}

/* At a size at which much is skipped; and every rule, at a smaller one. */
static void every_format(void **state)
{
  (void)state;
  for (int dtype = ALF_FLOAT32; dtype <= ALF_DYADIC; dtype++) {
    alf_affinity batch = {0}, few = {0};
    to_type("softmax:T=530,E=24,skew=1", (alf_dtype)dtype, &batch);
    to_type("softmax:T=130,E=16,skew=1", (alf_dtype)dtype, &few);
    compare_formats(&batch, alf_rule_find("sign"), 24);
    compare_formats(&batch, alf_rule_find("smebu"), 24);
    for (const alf_rule *const *rule = alf_rules; *rule; rule++)
      compare_formats(&few, *rule, 8);
    alf_affinity_free(&batch);
    alf_affinity_free(&few);
  }
}

/* Steps that shrink: most tokens are skipped most of the time, and none wrongly. */
static void skips_what_cannot_change(void **state)
{
  (void)state;
  static const char *const inputs[] = {"uniform:T=1200,E=64", "grid:T=1100,E=16,levels=64", "gauss_sigmoid:T=1040,E=33",
                                       "uniform:T=600,E=130"};
  for (int dtype = ALF_FLOAT32; dtype <= ALF_DYADIC; dtype++)
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
      alf_affinity batch = {0};
      to_type(inputs[i], (alf_dtype)dtype, &batch);
      alf_iterate_settings settings = {alf_rule_find("sign"), alf_schedule_find("1/n"), 0.005, 8};
      double share = compare(&batch, &settings, 200, 200);
      if (share > 0.5)
        fail_msg("%s, dtype %d: %.2f of all tokens were looked at", inputs[i], dtype, share);
      alf_affinity_free(&batch);
    }
}

static alf_status lift(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)state;
  (void)err;
  for (int32_t k = 0; k < in->experts; k++)
    delta[k] = in->step_size;
  return ALF_OK;
}

/* All shifts rise together past a power of two, where single precision rounds scores to coarser multiples: they do not
   move against each other, and selections change all the same. */
static void rounding_is_allowed_for(void **state)
{
  (void)state;
  static const alf_rule lifting = {.name = "lifting", .update = lift};
  double shift[64];
  alf_affinity batch = {0};
  to_type("uniform:T=900,E=64", ALF_FLOAT32, &batch);
  for (int k = 0; k < 64; k++)
    shift[k] = 1023;
  alf_iterate_settings settings = {&lifting, alf_schedule_find("constant"), 0x1p-4, 8, shift};
  compare(&batch, &settings, 40, 1);
  alf_affinity_free(&batch);
}

/* Sizes at the edges of words and vectors, few and many experts chosen. */
static void every_size(void **state)
{
  (void)state;
  static const int32_t sizes[] = {2, 3, 16, 17, 63, 64, 65, 129, 256};
  for (int dtype = ALF_FLOAT32; dtype <= ALF_DYADIC; dtype++)
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      char input[64];
      int32_t topk[] = {1, sizes[s] / 2, sizes[s] - 1};
      alf_affinity batch = {0};
      snprintf(input, sizeof input, "grid:T=40,E=%d,levels=30", sizes[s]);
      to_type(input, (alf_dtype)dtype, &batch);
      for (int k = 0; k < 3; k++) {
        alf_iterate_settings settings = {alf_rule_find("sign"), alf_schedule_find("constant"), 0.01, topk[k]};
        compare(&batch, &settings, 20, 20);
      }
      alf_affinity_free(&batch);
    }
}

/* A stream has no snapshot that lasts, and a run that starts again none of the old one. */
static void batches_that_change_are_routed(void **state)
{
  (void)state;
  alf_affinity batch[2] = {0};
  alf_iterate *it = NULL;
  alf_error err = {0};
  to_type("uniform:T=600,E=16,seed=1", ALF_DYADIC, &batch[0]);
  to_type("uniform:T=600,E=16,seed=2", ALF_DYADIC, &batch[1]);
  alf_iterate_settings settings = {alf_rule_find("sign"), alf_schedule_find("1/n"), 1e-3, 4};
  assert_ok(alf_iterate_alloc(&it, &batch[0], &settings, &err), &err);
  for (int round = 0; round < 3; round++) {
    assert_ok(alf_iterate_start(it, &batch[0], &err), &err);
    check_selection(alf_iterate_current(it), false);
    for (int n = 1; n <= 40 + round; n++) {
      const alf_step *step;
      assert_ok(alf_iterate_step(it, &batch[n % 20 == 0], &step, &err), &err);
      check_selection(step, false);
    }
  }
  alf_iterate_free(it);
  alf_affinity_free(&batch[0]);
  alf_affinity_free(&batch[1]);
}

static void unknown_kernels_are_refused(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_iterate *it = NULL;
  alf_error err = {0};
  alf_test_batch("uniform:T=6,E=4", &batch);
  alf_iterate_settings settings = {alf_rule_find("sign"), alf_schedule_find("1/n"), 1e-3, 2};
  settings.kernel = "abacus";
  assert_int_equal(alf_iterate_alloc(&it, &batch, &settings, &err), ALF_EINVAL);
  assert_non_null(strstr(err.text, "abacus"));
  assert_null(it);
  alf_affinity_free(&batch);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_rule_in_every_arithmetic),
      cmocka_unit_test(every_format),
      cmocka_unit_test(skips_what_cannot_change),
      cmocka_unit_test(rounding_is_allowed_for),
      cmocka_unit_test(every_size),
      cmocka_unit_test(batches_that_change_are_routed),
      cmocka_unit_test(unknown_kernels_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
