/* The memory and the work of training: all of it is taken at the start, every allocation may fail, and the products of a
   step are as many as are counted. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "moe/gemm.h"
#include "moe/trainer.h"

enum { BYTES = 4000 };

static unsigned char bytes[BYTES];
static const alf_corpus text = {.text = bytes, .size = BYTES, .split = BYTES - 500};

static alf_moe_config small(void)
{
  alf_moe_config c = alf_moe_config_default();
  c.shape = (alf_moe_shape){.vocabulary = 256,
                            .width = 16,
                            .heads = 2,
                            .layers = 2,
                            .experts = 8,
                            .topk = 2,
                            .hidden = 8,
                            .shared = 1,
                            .context = 150,
                            .sequences = 2};
  c.steps = c.validate_every = c.measure_every = 20;
  for (int j = 0; j < BYTES; j++)
    bytes[j] = (unsigned char)('a' + j * j % 23);
  return c;
}

static void steps_take_no_memory(void **state)
{
  (void)state;
  alf_moe_config c = small();
  alf_trainer_settings settings = {.config = &c, .corpus = &text, .threads = 2};
  alf_trainer *trainer;
  alf_error err = {0};
  assert_ok(alf_trainer_alloc(&trainer, &settings, &err), &err);
  assert_ok(alf_trainer_step(trainer, &err), &err); /* its optima are measured */
  alf_faults_arm(1 << 30, false);
  for (int n = 0; n < 5; n++)
    assert_ok(alf_trainer_step(trainer, &err), &err);
  alf_faults.armed = false;
  assert_int_equal(alf_faults.made, 0);
  alf_trainer_free(trainer);
}

/* Fails allocation number k of taking what training needs; true when there is no such one. */
static bool fails_at(const alf_trainer_settings *settings, int k)
{
  alf_trainer *trainer = NULL;
  alf_error err = {0};
  int live = alf_faults.live;
  alf_faults_arm(k, false);
  alf_status status = alf_trainer_alloc(&trainer, settings, &err);
  bool hit = alf_faults.failed > 0;
  alf_faults.armed = false;
  if (hit) {
    assert_fails(status, ALF_ENOMEM, &err, "memory");
    assert_null(trainer);
  } else {
    assert_ok(status, &err);
  }
  alf_trainer_free(trainer);
  assert_int_equal(alf_faults.live, live);
  return !hit;
}

static void allocations_that_fail_are_told(void **state)
{
  (void)state;
  alf_moe_config c = small();
  alf_trainer_settings settings = {.config = &c, .corpus = &text, .threads = 1};
  int k = 0;
  while (!fails_at(&settings, k))
    k++;
  assert_true(k > 60); /* a dozen or more for each layer */
}

static alf_trainer *trainer_of(const alf_trainer_settings *settings)
{
  alf_trainer *trainer;
  alf_error err = {0};
  assert_ok(alf_trainer_alloc(&trainer, settings, &err), &err);
  assert_ok(alf_trainer_step(trainer, &err), &err);
  return trainer;
}

static void operations_are_counted(void **state)
{
  (void)state;
  for (int shared = 0; shared < 2; shared++) {
    alf_moe_config c = small();
    c.shape.shared = shared;
    alf_trainer_settings settings = {.config = &c, .corpus = &text, .threads = 1};
    alf_trainer *trainer = trainer_of(&settings);
    alf_gemm_log log = {.shape = calloc(10000, sizeof *log.shape), .room = 10000};
    alf_error err = {0};
    double operations = 0;
    assert_non_null(log.shape);
    alf_gemm_record(&log);
    assert_ok(alf_trainer_step(trainer, &err), &err);
    alf_gemm_record(NULL);
    assert_ok(alf_trainer_step(trainer, &err), &err); /* noted no more */
    assert_true(log.count > 100 && log.count < log.room);
    for (int64_t i = 0; i < log.count; i++)
      operations += alf_gemm_operations(log.shape[i]);
    assert_true(operations == alf_trainer_operations(&c.shape));
    free(log.shape);
    alf_trainer_free(trainer);
  }
}

/* What each thread does is written down: all of the time of one, and no more than the time of all. */
static void time_has_parts(void **state)
{
  (void)state;
  alf_moe_config c = small();
  for (int threads = 1; threads <= 2; threads++) {
    alf_trainer_settings settings = {.config = &c, .corpus = &text, .threads = threads};
    alf_trainer *trainer = trainer_of(&settings);
    double part[ALF_MOE_PARTS] = {0};
    alf_crew_add_times(alf_trainer_crew(trainer), part);
    for (int p = 0; p < ALF_MOE_PARTS; p++) {
      bool some = p <= ALF_PART_OPTIMUM || p == ALF_PART_OTHER;
      assert_true(some ? part[p] > 0 : part[p] >= 0);
    }
    assert_true(part[ALF_PART_VALIDATION] == 0);
    double again[ALF_MOE_PARTS] = {0};
    alf_crew_add_times(alf_trainer_crew(trainer), again);
    assert_true(again[ALF_PART_EXPERTS] == 0);
    alf_trainer_free(trainer);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_take_no_memory),
      cmocka_unit_test(allocations_that_fail_are_told),
      cmocka_unit_test(operations_are_counted),
      cmocka_unit_test(time_has_parts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
