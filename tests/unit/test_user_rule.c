/* Rules in shared objects: the example, one that is not what it declares, and files that are refused. */
#include "support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alf/verify.h"
#include "files.h"
#include "formatted.h"

static const char *file_of(const char *name)
{
  static char path[2][600];
  static int turn;
  turn = 1 - turn;
  snprintf(path[turn], sizeof path[turn], ALF_RULES_DIR "/%s", name);
  return path[turn];
}

static void files_are_known_by_their_looks(void **state)
{
  (void)state;
  assert_true(alf_rule_is_file("./x") && alf_rule_is_file("x.so") && alf_rule_is_file("/a/x.so[limit=1]"));
  assert_false(alf_rule_is_file("x") || alf_rule_is_file(".so") || alf_rule_is_file("") || alf_rule_is_file("x.sol") ||
               alf_rule_is_file("x[file=/a/x.so]"));
}

static void the_example_is_read(void **state)
{
  (void)state;
  const alf_rule *rule, *again;
  double value[ALF_MAX_PARAMETERS];
  char text[ALF_CHOICE_TEXT];
  alf_error err = {0};
  assert_ok(alf_rule_read(file_of("clamped.so"), &rule, value, &err), &err);
  assert_string_equal(rule->name, "clamped");
  assert_near(value[0], 5, 0);
  assert_ok(alf_rule_read(file_of("clamped.so[limit=3]"), &again, value, &err), &err);
  assert_ptr_equal(rule, again);
  alf_choice_print(rule->name, rule->parameters, value, text);
  assert_string_equal(text, "clamped[limit=3]");
  assert_null(alf_rule_find("clamped"));
  assert_fails(alf_rule_read(file_of("clamped.so[limit=-1]"), &rule, value, &err), ALF_EINVAL, &err,
               "clamped.so: limit '-1': expected a number in 0..1000000000");
  assert_fails(alf_rule_read(file_of("clamped.so[limit=1"), &rule, value, &err), ALF_EINVAL, &err, "brackets");
}

/* Loads 5 and 3 of a target of 4: 2.5 tenths off; 8 and 0: ten, and five are the most. */
static void the_example_by_hand(void **state)
{
  (void)state;
  int64_t cells[16];
  const alf_rule *rule;
  double value[ALF_MAX_PARAMETERS];
  alf_error err = {0};
  assert_ok(alf_rule_read(file_of("clamped.so"), &rule, value, &err), &err);
  for (int first = 5; first <= 8; first += 3) {
    alf_affinity batch = alf_test_split(cells, 8, first);
    alf_iterate *it = alf_test_start(&batch, rule, 8, 1, "", NULL);
    assert_near(alf_test_step(it, &batch)->delta.real[1], first == 5 ? 8 * 2.5 : 8 * 5, 0);
    alf_iterate_free(it);
  }
}

static void judge(const char *file, alf_claim_result *results, alf_status expected)
{
  alf_affinity batch = {0};
  alf_instance instance = {0};
  alf_instance_settings prepare = {.solve = true};
  alf_verify_settings settings = {.steps = 40, .exact = true, .claims = alf_claims};
  double value[ALF_MAX_PARAMETERS];
  alf_cell cell = {.schedule = alf_schedule_find("1/n"), .u = 0.01, .rule_values = value};
  alf_error err = {0};
  assert_ok(alf_rule_read(file_of(file), &cell.rule, value, &err), &err);
  alf_test_batch("uniform:T=101,E=8", &batch);
  assert_ok(alf_instance_prepare(&instance, &batch, 2, &prepare, &err), &err);
  assert_int_equal(alf_verify_cell(&instance, NULL, &cell, &settings, results, &err), expected);
  alf_instance_free(&instance);
  alf_affinity_free(&batch);
}

static void the_claims_run_on_it(void **state)
{
  (void)state;
  alf_claim_result results[16];
  judge("clamped.so[limit=2]", results, ALF_OK);
  for (int c = 0; alf_claims[c]; c++)
    if (!(alf_claims[c]->needs & ALF_NEEDS_CURVATURE))
      assert_string_equal(alf_verdict_name(results[c].verdict),
                          strcmp(alf_claims[c]->id, "C4") ? "holds" : "hypothesis not met");
}

static void the_claims_hold_it_to_its_declaration(void **state)
{
  (void)state;
  alf_claim_result results[16];
  judge("liar.so", results, ALF_OK);
  assert_int_equal(results[0].verdict, ALF_REFUTED);
  assert_non_null(strstr(results[0].reason, "the rule breaks its own declaration: 40 updates"));
}

static void rules_may_fail(void **state)
{
  (void)state;
  alf_claim_result results[16];
  judge("fails.so", results, ALF_ESOLVER);
  assert_int_equal(results[0].verdict, ALF_INCONCLUSIVE);
  assert_string_equal(results[0].reason, "update 1: rule odd: solver failed"); /* it gave no text itself */
  judge("nan.so", results, ALF_ERANGE);
  assert_string_equal(results[0].reason, "update 1: a step leaves the grid of 2^-40");
}

typedef struct refusal {
  const char *file, *words;
} refusal;

static void unsound_files_are_refused(void **state)
{
  (void)state;
  char size[80];
  snprintf(size, sizeof size, "size.so: compiled with an alf_rule_input of %zu bytes, expected %zu",
           sizeof(alf_rule_input) - 8, sizeof(alf_rule_input));
  const refusal refusals[] = {
      {"symbol.so", "symbol.so: no symbol alf_exported_rule: expected ALF_EXPORT_RULE"},
      {"abi.so", "abi.so: compiled for rules of ABI 2, expected 1"},
      {"size.so", size},
      {"built_in.so", "name of the rule 'sign': is that of a built-in rule"},
      {"name.so", "name of the rule 'a rule': expected 1..48 letters"},
      {"no_update.so", "expected a rule with an update"},
      {"range.so", "parameter 1 of the rule: its default is out of its range"},
      {"twice.so", "parameter 2 of the rule: two have its name"},
      {"choices.so", "parameter 1 of the rule: its choices are not the names of 0..maximum"},
  };
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    const alf_rule *rule = alf_rules[0];
    double value[ALF_MAX_PARAMETERS];
    alf_error err = {0};
    assert_fails(alf_rule_read(file_of(refusals[i].file), &rule, value, &err), ALF_EFORMAT, &err, refusals[i].words);
    assert_null(rule);
  }
}

/* The first `length` bytes of the example. */
static const char *copy_cut(void **state, size_t length)
{
  static char bytes[16384];
  const char *path = alf_test_path(state, "cut.so");
  FILE *file = fopen(file_of("clamped.so"), "rb");
  assert_non_null(file);
  size_t got = fread(bytes, 1, length, file);
  fclose(file);
  alf_test_write(path, bytes, got);
  return path;
}

static void files_that_are_none_are_refused(void **state)
{
  const alf_rule *rule = alf_rules[0];
  double value[ALF_MAX_PARAMETERS];
  alf_error err = {0};
  const char *text = alf_test_path(state, "text.so"), *const none = "none-of-that-name.so";
  alf_test_write(text, "int main(void);\n", 16);
  assert_fails(alf_rule_read(text, &rule, value, &err), ALF_EFORMAT, &err, "text.so: file too short");
  assert_null(rule);
  assert_ok(alf_rule_read(file_of("clamped.so"), &rule, value, &err), &err);
  for (size_t length = 64; length < 16384; length += length / 3) { /* wherever it is cut: refused, no crash */
    const char *cut = copy_cut(state, length);
    alf_status status = alf_rule_read(cut, &rule, value, &err);
    assert_true(status == (rule ? ALF_OK : ALF_EFORMAT)); /* what follows the last segment is not needed */
    remove(cut);
  }
  assert_fails(alf_rule_read(copy_cut(state, 1000), &rule, value, &err), ALF_EFORMAT, &err, "cut.so: is cut short");
  assert_fails(alf_rule_read(alf_test_path(state, "missing.so"), &rule, value, &err), ALF_EIO, &err,
               "missing.so: No such file or directory");
  assert_fails(alf_rule_read((const char *)*state, &rule, value, &err), ALF_EFORMAT, &err,
               "is no file: expected a shared");
  assert_fails(alf_rule_read(none, &rule, value, &err), ALF_EIO, &err, "./none-of-that-name.so: No");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(files_are_known_by_their_looks),
      cmocka_unit_test(the_example_is_read),
      cmocka_unit_test(the_example_by_hand),
      cmocka_unit_test(the_claims_run_on_it),
      cmocka_unit_test(the_claims_hold_it_to_its_declaration),
      cmocka_unit_test(rules_may_fail),
      cmocka_unit_test(unsound_files_are_refused),
      cmocka_unit_test(files_that_are_none_are_refused),
  };
  return cmocka_run_group_tests(tests, alf_test_folder_setup, alf_test_folder_teardown);
}
