/* Cells of a config: their order, their seeds, and what makes two of them the same. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "run/code.h"
#include "run/plan.h"

/* A config and its plan. */
typedef struct planned {
  alf_config config;
  alf_plan plan;
} planned;

static void make(planned *p, const char *path, const char *text, const char *set)
{
  alf_error err = {0};
  assert_ok(alf_config_parse(&p->config, path, text, set, &err), &err);
  assert_ok(alf_plan_make(&p->plan, &p->config, &err), &err);
}

static void drop(planned *p)
{
  alf_plan_free(&p->plan);
  alf_config_free(&p->config);
}

static const char example[] = "[experiment]\nkind = iterate\ntopk = 2\nseed = 3\nrepetitions = 2\n"
                              "source = uniform:T=64,E=8 | softmax:T=64,E=8\nrule = sign, proportional\n"
                              "schedule = constant, 1/n\nu = 1, 2\nformat = none | ranks=2\n";

/* Cell number c in mixed radix, the repetition fastest. */
static void cells_are_in_order(void **state)
{
  (void)state;
  static const char *const source[] = {"uniform:T=64,E=8", "softmax:T=64,E=8"},
                           *const rule[] = {"sign", "proportional"}, *const schedule[] = {"constant", "1/n"},
                           *const format[] = {"none", "ranks=2"};
  planned p;
  make(&p, "x.ini", example, NULL);
  assert_int_equal(p.plan.cells, 64);
  for (int c = 0; c < 64; c++) {
    alf_named setting[20];
    alf_experiment_cell cell = alf_plan_cell_at(&p.plan, c, setting);
    assert_int_equal(cell.settings, p.config.keys);
    assert_string_equal(alf_setting_text(&cell, "source"), source[c / 32]);
    assert_string_equal(alf_setting_text(&cell, "rule"), rule[c / 16 % 2]);
    assert_string_equal(alf_setting_text(&cell, "schedule"), schedule[c / 8 % 2]);
    assert_true(alf_setting_real(&cell, "u") == 1 + c / 4 % 2);
    assert_string_equal(alf_setting_text(&cell, "format"), format[c / 2 % 2]);
    assert_int_equal(alf_setting_whole(&cell, "topk"), 2);
    assert_int_equal(cell.repetition, c % 2);
  }
  drop(&p);
}

static void seeds_depend_on_root_source_and_repetition_alone(void **state)
{
  (void)state;
  planned p, other;
  make(&p, "x.ini", example, NULL);
  make(&other, "elsewhere/y.ini", example, "rule=none;u=7;steps=9;source=softmax:T=64,E=8|grid:T=64,E=8;repetitions=3");
  for (int c = 0; c < 64; c++) {
    assert_int_equal(p.plan.cell[c].seed, p.plan.cell[c / 32 * 32 + c % 2].seed);
    assert_true(p.plan.cell[c].seed < (uint64_t)1 << 52);
  }
  assert_int_equal(p.plan.cell[32].seed, other.plan.cell[0].seed);
  assert_int_equal(p.plan.cell[33].seed, other.plan.cell[1].seed);
  drop(&other);
  make(&other, "x.ini", example, "seed=4");
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++) {
      uint64_t seed = p.plan.cell[i / 2 * 32 + i % 2].seed;
      assert_true(i == j || seed != p.plan.cell[j / 2 * 32 + j % 2].seed);
      assert_true(seed != other.plan.cell[j / 2 * 32 + j % 2].seed);
    }
  assert_int_equal(alf_cell_seed(3, "uniform:T=64,E=8", 1), p.plan.cell[1].seed);
  drop(&other);
  drop(&p);
}

/* "rule schedule u" of every cell, with commas between. */
static const char *listed(const planned *p)
{
  static char text[1000];
  text[0] = '\0';
  for (int64_t c = 0; c < p->plan.cells; c++) {
    alf_named setting[20];
    alf_experiment_cell cell = alf_plan_cell_at(&p->plan, c, setting);
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "%s%s %s %g", c ? ", " : "", alf_setting_text(&cell, "rule"),
             alf_setting_text(&cell, "schedule"), alf_setting_real(&cell, "u"));
  }
  return text;
}

static const char with_more[] = "[experiment]\nkind = iterate\ntopk = 2\nsource = uniform:T=64,E=8\n"
                                "rule = sign\nschedule = constant, 1/n\nu = 1, 2\n"
                                "[also]\nrule = none, sign\nschedule = constant\n"
                                "[quick]\nu = 3\n[quick also]\nrule = proportional\n";

/* Those of [also] come last, and none comes twice; --set holds for both. */
static void more_cells_stand_behind(void **state)
{
  (void)state;
  planned p;
  char where[200];
  make(&p, "x.ini", with_more, NULL);
  assert_string_equal(listed(&p), "sign constant 1, sign constant 2, sign 1/n 1, sign 1/n 2, none constant 1, "
                                  "none constant 2");
  alf_plan_describe(&p.plan, 4, where, sizeof where);
  assert_string_equal(where, "rule = none, schedule = constant, u = 1");
  drop(&p);
  make(&p, "x.ini", with_more, "u=5;rule=bip");
  assert_string_equal(listed(&p), "bip constant 5, bip 1/n 5");
  drop(&p);
}

static void a_quick_run_has_cells_of_its_own(void **state)
{
  const char *path = alf_test_path(state, "quick.ini");
  alf_error err = {0};
  planned p;
  alf_test_write(path, with_more, strlen(with_more));
  assert_ok(alf_config_read_quick(&p.config, path, NULL, &err), &err);
  assert_ok(alf_plan_make(&p.plan, &p.config, &err), &err);
  assert_string_equal(listed(&p), "sign constant 3, sign 1/n 3, proportional constant 3");
  drop(&p);
}

static const char with_three[] = "[experiment]\nkind = iterate\ntopk = 2\nsource = uniform:T=64,E=8\n"
                                 "rule = sign\nschedule = constant\nu = 1\n"
                                 "[also b]\nu = 2, 3\n[also a]\nschedule = 1/n\nu = 2\n[also c]\nu = 3, 4\n"
                                 "[quick also a]\nu = 5\n";

/* In the order in which their sections come; none inherits from another. */
static void grids_stand_one_behind_another(void **state)
{
  const char *path = alf_test_path(state, "three.ini");
  alf_error err = {0};
  planned p;
  make(&p, "x.ini", with_three, NULL);
  assert_string_equal(listed(&p), "sign constant 1, sign constant 2, sign constant 3, sign 1/n 2, sign constant 4");
  drop(&p);
  alf_test_write(path, with_three, strlen(with_three));
  assert_ok(alf_config_read_quick(&p.config, path, NULL, &err), &err);
  assert_ok(alf_plan_make(&p.plan, &p.config, &err), &err);
  assert_string_equal(listed(&p), "sign constant 1, sign constant 2, sign constant 3, sign 1/n 5, sign constant 4");
  drop(&p);
}

/* Also behind cells that were left out. */
static void what_no_seed_changes_has_none(void **state)
{
  (void)state;
  planned p;
  make(&p, "x.ini",
       "[experiment]\nkind = iterate\ntopk = 2\nsource = uniform:T=64,E=8\nu = 1\n"
       "[also double]\nu = 1\n[also fixed]\nsource = uniform:T=64,E=8,seed=1\n",
       NULL);
  assert_int_equal(p.plan.cells, 2);
  assert_true(p.plan.cell[0].seed != 0);
  assert_int_equal(p.plan.cell[1].seed, 0);
  drop(&p);
}

static void what_no_seed_changes_is_there_once(void **state)
{
  (void)state;
  planned p;
  make(&p, "x.ini", example,
       "source=uniform:T=64,E=8|uniform:T=64,E=8,seed=7;rule=sign;schedule=constant;u=1;format=none");
  assert_int_equal(p.plan.cells, 3);
  assert_int_equal(p.plan.cell[1].repetition, 1);
  assert_int_equal(p.plan.cell[2].repetition, 0);
  assert_int_equal(p.plan.cell[2].seed, 0);
  drop(&p);
}

static int compare(const void *a, const void *b)
{
  return strcmp(((const alf_plan_cell *)a)->key, ((const alf_plan_cell *)b)->key);
}

static void keys_tell_cells_apart(void **state)
{
  (void)state;
  planned p, same;
  make(&p, "x.ini", example, NULL);
  make(&same, "y.ini", example, "u=2.0,1e0;schedule=constant,1/n;title=Another");
  assert_string_equal(p.plan.cell[0].key, same.plan.cell[4].key); /* u = 1 comes second there */
  assert_string_not_equal(p.plan.digest, same.plan.digest);
  drop(&same);
  make(&same, "x.ini", example, "steps=5");
  assert_string_not_equal(p.plan.cell[0].key, same.plan.cell[0].key);
  drop(&same);
  qsort(p.plan.cell, 64, sizeof *p.plan.cell, compare);
  for (int c = 0; c < 64; c++) {
    assert_int_equal(strlen(p.plan.cell[c].key), 64);
    assert_true(c == 0 || strcmp(p.plan.cell[c].key, p.plan.cell[c - 1].key));
  }
  drop(&p);
}

/* A file stands for what is in it. */
static void keys_depend_on_the_contents_of_files(void **state)
{
  double values[4] = {1, 2, 3, 4};
  unsigned char npy[400];
  char path[ALF_TEST_PATH], before[ALF_DIGEST_TEXT];
  planned p;
  const char *header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }\n";
  const char *text = "[experiment]\nkind = solve\ntopk = 1\nsource = x.npy@0\n";
  snprintf(path, sizeof path, "%s/c.ini", (const char *)*state);
  for (int round = 0; round < 3; round++) {
    values[3] = round == 2 ? 5 : 4;
    size_t length = alf_test_npy(npy, sizeof npy, 1, header, values, sizeof values);
    alf_test_write(alf_test_path(state, "x.npy"), npy, length);
    make(&p, path, text, NULL);
    if (round == 1)
      assert_string_equal(before, p.plan.cell[0].key);
    if (round == 2)
      assert_string_not_equal(before, p.plan.cell[0].key);
    strcpy(before, p.plan.cell[0].key);
    drop(&p);
  }
}

static void cells_are_checked_before_any_runs(void **state)
{
  (void)state;
  planned p;
  alf_error err = {0};
  assert_ok(alf_config_parse(&p.config, "x.ini", example, "topk=2,8", &err), &err);
  assert_fails(alf_plan_make(&p.plan, &p.config, &err), ALF_EFORMAT, &err, "topk = 8: expected 1..7 for 8 experts");
  drop(&p);
  assert_ok(alf_config_parse(&p.config, "x.ini", example, "repetitions=1e6", &err), &err);
  assert_fails(alf_plan_make(&p.plan, &p.config, &err), ALF_EFORMAT, &err, "x: more than 1000000 cells");
  drop(&p);
}

/* The table that the build makes has every path that kinds name. */
static void code_of_every_kind_is_known(void **state)
{
  (void)state;
  for (int i = 0; alf_experiments[i]; i++) {
    const char *paths = alf_experiments[i]->code;
    while (*paths) {
      char path[256];
      size_t length = strcspn(paths, " ");
      snprintf(path, sizeof path, "%.*s", (int)length, paths);
      if (!alf_code_digest(path))
        fail_msg("kind %s: %s is not hashed", alf_experiments[i]->name, path);
      paths += length + (paths[length] == ' ');
    }
  }
  char one[ALF_DIGEST_TEXT], two[ALF_DIGEST_TEXT], own[ALF_DIGEST_TEXT];
  alf_code_digests("solvers", one);
  alf_code_digests("solvers theory", two);
  assert_string_not_equal(one, two);
  alf_error err = {0};
  const char *file = "experiments/run/kinds/iterate.c";
  assert_ok(alf_digest_file(ALF_SOURCE_DIR "/experiments/run/kinds/iterate.c", own, &err), &err);
  assert_string_equal(own, alf_code_digest(file));
  assert_true(strlen(alf_code_commit()) > 0);
}

static const char *digest_of(const char *text, size_t times)
{
  static char hex[ALF_DIGEST_TEXT];
  alf_digest d;
  alf_digest_start(&d);
  while (times-- > 0)
    alf_digest_add(&d, text, strlen(text));
  alf_digest_finish(&d, hex);
  return hex;
}

/* The examples of FIPS 180-2, appendix B; that of nothing is what sha256sum says. */
static void digests_are_sha256(void **state)
{
  (void)state;
  assert_string_equal(digest_of("", 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert_string_equal(digest_of("abc", 1), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_string_equal(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1),
                      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  assert_string_equal(digest_of("a", 1000000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cells_are_in_order),
      cmocka_unit_test(seeds_depend_on_root_source_and_repetition_alone),
      cmocka_unit_test(more_cells_stand_behind),
      cmocka_unit_test(a_quick_run_has_cells_of_its_own),
      cmocka_unit_test(grids_stand_one_behind_another),
      cmocka_unit_test(what_no_seed_changes_has_none),
      cmocka_unit_test(what_no_seed_changes_is_there_once),
      cmocka_unit_test(keys_tell_cells_apart),
      cmocka_unit_test(keys_depend_on_the_contents_of_files),
      cmocka_unit_test(cells_are_checked_before_any_runs),
      cmocka_unit_test(code_of_every_kind_is_known),
      cmocka_unit_test(digests_are_sha256),
  };
  return cmocka_run_group_tests(tests, alf_test_folder_setup, alf_test_folder_teardown);
}
