/* Configs of alflab run: lists and ranges, canonical values, the order of cells, and what is refused, with its line. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "files.h"
#include "run/plan.h"

#define HEAD "[experiment]\nkind = iterate\ntopk = 2\n"

static alf_config config;

static int tear_down(void **state)
{
  (void)state;
  alf_config_free(&config);
  return 0;
}

static void parse(const char *text, const char *set)
{
  alf_error err = {0};
  alf_config_free(&config);
  assert_ok(alf_config_parse(&config, "folder/name.ini", text, set, &err), &err);
}

static const alf_key_values *values_of(const char *key)
{
  for (int k = 0; k < config.keys; k++)
    if (!strcmp(config.values[k].key->name, key))
      return &config.values[k];
  fail_msg("no key %s", key);
  return NULL;
}

/* All values of a key, with bars between. */
static const char *listed(const char *key)
{
  static char text[4096];
  const alf_key_values *values = values_of(key);
  text[0] = '\0';
  for (int64_t i = 0; i < values->count; i++) {
    char one[ALF_VALUE_TEXT];
    alf_value_print(&values->value[i].value, one);
    strcat(text, i ? "|" : "");
    strcat(text, one);
  }
  return text;
}

static void values_are_lists_and_ranges(void **state)
{
  (void)state;
  parse(HEAD "source = uniform:T=64,E=8 | softmax:T=64,E=8,skew=1\nrule = sign, smebu[kappa=3,beta=0.25] | none\n"
             "schedule=constant,1/n\nu = 1e-4..10 *10, 2e0|usual, 0.5..0.9 +0.25\nsteps = 5..9 +2\n"
             "format = none | ranks=4,loads=bfloat16\n",
        NULL);
  assert_string_equal(listed("source"), "uniform:T=64,E=8|softmax:T=64,E=8,skew=1");
  assert_string_equal(listed("rule"), "sign|smebu[kappa=3,beta=0.25]|none");
  assert_string_equal(listed("schedule"), "constant|1/n");
  assert_string_equal(listed("u"), "0.0001|0.001|0.01|0.1|1|10|2|usual|0.5|0.75");
  assert_string_equal(listed("steps"), "5|7|9");
  assert_string_equal(listed("format"), "none|loads=bfloat16,ranks=4");
  assert_string_equal(listed("topk"), "2");
  assert_string_equal(listed("arithmetic"), "exact");
  assert_string_equal(config.name, "name");
  assert_string_equal(config.base, "folder/");
}

static void numbers_of_a_range_are_decimal(void **state)
{
  (void)state;
  parse(HEAD "source = uniform\nu = 1e-9..1e3 *10\n", NULL);
  const alf_key_values *u = values_of("u");
  static const double decimal[] = {1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000};
  assert_int_equal(u->count, 13);
  for (int i = 0; i < 13; i++)
    assert_true(u->value[i].value.real == decimal[i]);
}

static void a_key_goes_on_where_it_is_given_again(void **state)
{
  (void)state;
  parse("; comment\n" HEAD "source = uniform:T=64\n  softmax:T=64\n\nu = 1 ; one\nu = 2\ntitle = A, b | c\nseed = 5\n"
        "repetitions = 3\nthreads = 2\n",
        NULL);
  assert_string_equal(listed("source"), "uniform:T=64|softmax:T=64");
  assert_string_equal(listed("u"), "1|2");
  assert_string_equal(config.title, "A, b | c");
  assert_int_equal(config.seed, 5);
  assert_int_equal(config.repetitions, 3);
  assert_int_equal(config.threads, 2);
}

static void set_replaces_values(void **state)
{
  (void)state;
  const char *text = HEAD "source = uniform\nu = 1, 2\nseed = 4\n";
  parse(text, "u=3,4;seed=9;steps = 7;");
  assert_string_equal(listed("u"), "3|4");
  assert_string_equal(listed("steps"), "7");
  assert_int_equal(config.seed, 9);
  assert_non_null(strstr(config.text, "# --set u=3,4;seed=9"));
  parse(text, "u=5;u=6");
  assert_string_equal(listed("u"), "5|6");
  parse(text, "rule=all");
  assert_memory_equal(listed("rule"), "sign|proportional|", 18);
  assert_string_equal(strrchr(listed("rule"), '|'), "|none");
}

typedef struct refused {
  const char *text, *set;
  alf_status status;
  const char *words;
} refused;

static const refused wrong[] = {
    {"", NULL, ALF_EFORMAT, "x.ini: no kind: expected kind = one of iterate, updates"},
    {"[experiment]\nkind = itarate\n", NULL, ALF_EFORMAT,
     "x.ini: line 2: kind = itarate: no such kind; expected one of iterate, "},
    {"kind = iterate\n", NULL, ALF_EFORMAT, "x.ini: line 1: kind: stands in no section: expected [experiment], "},
    {"[experiment]\n\nnonsense\n", NULL, ALF_EFORMAT, "x.ini: line 3: expected [section] or key = value"},
    {HEAD "[more]\na = 1\n", NULL, ALF_EFORMAT,
     "x.ini: line 5: section [more]: expected [experiment], [also], [also NAME], [quick], "
     "[quick also] or [quick also NAME]"},
    {HEAD "source = uniform\n[also]\nseed = 1\n", NULL, ALF_EFORMAT,
     "x.ini: line 6: seed: expected in [experiment] or [quick] only"},
    {HEAD "source = uniform\n[also]\nv = 1\n", NULL, ALF_EFORMAT, "x.ini: line 6: v: no such key of kind iterate"},
    {HEAD "source = uniform\n[quick]\nv = 1\n", NULL, ALF_EFORMAT, "x.ini: line 6: v: no such key of kind iterate"},
    {HEAD "source = uniform\n[quick also]\nu = 1\n", NULL, ALF_EFORMAT,
     "x.ini: line 6: section [quick also]: expected a section [also]"},
    {HEAD "source = uniform\n[also 1]\nu = 1\n[quick also 2]\nu = 1\n", NULL, ALF_EFORMAT,
     "x.ini: line 8: section [quick also 2]: expected a section [also 2]"},
    {HEAD "source = uniform\n[alsoo]\nu = 1\n", NULL, ALF_EFORMAT, "x.ini: line 6: section [alsoo]: expected [exp"},
    {HEAD "source = uniform\n[quicker]\nu = 1\n", NULL, ALF_EFORMAT, "x.ini: line 6: section [quicker]: expected [exp"},
    {HEAD "skew = 1\n", NULL, ALF_EFORMAT,
     "x.ini: line 4: skew: no such key of kind iterate; expected one of kind, title"},
    {HEAD "u = 1\n", NULL, ALF_EFORMAT, "x.ini: no source: expected source = affinities"},
    {HEAD "kind = solve\n", NULL, ALF_EFORMAT, "x.ini: line 4: kind: is given twice"},
    {HEAD "source = unifrom\n", NULL, ALF_EFORMAT, "x.ini: line 4: source: 'unifrom'"},
    {HEAD "source = uniform |\n", NULL, ALF_EFORMAT, "x.ini: line 4: source: an empty value"},
    {HEAD "source = uniform:T=0\n", NULL, ALF_EFORMAT, "x.ini: line 4: source: uniform"},
    {HEAD "source = missing.npy\n", NULL, ALF_EIO, "x.ini: line 4: source: missing.npy"},
    {HEAD "rule = sing\n", NULL, ALF_EFORMAT, "x.ini: line 4: rule: 'sing': no such rule; expected sign, "},
    {HEAD "rule = smebu[kappa=x]\n", NULL, ALF_EFORMAT, "x.ini: line 4: rule: smebu"},
    {HEAD "rule = ./missing.so\n", NULL, ALF_EIO, "x.ini: line 4: rule: ./missing.so"},
    {HEAD "schedule = 1/m\n", NULL, ALF_EFORMAT, "no such schedule; expected constant"},
    {HEAD "format = rank=3\n", NULL, ALF_EFORMAT, "x.ini: line 4: format: "},
    {HEAD "u = 0\n", NULL, ALF_EFORMAT, "x.ini: line 4: u = 0: expected a number in 1e-15..1e+15, or usual"},
    {HEAD "u = 1/mu\n", NULL, ALF_EFORMAT, "u = 1/mu: expected a number"},
    {HEAD "u = 1, 1.0\n", NULL, ALF_EFORMAT, "x.ini: line 4: u = 1: is given twice"},
    {HEAD "u = 1..10\n", NULL, ALF_EFORMAT, "u = 1..10: expected a range, A..B *R"},
    {HEAD "u = 1..10 *1\n", NULL, ALF_EFORMAT, "expected a range"},
    {HEAD "u = 10..1 +1\n", NULL, ALF_EFORMAT, "expected a range"},
    {HEAD "u = 0..1 *2\n", NULL, ALF_EFORMAT, "expected a range"},
    {HEAD "steps = 1..100000 +1\n", NULL, ALF_EFORMAT, "steps: expected at most 10000 values"},
    {HEAD "steps = 1.5\n", NULL, ALF_EFORMAT, "steps = 1.5: expected a whole number in 0..1000000000"},
    {HEAD "arithmetic = double\n", NULL, ALF_EFORMAT, "arithmetic = double: expected exact, float64, or float32"},
    {HEAD "repetitions = 0\n", NULL, ALF_EFORMAT, "x.ini: line 4: repetitions = 0: expected a whole number in 1.."},
    {HEAD "seed = 1\nseed = 2\n", NULL, ALF_EFORMAT, "x.ini: line 5: seed: is given twice"},
    {HEAD "source = uniform\n", "u", ALF_EINVAL, "--set u: expected KEY=VALUE"},
    {HEAD "source = uniform\n", "u=x", ALF_EINVAL, "--set u = x: expected a number"},
    {HEAD "source = uniform\n", "v=1", ALF_EINVAL, "--set v: no such key of kind iterate"},
    {HEAD "source = uniform\n", "kind=none", ALF_EINVAL, "--set kind = none: no such kind"},
    {"[experiment]\nkind = solve\nsource = uniform\ntopk = 2\nsolver = cplex\n", NULL, ALF_EFORMAT,
     "x.ini: line 5: solver = cplex: expected auto, exchange"},
    {"[experiment]\nkind = verify\nsource = uniform\ntopk = 2\nclaim = C1,C0\n", NULL, ALF_EFORMAT,
     "x.ini: line 5: claim = C1,C0: expected all, C1, C2"},
    {"[experiment]\nkind = train\nconfig = missing.ini\n", NULL, ALF_EIO, "x.ini: line 3: config: missing.ini"},
};

static void mistakes_are_named_with_their_line(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    alf_error err = {0};
    alf_config_free(&config);
    alf_status status = alf_config_parse(&config, "x.ini", wrong[i].text, wrong[i].set, &err);
    assert_fails(status, wrong[i].status, &err, wrong[i].words);
  }
}

static void long_lines_are_refused(void **state)
{
  (void)state;
  char text[1000] = HEAD "source = uniform\ntitle = ";
  alf_error err = {0};
  size_t start = strlen(text);
  memset(text + start, 'x', 300);
  assert_fails(alf_config_parse(&config, "x.ini", text, NULL, &err), ALF_EFORMAT, &err, "x.ini: line 5: is too long");
}

static void files_are_read_whole(void **state)
{
  const char *path = alf_test_path(state, "a.ini");
  alf_error err = {0};
  assert_fails(alf_config_read(&config, path, NULL, &err), ALF_EIO, &err, "a.ini: No such file");
  alf_test_write(path, "[experiment]\0kind", 17);
  assert_fails(alf_config_read(&config, path, NULL, &err), ALF_EFORMAT, &err, "byte 12 is 0: expected text");
  alf_test_write(path, HEAD "source = uniform\n", strlen(HEAD) + 17);
  assert_ok(alf_config_read(&config, path, NULL, &err), &err);
  assert_string_equal(config.name, "a");
  alf_config_free(&config);
  assert_fails(alf_config_read(&config, *state, NULL, &err), ALF_EIO, &err, "Is a directory");
}

/* Names of files are relative to the config, wherever it is read from. */
static void files_belong_to_the_folder_of_the_config(void **state)
{
  alf_error err = {0};
  char text[300], path[ALF_TEST_PATH];
  double values[4] = {1, 2, 3, 4};
  unsigned char npy[400];
  size_t length = alf_test_npy(npy, sizeof npy, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }\n",
                               values, sizeof values);
  alf_test_write(alf_test_path(state, "x.npy"), npy, length);
  snprintf(path, sizeof path, "%s/c.ini", (const char *)*state);
  snprintf(text, sizeof text, "%s", "[experiment]\nkind = solve\ntopk = 1\nsource = x.npy | x.npy@0 | uniform:E=4\n");
  assert_ok(alf_config_parse(&config, path, text, NULL, &err), &err);
  const alf_key_values *source = values_of("source");
  assert_int_equal(source->count, 3);
  assert_int_equal(strlen(source->value[0].digest), 64);
  assert_string_equal(source->value[0].digest, source->value[1].digest);
  assert_string_equal(source->value[2].digest, "");
  assert_true(source->value[0].fixed && source->value[1].fixed && !source->value[2].fixed);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(values_are_lists_and_ranges, tear_down),
      cmocka_unit_test_teardown(numbers_of_a_range_are_decimal, tear_down),
      cmocka_unit_test_teardown(a_key_goes_on_where_it_is_given_again, tear_down),
      cmocka_unit_test_teardown(set_replaces_values, tear_down),
      cmocka_unit_test_teardown(mistakes_are_named_with_their_line, tear_down),
      cmocka_unit_test_teardown(long_lines_are_refused, tear_down),
      cmocka_unit_test_teardown(files_are_read_whole, tear_down),
      cmocka_unit_test_teardown(files_belong_to_the_folder_of_the_config, tear_down),
  };
  return cmocka_run_group_tests(tests, alf_test_folder_setup, alf_test_folder_teardown);
}
