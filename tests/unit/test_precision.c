/* Rounding to float32, bfloat16 and float16, against the bits of these formats. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "alf/precision.h"

static double decode_bfloat16(uint32_t pattern)
{
  uint32_t bits = pattern << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return (double)value;
}

/* Sign, 5 bits of exponent biased by 15, 10 bits of fraction. */
static double decode_float16(uint32_t pattern)
{
  int exponent = pattern >> 10 & 31;
  double fraction = pattern & 1023, sign = pattern >> 15 ? -1 : 1;
  if (exponent == 31)
    return fraction ? (double)NAN : sign * (double)INFINITY;
  return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

typedef double (*decoder)(uint32_t pattern);

/* Numbers of the format stay, and what lies between two neighbours goes to the nearer one, at the middle to the one with
   an even pattern. `last` is the pattern of the largest; what follows it counts as 2^highest, and is an infinity. */
static void check_neighbours(alf_precision precision, decoder decode, uint32_t last, int highest)
{
  for (uint32_t pattern = 0; pattern <= last; pattern++)
    for (int sign = -1; sign <= 1; sign += 2) {
      double low = decode(pattern), high = pattern < last ? decode(pattern + 1) : ldexp(1, highest);
      double beyond = pattern < last ? high : (double)INFINITY, middle = low + (high - low) / 2;
      assert_true(alf_round_real(precision, sign * low) == sign * low);
      assert_true(alf_round_real(precision, sign * nextafter(middle, 0)) == sign * low);
      assert_true(alf_round_real(precision, sign * middle) == sign * (pattern % 2 ? beyond : low));
      assert_true(alf_round_real(precision, sign * nextafter(middle, INFINITY)) == sign * beyond);
      assert_true(alf_round_real(precision, sign * high) == sign * beyond);
    }
}

static void every_bfloat16_and_its_ties(void **state)
{
  (void)state;
  check_neighbours(ALF_PRECISION_BFLOAT16, decode_bfloat16, 0x7f7f, 128);
}

static void every_float16_and_its_ties(void **state)
{
  (void)state;
  check_neighbours(ALF_PRECISION_FLOAT16, decode_float16, 0x7bff, 16);
  assert_true(alf_round_real(ALF_PRECISION_FLOAT16, 65504) == 65504);
  assert_true(isinf(alf_round_real(ALF_PRECISION_FLOAT16, 65520)));
}

static void what_is_not_finite_stays(void **state)
{
  (void)state;
  for (int p = ALF_PRECISION_EXACT; p <= ALF_PRECISION_FLOAT16; p++) {
    assert_true(isnan(alf_round_real(p, NAN)) && alf_round_real(p, -INFINITY) == (double)-INFINITY);
    assert_true(alf_round_real(p, -0x1p-1000) == (p ? 0 : -0x1p-1000));
    assert_false(p && signbit(alf_round_real(p, -0x1p-1000)));
  }
  assert_null(alf_precision_names[ALF_PRECISION_FLOAT16 + 1]);
}

static uint64_t next(uint64_t *seed)
{
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  uint64_t x = *seed ^ *seed >> 31;
  return x * UINT64_C(0x9e3779b97f4a7c15);
}

/* Of every size that a double has: what the compiler's conversion makes of it. */
static void float32_is_that_of_the_machine(void **state)
{
  (void)state;
  uint64_t seed = 1;
  for (int n = 0; n < 1000000; n++) {
    double value = ldexp((double)(int64_t)next(&seed), (int)(next(&seed) % 320) - 223);
    assert_true(alf_round_real(ALF_PRECISION_FLOAT32, value) == (double)(float)value);
  }
}

/* Where a double holds the units exactly, both roundings agree, on fine and on coarse grids. */
static void units_round_as_doubles_do(void **state)
{
  (void)state;
  uint64_t seed = 2;
  for (int n = 0; n < 1000000; n++) {
    int64_t units = (int64_t)next(&seed) >> (11 + next(&seed) % 53), before = units;
    int grid_bits = 40 - (int)(next(&seed) % 100);
    for (int p = ALF_PRECISION_EXACT; p <= ALF_PRECISION_FLOAT16; p++) {
      double expected = alf_round_real(p, ldexp((double)before, -grid_bits));
      units = before;
      bool finite = alf_round_units(p, grid_bits, &units);
      assert_int_equal(finite, isfinite(expected));
      assert_true(finite ? ldexp((double)units, -grid_bits) == expected : units == before);
    }
  }
}

/* Beyond 2^53 units a double has rounded before: 2^60 + 2^52 is the middle of two bfloat16, one unit more is not. */
static void long_units_are_rounded_once(void **state)
{
  (void)state;
  for (int sign = -1; sign <= 1; sign += 2) {
    int64_t middle = sign * ((INT64_C(1) << 60) + (INT64_C(1) << 52)), above = middle + sign, below = middle - sign;
    assert_true(alf_round_units(ALF_PRECISION_BFLOAT16, 40, &middle) && middle == sign * (INT64_C(1) << 60));
    assert_true(alf_round_units(ALF_PRECISION_BFLOAT16, 40, &below) && below == middle);
    assert_true(alf_round_units(ALF_PRECISION_BFLOAT16, 40, &above) && above == middle + sign * (INT64_C(1) << 53));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_bfloat16_and_its_ties), cmocka_unit_test(every_float16_and_its_ties),
      cmocka_unit_test(what_is_not_finite_stays),    cmocka_unit_test(float32_is_that_of_the_machine),
      cmocka_unit_test(units_round_as_doubles_do),   cmocka_unit_test(long_units_are_rounded_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
