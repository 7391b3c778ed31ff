/* Parameters of rules and schedules: their texts, tables and errors. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/format.h"
#include "alf/rule.h"
#include "alf/schedule.h"
#include "data/parameter.h"

static const alf_parameter sample[] = {
    {"rate", 0.5, 0, 1, 0, "a number"}, {"count", 10, 1, 1e12, 1, "a whole number"}, {0}};

static void texts_become_values(void **state)
{
  (void)state;
  double value[ALF_MAX_PARAMETERS];
  alf_error err = {0};
  assert_ok(alf_choice_values("x", "x", sample, value, &err), &err);
  assert_true(value[0] == 0.5 && value[1] == 10);
  assert_ok(alf_choice_values("x[count=1e3]", "x", sample, value, &err), &err);
  assert_true(value[0] == 0.5 && value[1] == 1000);
  assert_ok(alf_choice_values("x[count=7,rate=0.25]", "x", sample, value, &err), &err);
  assert_true(value[0] == 0.25 && value[1] == 7);
  assert_ok(alf_choice_values("x", "x", NULL, value, &err), &err);
}

typedef struct refusal {
  const char *text, *words;
} refusal;

static void wrong_texts_are_refused(void **state)
{
  (void)state;
  static const refusal refusals[] = {
      {"x[", "brackets: expected one pair that ends the text"},
      {"x[rate=1", "brackets"},
      {"x[rate=1]y", "brackets"},
      {"x[rate=1]]", "brackets"},
      {"x[rate=1][count=2]", "brackets"},
      {"x[]", "x: parameter '': expected KEY=VALUE with a key of: rate, count"},
      {"x[rate]", "parameter 'rate': expected KEY=VALUE"},
      {"x[rats=1]", "parameter 'rats': expected KEY=VALUE with a key of: rate, count"},
      {"x[rate=1,]", "parameter ''"},
      {"x[rate=1,rate=1]", "x: rate: given twice, expected once"},
      {"x[rate=2]", "x: rate '2': expected a number in 0..1"},
      {"x[rate=-1e-9]", "rate '-1e-9'"},
      {"x[rate=nan]", "rate 'nan'"},
      {"x[rate=]", "rate ''"},
      {"x[count=1.5]", "x: count '1.5': expected a whole number in 1..1000000000000"},
      {"x[count=0]", "count '0'"},
  };
  double value[ALF_MAX_PARAMETERS];
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    alf_error err = {0};
    assert_fails(alf_choice_values(refusals[i].text, "x", sample, value, &err), ALF_EINVAL, &err, refusals[i].words);
  }
  alf_error err = {0};
  char text[1000] = "x[";
  memset(text + 2, '0', sizeof text - 3);
  assert_fails(alf_choice_values(text, "x", sample, value, &err), ALF_EINVAL, &err,
               "997 characters of parameters, expected at most 511");
  assert_fails(alf_choice_values("x[rate=1]", "x", NULL, value, &err), ALF_EINVAL, &err,
               "x: parameter 'rate': expected none");
}

static const char *const colours[] = {"red", "dark-green", NULL};
static const alf_parameter chosen[] = {{"colour", 1, 0, 1, 1, "one of two", colours}, {"rate", 0.5, 0, 1, 0, ""}, {0}};

static void choices_have_names(void **state)
{
  (void)state;
  double value[ALF_MAX_PARAMETERS];
  char text[ALF_CHOICE_TEXT];
  alf_error err = {0};
  assert_ok(alf_choice_values("x", "x", chosen, value, &err), &err);
  assert_true(value[0] == 1);
  assert_ok(alf_choice_values("x[rate=1,colour=red]", "x", chosen, value, &err), &err);
  assert_true(value[0] == 0 && value[1] == 1);
  alf_choice_print("x", chosen, value, text);
  assert_string_equal(text, "x[colour=red,rate=1]");
  alf_values_print(chosen, value, text);
  assert_string_equal(text, "colour=red,rate=1");
  alf_values_print(chosen, (double[]){1, 0.5}, text);
  assert_string_equal(text, "");
  static const char *const wrong[] = {"x[colour=0]", "x[colour=Red]", "x[colour=]", "x[colour=redder]"};
  for (int i = 0; i < 4; i++)
    assert_fails(alf_choice_values(wrong[i], "x", chosen, value, &err), ALF_EINVAL, &err,
                 "': expected one of red, dark-green");
  assert_fails(alf_parameter_take("x", chosen, (double[]){2, 0}, value, &err), ALF_EINVAL, &err, "x: colour '2'");
  assert_fails(alf_parameter_take("x", chosen, (double[]){0.5, 0}, value, &err), ALF_EINVAL, &err, "colour '0.5'");
}

static void long_texts_end_at_a_whole_value(void **state)
{
  (void)state;
  char name[ALF_CHOICE_TEXT + 10], text[ALF_CHOICE_TEXT];
  memset(name, 'x', sizeof name);
  for (size_t length = ALF_CHOICE_TEXT - 40; length < sizeof name; length++) {
    name[length] = '\0';
    alf_choice_print(name, sample, (double[]){0.1, 300}, text);
    assert_true(strlen(text) < sizeof text && !strncmp(text, name, length < 511 ? length : 511));
    name[length] = 'x';
  }
}

static void values_of_callers_are_checked(void **state)
{
  (void)state;
  double value[ALF_MAX_PARAMETERS];
  alf_error err = {0};
  assert_ok(alf_parameter_take("x", sample, NULL, value, &err), &err);
  assert_true(value[0] == 0.5 && value[1] == 10);
  assert_ok(alf_parameter_take("x", sample, (double[]){1, 3}, value, &err), &err);
  assert_true(value[0] == 1 && value[1] == 3);
  assert_fails(alf_parameter_take("x", sample, (double[]){NAN, 3}, value, &err), ALF_EINVAL, &err, "x: rate");
  assert_fails(alf_parameter_take("x", sample, (double[]){0, 2.5}, value, &err), ALF_EINVAL, &err, "count '2.5'");
  assert_fails(alf_parameter_take("x", sample, (double[]){0, INFINITY}, value, &err), ALF_EINVAL, &err, "count 'inf'");
}

static void texts_are_canonical(void **state)
{
  (void)state;
  char text[ALF_CHOICE_TEXT];
  alf_choice_print("x", sample, NULL, text);
  assert_string_equal(text, "x");
  alf_choice_print("x", sample, (double[]){0.5, 10}, text);
  assert_string_equal(text, "x");
  alf_choice_print("x", sample, (double[]){0.1, 10}, text);
  assert_string_equal(text, "x[rate=0.1]");
  alf_choice_print("x", sample, (double[]){1. / 3, 300}, text);
  assert_string_equal(text, "x[rate=0.3333333333333333,count=300]");
  alf_choice_print("x", NULL, (double[]){0}, text);
  assert_string_equal(text, "x");
}

/* One entry of a table of rules or schedules; its extreme values fit into a text and come back from it. */
static void check_table(const char *name, const alf_parameter *table)
{
  int count = alf_parameter_count(table);
  assert_true(count <= ALF_MAX_PARAMETERS && !strpbrk(name, "[],= "));
  double extreme[ALF_MAX_PARAMETERS], back[ALF_MAX_PARAMETERS];
  for (int i = 0; i < count; i++) {
    const alf_parameter *p = &table[i];
    int choices = 0;
    while (p->choices && p->choices[choices])
      assert_false(!p->choices[choices][0] || strpbrk(p->choices[choices++], "[],= "));
    assert_true(!choices || (p->integral && p->minimum == 0 && p->maximum == choices - 1));
    assert_true(p->minimum <= p->fallback && p->fallback <= p->maximum && p->help[0] && !strpbrk(p->name, "[],= "));
    extreme[i] = p->integral ? p->maximum : p->minimum + (p->maximum - p->minimum) / 3;
  }
  char text[ALF_CHOICE_TEXT], again[ALF_CHOICE_TEXT];
  alf_error err = {0};
  alf_choice_print(name, table, extreme, text);
  alf_choice_name(text, again);
  assert_string_equal(again, name);
  assert_ok(alf_choice_values(text, name, table, back, &err), &err);
  for (int i = 0; i < count; i++)
    assert_true(extreme[i] == back[i]);
}

static void tables_are_sound(void **state)
{
  (void)state;
  for (int r = 0; alf_rules[r]; r++)
    check_table(alf_rules[r]->name, alf_rules[r]->parameters);
  for (int s = 0; alf_schedules[s]; s++)
    check_table(alf_schedules[s]->name, alf_schedules[s]->parameters);
  check_table("format", alf_format_parameters);
}

static void rules_and_schedules_are_read(void **state)
{
  (void)state;
  const alf_rule *rule;
  const alf_schedule *schedule;
  double value[ALF_MAX_PARAMETERS];
  alf_error err = {0};
  assert_ok(alf_rule_read("smebu[beta=0.75]", &rule, value, &err), &err);
  assert_ptr_equal(rule, alf_rule_find("smebu"));
  assert_true(value[0] == 2 && value[1] == 0.75);
  assert_ok(alf_schedule_read("cosine[floor=0.5]", &schedule, value, &err), &err);
  assert_ptr_equal(schedule, alf_schedule_find("cosine"));
  assert_true(value[0] == 1000 && value[1] == 0.5);
  assert_fails(alf_rule_read("smebo[beta=1]", &rule, value, &err), ALF_EINVAL, &err, "'smebo': no such rule");
  assert_null(rule);
  assert_fails(alf_schedule_read("", &schedule, value, &err), ALF_EINVAL, &err, "'': no such schedule");
  assert_null(schedule);
  assert_fails(alf_rule_read("smebu[beta=2]", &rule, value, &err), ALF_EINVAL, &err, "smebu: beta '2'");
  assert_non_null(rule);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_become_values),
      cmocka_unit_test(wrong_texts_are_refused),
      cmocka_unit_test(texts_are_canonical),
      cmocka_unit_test(choices_have_names),
      cmocka_unit_test(long_texts_end_at_a_whole_value),
      cmocka_unit_test(values_of_callers_are_checked),
      cmocka_unit_test(tables_are_sound),
      cmocka_unit_test(rules_and_schedules_are_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
