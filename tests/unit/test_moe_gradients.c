/* Every gradient of the language model against differences, in double precision. */
#include "support.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "moe/model.h"

/* Chooses by Top-K of affinity + shift, and notes whether any selection changed since it was told to hold on. */
typedef struct chooser {
  const alf_moe_shape *shape;
  double shift[8];
  uint64_t *chosen[3], *held[3];
  int64_t load[3][8];
  bool hold, changed;
} chooser;

static alf_status choose(void *opaque, int32_t layer, const alf_real *affinity, const uint64_t **chosen,
                         const int64_t **load, alf_error *err)
{
  chooser *c = opaque;
  int32_t experts = c->shape->experts;
  (void)err;
  memset(c->load[layer], 0, sizeof c->load[layer]);
  for (int64_t t = 0; t < alf_moe_tokens(c->shape); t++) {
    int64_t key[8];
    alf_expert best[8];
    for (int32_t k = 0; k < experts; k++)
      key[k] = alf_score_key(affinity[t * experts + k] + c->shift[k]);
    alf_topk_row(key, experts, c->shape->topk, best);
    alf_set_selection(c->chosen[layer] + t, experts, best, c->shape->topk);
    c->changed = c->changed || (c->hold && c->chosen[layer][t] != c->held[layer][t]);
    if (!c->hold)
      c->held[layer][t] = c->chosen[layer][t];
  }
  alf_count_loads(c->chosen[layer], alf_moe_tokens(c->shape), experts, c->load[layer]);
  *chosen = c->chosen[layer];
  *load = c->load[layer];
  return ALF_OK;
}

typedef struct bench {
  alf_moe_shape shape;
  alf_moe_model *model;
  chooser chosen;
  int32_t token[160];
} bench;

static alf_moe_shape shape_of(bool sigmoid, double auxiliary, int32_t shared)
{
  return (alf_moe_shape){.vocabulary = 7,
                         .width = 8,
                         .heads = 2,
                         .layers = 2,
                         .experts = 5,
                         .topk = 2,
                         .hidden = 3,
                         .shared = shared,
                         .context = 5,
                         .sequences = 3,
                         .sigmoid = sigmoid,
                         .auxiliary = auxiliary};
}

static void set_up(bench *b, alf_moe_shape shape)
{
  alf_error err = {0};
  *b = (bench){.shape = shape};
  assert_ok(alf_moe_alloc(&b->model, &b->shape, 3, 1, &err), &err);
  b->chosen.shape = &b->shape;
  for (int l = 0; l < 3; l++) {
    b->chosen.chosen[l] = calloc((size_t)alf_moe_tokens(&b->shape), sizeof(uint64_t));
    b->chosen.held[l] = calloc((size_t)alf_moe_tokens(&b->shape), sizeof(uint64_t));
  }
  for (int k = 0; k < 5; k++)
    b->chosen.shift[k] = 0.01 * k;
  for (int j = 0; j < 160; j++)
    b->token[j] = (j * j * 5 + j / 3) % 7;
}

static void tear_down(bench *b)
{
  alf_moe_free(b->model);
  for (int l = 0; l < 3; l++) {
    free(b->chosen.chosen[l]);
    free(b->chosen.held[l]);
  }
}

static double loss_of(bench *b)
{
  alf_moe_chooser how = {choose, &b->chosen};
  double loss, auxiliary;
  alf_error err = {0};
  assert_ok(alf_moe_forward(b->model, ALF_MOE_TRAINING, b->token, &how, &loss, &auxiliary, &err), &err);
  return loss + auxiliary;
}

/* Differences of fourth order; where a selection changes on the way there is no derivative. */
static void check(bench *b, double least_share)
{
  const double step = 1e-3;
  int64_t count = alf_moe_parameters(&b->shape), checked = 0;
  alf_real *parameter = alf_moe_parameter(b->model);
  b->chosen.hold = false;
  loss_of(b);
  alf_moe_backward(b->model);
  double *gradient = malloc((size_t)count * sizeof *gradient);
  memcpy(gradient, alf_moe_gradient(b->model), (size_t)count * sizeof *gradient);
  b->chosen.hold = true;
  for (int64_t j = 0; j < count; j++) {
    static const double at[] = {-2, -1, 1, 2}, weight[] = {1. / 12, -8. / 12, 8. / 12, -1. / 12};
    double before = parameter[j], slope = 0;
    b->chosen.changed = false;
    for (int i = 0; i < 4; i++) {
      parameter[j] = before + at[i] * step;
      slope += weight[i] * loss_of(b) / step;
    }
    parameter[j] = before;
    if (b->chosen.changed)
      continue;
    checked++;
    if (fabs(slope - gradient[j]) > 1e-7 + 1e-6 * fabs(gradient[j]))
      fail_msg("parameter %lld of %lld: gradient %.12g, by differences %.12g", (long long)j, (long long)count,
               gradient[j], slope);
  }
  free(gradient);
  assert_true((double)checked > least_share * (double)count);
}

static void softmax_gates(void **state)
{
  (void)state;
  bench b;
  set_up(&b, shape_of(false, 0, 1));
  check(&b, 0.9);
  tear_down(&b);
}

static void sigmoid_gates(void **state)
{
  (void)state;
  bench b;
  set_up(&b, shape_of(true, 0, 2));
  check(&b, 0.9);
  tear_down(&b);
}

static void auxiliary_losses(void **state)
{
  (void)state;
  for (int sigmoid = 0; sigmoid < 2; sigmoid++) {
    bench b;
    set_up(&b, shape_of(sigmoid, 0.3, 0));
    check(&b, 0.9);
    tear_down(&b);
  }
}

/* Longer than the blocks that attention goes by, the last one not whole; and more tokens than one piece has. */
static void long_sequences(void **state)
{
  (void)state;
  bench b;
  alf_moe_shape shape = shape_of(false, 0, 1);
  shape.context = 75;
  shape.sequences = 2;
  shape.layers = 1;
  set_up(&b, shape);
  check(&b, 0.5); /* with more tokens more selections change */
  tear_down(&b);
}

/* An expert that no token is sent to has no gradient, whatever was there before. */
static void dead_experts(void **state)
{
  (void)state;
  bench b;
  set_up(&b, shape_of(false, 0, 1));
  b.chosen.shift[3] = -10;
  alf_real *gradient = alf_moe_gradient(b.model);
  for (int64_t j = 0; j < alf_moe_parameters(&b.shape); j++)
    gradient[j] = 1e3;
  check(&b, 0.9);
  for (int32_t l = 0; l < b.shape.layers; l++) {
    alf_moe_layer_offsets at = alf_moe_layer_at(&b.shape, l);
    assert_true(b.chosen.load[l][3] == 0);
    for (int64_t j = 0; j < 8 * 6; j++)
      assert_true(gradient[at.up + 3 * 8 * 6 + j] == 0);
    for (int64_t j = 0; j < 3 * 8; j++)
      assert_true(gradient[at.down + 3 * 3 * 8 + j] == 0);
  }
  tear_down(&b);
}

/* Products are cut into the same pieces for any number of threads. */
static void threads_change_no_bit(void **state)
{
  (void)state;
  bench b;
  set_up(&b, shape_of(false, 0.1, 1));
  loss_of(&b);
  alf_moe_backward(b.model);
  for (int threads = 1; threads <= 3; threads++) {
    alf_moe_model *model = NULL;
    alf_moe_chooser how = {choose, &b.chosen};
    double loss, auxiliary;
    alf_error err = {0};
    assert_ok(alf_moe_alloc(&model, &b.shape, 3, threads, &err), &err);
    assert_ok(alf_moe_forward(model, ALF_MOE_TRAINING, b.token, &how, &loss, &auxiliary, &err), &err);
    alf_moe_backward(model);
    assert_memory_equal(alf_moe_gradient(model), alf_moe_gradient(b.model),
                        (size_t)alf_moe_parameters(&b.shape) * sizeof(alf_real));
    alf_moe_free(model);
  }
  tear_down(&b);
}

static void shapes_that_are_none_are_refused(void **state)
{
  (void)state;
  alf_moe_shape good = {7, 8, 2, 1, 5, 2, 3, 1, 4, 2, false, 0}, bad;
  alf_moe_model *model = NULL;
  alf_error err = {0};
  const struct {
    size_t field;
    int32_t value;
    const char *text;
  } cases[] = {
      {offsetof(alf_moe_shape, topk), 5, "topk = 5"},       {offsetof(alf_moe_shape, heads), 3, "heads = 3"},
      {offsetof(alf_moe_shape, context), 1, "context = 1"}, {offsetof(alf_moe_shape, experts), 1, "experts = 1"},
      {offsetof(alf_moe_shape, layers), 0, "layers = 0"},   {offsetof(alf_moe_shape, hidden), 0, "hidden = 0"}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    bad = good;
    memcpy((char *)&bad + cases[c].field, &cases[c].value, sizeof(int32_t));
    assert_int_equal(alf_moe_alloc(&model, &bad, 1, 1, &err), ALF_EINVAL);
    assert_non_null(strstr(err.text, cases[c].text));
    assert_null(model);
  }
  bad = good;
  bad.auxiliary = NAN;
  assert_int_equal(alf_moe_alloc(&model, &bad, 1, 1, &err), ALF_EINVAL);
  assert_int_equal(alf_moe_parameters(&good),
                   7 * 8 + (8 + 3 * 64 + 64 + 8 + 8 * 5 + 5 * (8 * 6 + 3 * 8) + 8 * 6 + 3 * 8) + 8 + 8 * 7);
  assert_int_equal(alf_moe_active_parameters(&good), alf_moe_parameters(&good) - 3 * 3 * 8 * 3);
  alf_moe_free(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(softmax_gates),
      cmocka_unit_test(sigmoid_gates),
      cmocka_unit_test(auxiliary_losses),
      cmocka_unit_test(long_sequences),
      cmocka_unit_test(dead_experts),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(shapes_that_are_none_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
