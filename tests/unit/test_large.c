/* Large arrays: every byte is there, and those of a large page or more start on one. */
#include "support.h"

#include <stdint.h>
#include <string.h>

#include "core/large.h"

static void bytes_are_there(void **state)
{
  (void)state;
  static const size_t sizes[] = {1, 4096, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, (9 << 20) + 5};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    alf_large large = {0};
    unsigned char *start = alf_large_take(&large, sizes[i]);
    assert_non_null(start);
    assert_true(sizes[i] < 2 << 20 || (uintptr_t)start % (2 << 20) == 0);
    memset(start, 0x5a, sizes[i]);
    assert_int_equal(start[0] + start[sizes[i] - 1], 2 * 0x5a);
    alf_large_free(&large);
    assert_null(large.block);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bytes_are_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
