/* Numbers and names in user input. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "data/text.h"

static void test_reals(void **state)
{
  (void)state;
  const struct {
    const char *text;
    double value;
  } cases[] = {{"0", 0},       {"1", 1},          {"-2.5", -2.5}, {"+3", 3},
               {".5", 0.5},    {"5.", 5},         {"1e3", 1000},  {"1E-3", 0.001},
               {"0.1", 0.1},   {"1.25e+2", 125},  {"00012", 12},  {"4.9406564584124654e-324", 0x1p-1074},
               {"1e-9999", 0}, {"0e99999999", 0}, {"-0.0", -0.0}, {"1.7976931348623157e308", 0x1.fffffffffffffp1023},
               {"1e-99999", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    alf_error err = {0};
    double value = -77;
    assert_ok(alf_parse_real(cases[i].text, "x", &value, &err), &err);
    assert_memory_equal(&value, &cases[i].value, sizeof value);
  }
}

static void test_reals_refused(void **state)
{
  (void)state;
  const char *cases[] = {"",    " 1",   "1 ",   "nan", "inf",   "-inf", "0x10", "1e",   "1e+", "e5",     ".",       "-",
                         "1,5", "1.5.", "1..5", "--1", "1e5.0", "1f",   "1_0",  "1\n2", "+-1", "1e308x", "infinity"};
  alf_error err = {0};
  double value;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_fails(alf_parse_real(cases[i], "step", &value, &err), ALF_EINVAL, &err, "expected a number");
  assert_fails(alf_parse_real("1e309", "step", &value, &err), ALF_EINVAL, &err, "step '1e309'");
  assert_fails(alf_parse_real("-1e400", "step", &value, &err), ALF_EINVAL, &err, "range of a double");
  char digits[600];
  memset(digits, '1', sizeof digits);
  digits[sizeof digits - 1] = '\0';
  assert_fails(alf_parse_real(digits, "step", &value, &err), ALF_EINVAL, &err, "expected a number");
}

static void test_wholes(void **state)
{
  (void)state;
  const struct {
    const char *text;
    uint64_t value;
  } cases[] = {{"0", 0},
               {"-0", 0},
               {"1e3", 1000},
               {"2.50e1", 25},
               {"7.000", 7},
               {"1200e-2", 12},
               {"0e9999", 0},
               {"0.0", 0},
               {"9007199254740993", 9007199254740993u},
               {"18446744073709551615", UINT64_MAX},
               {"1.8446744073709551615e19", UINT64_MAX},
               {"1e19", 10000000000000000000u}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    alf_error err = {0};
    uint64_t value = 77;
    assert_ok(alf_parse_whole(cases[i].text, "x", UINT64_MAX, &value, &err), &err);
    assert_true(value == cases[i].value);
  }
}

static void test_wholes_refused(void **state)
{
  (void)state;
  const char *cases[] = {
      "",       "1.5",     "1e-1", "-1",  "0.5", "1e20", "18446744073709551616", "1.8446744073709551616e19",
      "1e9999", "1e-9999", "12x",  "0x2", "nan"};
  alf_error err = {0};
  uint64_t value;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_fails(alf_parse_whole(cases[i], "seed", UINT64_MAX, &value, &err), ALF_EINVAL, &err,
                 "expected a whole number in 0..18446744073709551615");
  /* Single digits against a small maximum, and its exact edge. */
  assert_fails(alf_parse_whole("7", "E", 5, &value, &err), ALF_EINVAL, &err, "E '7': expected a whole number in 0..5");
  assert_fails(alf_parse_whole("41", "E", 40, &value, &err), ALF_EINVAL, &err, "0..40");
  assert_ok(alf_parse_whole("40", "E", 40, &value, &err), &err);
  assert_int_equal(value, 40);
}

/* What reaches a message stays on one line and leaves room for the rest of it. */
static void test_names(void **state)
{
  (void)state;
  char long_name[1000], list[32] = "";
  memset(long_name, 'a', sizeof long_name);
  memcpy(long_name + sizeof long_name - 9, "tail.npy", 9);
  char *copy = alf_message_copy(long_name), *broken = alf_message_copy("a\nb\t\x7f\x1b.npy");
  assert_true(strlen(copy) <= 160);
  assert_string_equal(copy + strlen(copy) - 8, "tail.npy");
  assert_string_equal(broken, "a?b???.npy");
  free(copy);
  free(broken);
  alf_list_append(list, sizeof list, "first");
  alf_list_append(list, sizeof list, "second");
  assert_string_equal(list, "first, second");
  alf_list_append(list, sizeof list, "a name too long to fit");
  assert_string_equal(list, "first, second, …");
  alf_list_append(list, sizeof list, "x");
  assert_string_equal(list, "first, second, …");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reals),          cmocka_unit_test(test_reals_refused), cmocka_unit_test(test_wholes),
      cmocka_unit_test(test_wholes_refused), cmocka_unit_test(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
