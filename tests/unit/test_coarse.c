/* The coarse copy of a batch: every kernel against a selection one expert at a time, its rounds against loads counted on
   the batch itself, and what has no such copy. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "alf/routing.h"
#include "exact/coarse.h"

static uint64_t next(uint64_t *seed)
{
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return *seed >> 33;
}

/* A box about prices of 0 whose widths are all the same. */
static void prepare(alf_box *box, const alf_problem *problem, int64_t width)
{
  alf_error err = {0};
  assert_ok(alf_box_alloc(box, problem, alf_deadline_after(0, NULL), 1, &err), &err);
  for (int32_t k = 0; k < problem->batch->experts; k++)
    box->down[k] = box->up[k] = width;
}

static bool take(alf_coarse *coarse, alf_box *box)
{
  alf_error err = {0};
  bool taken = false;
  assert_ok(alf_coarse_take(coarse, box, 8, &taken, &err), &err);
  return taken;
}

static int32_t score_of(const alf_coarse *c, int64_t i, int32_t k)
{
  return c->column[k * c->stride + i] + c->moved[k];
}

/* How many experts of the token have a larger score, and how many an equal one. */
static void check_rank(const alf_coarse *c, int64_t i, int32_t score, int32_t rank)
{
  int32_t larger = 0, equal = 0;
  for (int32_t k = 0; k < c->experts; k++) {
    larger += score_of(c, i, k) > score;
    equal += score_of(c, i, k) == score;
  }
  assert_in_range(rank, larger, larger + equal - 1);
}

static void every_kernel_ranks_as_the_definition_says(void **state)
{
  (void)state;
  static const int32_t topks[] = {1, 2, 3, 4, 5, 6, 8, 11, 16};
  for (size_t n = 0; n < 2 * sizeof topks / sizeof *topks; n++) {
    alf_affinity batch = {0};
    alf_box box = {0};
    alf_coarse c;
    uint64_t seed = n;
    alf_test_batch(n % 2 ? "softmax:T=101,E=33,skew=1" : "grid:T=37,E=17,levels=4", &batch);
    alf_problem problem = {.batch = &batch, .topk = topks[n / 2]};
    prepare(&box, &problem, INT64_C(1) << 38);
    assert_true(take(&c, &box));
    for (int32_t k = 0; k < c.experts; k++)
      c.moved[k] = n % 4 < 2 ? (int32_t)(next(&seed) % (1 << 26)) : 0;
    for (const alf_coarse_kernel *const *kernel = alf_coarse_kernels; *kernel; kernel++) {
      if (!(*kernel)->runs_here())
        continue;
      memset(c.last_in, 0, 4 * (size_t)c.stride * sizeof *c.last_in);
      (*kernel)->rank(&c);
      for (int64_t i = 0; i < c.tokens; i++) {
        check_rank(&c, i, c.last_in[i], c.topk - 1);
        check_rank(&c, i, c.first_out[i], c.topk);
        assert_int_equal(score_of(&c, i, c.in_expert[i]), c.last_in[i]);
        assert_int_equal(score_of(&c, i, c.out_expert[i]), c.first_out[i]);
      }
    }
    alf_coarse_free(&c);
    alf_box_free(&box);
    alf_affinity_free(&batch);
  }
}

static void the_last_kernel_runs_everywhere(void **state)
{
  (void)state;
  const alf_coarse_kernel *last = NULL;
  for (const alf_coarse_kernel *const *kernel = alf_coarse_kernels; *kernel; kernel++)
    last = *kernel;
  assert_string_equal(last->name, "plain");
  assert_true(last->runs_here());
}

static void count_loads(const alf_problem *problem, const int64_t *price, int64_t *load)
{
  int32_t experts = problem->batch->experts;
  int64_t score[64];
  alf_expert chosen[16];
  memset(load, 0, (size_t)experts * sizeof *load);
  for (int64_t i = 0; i < problem->batch->tokens; i++) {
    for (int32_t k = 0; k < experts; k++)
      score[k] = alf_affinity_row(problem->batch, i)[k] + price[k];
    alf_topk_row(score, experts, problem->topk, chosen);
    for (int32_t j = 0; j < problem->topk; j++)
      load[chosen[j]]++;
  }
}

static int64_t off_target(const alf_box *box, const int64_t *price)
{
  int64_t load[64], off = 0;
  count_loads(box->problem, price, load);
  for (int32_t k = 0; k < box->problem->batch->experts; k++)
    off += llabs(load[k] - alf_box_target(box, k));
  return off;
}

/* From prices of 0 to loads that are off by two slots each, or half as much as before where rows nearly repeat. */
static void rounds_bring_loads_near_their_targets(void **state)
{
  (void)state;
  static const char *const inputs[] = {"softmax:T=2048,E=32,skew=1", "early:T=2048,E=32,noise=0.001",
                                       "uniform:T=1000,E=10"};
  for (size_t n = 0; n < sizeof inputs / sizeof *inputs; n++) {
    alf_affinity batch = {0};
    alf_box box = {0};
    alf_coarse c;
    alf_test_batch(inputs[n], &batch);
    alf_problem problem = {.batch = &batch, .topk = 4};
    prepare(&box, &problem, INT64_C(1) << (n == 1 ? 34 : 37));
    assert_true(take(&c, &box));
    int64_t before = off_target(&box, box.price);
    int64_t off = alf_coarse_balance(&c, &box, 20, 2 * batch.experts);
    assert_true(off <= (n == 1 ? before / 2 : 2 * batch.experts));
    assert_in_range(off_target(&box, box.price), off - 4, off + 4);
    alf_coarse_free(&c);
    alf_box_free(&box);
    alf_affinity_free(&batch);
  }
}

/* Each expert's price alone at either end of its width: so many tokens more or less. */
static void widths_hold_the_slots_asked_for(void **state)
{
  (void)state;
  enum { SLOTS = 20, EXPERTS = 16 };
  alf_affinity batch = {0};
  alf_box box = {0};
  alf_coarse c;
  alf_test_batch("softmax:T=2048,E=16,skew=1", &batch);
  alf_problem problem = {.batch = &batch, .topk = 2};
  prepare(&box, &problem, INT64_C(1) << 36);
  assert_true(take(&c, &box));
  alf_coarse_balance(&c, &box, 20, EXPERTS / 2);
  alf_coarse_set_widths(&c, &box, SLOTS);
  for (int32_t k = 0; k < EXPERTS; k++) {
    int64_t load[EXPERTS], price[EXPERTS], off;
    count_loads(&problem, box.price, load);
    off = llabs(load[k] - alf_box_target(&box, k));
    int64_t now = load[k], far = 4 * off > SLOTS ? 4 * off : SLOTS;
    memcpy(price, box.price, sizeof price);
    price[k] += box.up[k];
    count_loads(&problem, price, load);
    assert_in_range(load[k], now + far, now + far + 2);
    price[k] = box.price[k] - box.down[k];
    count_loads(&problem, price, load);
    assert_in_range(load[k], now - far - 2, now - far);
  }
  alf_coarse_free(&c);
  alf_box_free(&box);
  alf_affinity_free(&batch);
}

static bool at_once(void)
{
  return true;
}

static void rounds_look_at_the_deadline(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_box box = {0};
  alf_coarse c;
  alf_test_batch("softmax:T=300,E=8,skew=1", &batch);
  alf_problem problem = {.batch = &batch, .topk = 2};
  prepare(&box, &problem, INT64_C(1) << 36);
  box.deadline = alf_deadline_after(0, at_once);
  assert_true(take(&c, &box));
  int64_t off = alf_coarse_balance(&c, &box, 20, 0);
  for (int32_t k = 0; k < batch.experts; k++)
    assert_int_equal(box.price[k], 0);
  assert_int_equal(off, off_target(&box, box.price));
  alf_coarse_free(&c);
  alf_box_free(&box);
  alf_affinity_free(&batch);
}

static bool can_take(const char *input, int32_t topk, int64_t width, int noise_bits)
{
  alf_affinity batch = {0};
  alf_box box = {0};
  alf_coarse c;
  alf_test_batch(input, &batch);
  alf_problem problem = {.batch = &batch, .topk = topk};
  prepare(&box, &problem, width);
  box.noise_bits = noise_bits;
  bool taken = take(&c, &box);
  alf_coarse_free(&c);
  alf_box_free(&box);
  alf_affinity_free(&batch);
  return taken;
}

static void some_batches_have_no_copy(void **state)
{
  (void)state;
  assert_true(can_take("uniform:T=4096,E=64", 16, INT64_C(1) << 30, 0));
  assert_false(can_take("uniform:T=4097,E=64", 16, INT64_C(1) << 30, 0)); /* too large */
  assert_false(can_take("uniform:T=4096,E=64", 17, INT64_C(1) << 30, 0)); /* K */
  assert_false(can_take("uniform:T=4096,E=64", 16, INT64_C(1) << 30, 8)); /* noise */
  assert_false(can_take("uniform:T=4096,E=64", 16, INT64_C(1) << 20, 0)); /* too narrow */
  assert_true(can_take("uniform:T=20,E=20", 2, INT64_C(1) << 30, 0));
  assert_false(can_take("uniform:T=19,E=20", 2, INT64_C(1) << 30, 0)); /* experts × experts would be more */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kernel_ranks_as_the_definition_says),
      cmocka_unit_test(the_last_kernel_runs_everywhere),
      cmocka_unit_test(rounds_bring_loads_near_their_targets),
      cmocka_unit_test(widths_hold_the_slots_asked_for),
      cmocka_unit_test(rounds_look_at_the_deadline),
      cmocka_unit_test(some_batches_have_no_copy),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
