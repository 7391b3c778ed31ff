/* Pieces of memory: zeroed, aligned, and none any more after the first that could not be had. */
#include "support.h"

#include <stdint.h>

#include "core/memory.h"

static void test_pieces(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_memory memory = {0};
  for (size_t count = 1; count <= 1000; count *= 10) {
    double *value = alf_memory_take(&memory, count, sizeof *value);
    assert_non_null(value);
    assert_int_equal((uintptr_t)value % _Alignof(max_align_t), 0);
    for (size_t n = 0; n < count; n++) {
      assert_true(value[n] == 0);
      value[n] = 1;
    }
  }
  assert_ok(alf_memory_check(&memory, &err), &err);
  alf_memory_free(&memory);
  assert_null(memory.last);
  alf_memory_free(&memory);
}

/* Sizes that no size_t holds; allocations that fail are those of unit.allocation. */
static void test_missing_piece(void **state)
{
  (void)state;
  static const size_t most[][2] = {{SIZE_MAX / 4, 8}, {SIZE_MAX, 1}};
  for (size_t c = 0; c < sizeof most / sizeof *most; c++) {
    alf_error err = {0};
    alf_memory memory = {0};
    assert_non_null(alf_memory_take(&memory, 3, 1));
    assert_null(alf_memory_take(&memory, most[c][0], most[c][1]));
    assert_null(alf_memory_take(&memory, 1, 1));
    assert_fails(alf_memory_check(&memory, &err), ALF_ENOMEM, &err, "memory");
    alf_memory_free(&memory);
    assert_non_null(alf_memory_take(&memory, 1, 1));
    assert_ok(alf_memory_check(&memory, &err), NULL);
    alf_memory_free(&memory);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pieces),
      cmocka_unit_test(test_missing_piece),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
