/* The store: what is put in comes out, bit by bit; exports; and files that are no stores. */
#include "support.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "run/export.h"

/* A plan of four cells, and a store of its own. */
typedef struct fixture {
  void *folder;
  char path[ALF_TEST_PATH];
  alf_config config;
  alf_plan plan;
  alf_store *store;
} fixture;

static const char example[] = "[experiment]\nkind = iterate\ntopk = 2\nsource = uniform:T=64,E=8\nu = 0.1, usual\n"
                              "rule = sign, smebu[kappa=1,beta=0.25]\n";

static int set_up(void **state)
{
  fixture *f = calloc(1, sizeof *f);
  alf_error err = {0};
  if (!f || alf_test_folder_setup(&f->folder) != 0)
    return -1;
  snprintf(f->path, sizeof f->path, "%s/store", (const char *)f->folder);
  assert_ok(alf_config_parse(&f->config, "x.ini", example, NULL, &err), &err);
  assert_ok(alf_plan_make(&f->plan, &f->config, &err), &err);
  assert_ok(alf_store_open(&f->store, f->path, ALF_STORE_WRITE, &err), &err);
  assert_ok(alf_store_enter(f->store, &f->plan, &err), &err);
  *state = f;
  return 0;
}

static int tear_down(void **state)
{
  fixture *f = *state;
  void *folder = f->folder;
  alf_store_close(f->store);
  alf_plan_free(&f->plan);
  alf_config_free(&f->config);
  free(f);
  return alf_test_folder_teardown(&folder);
}

static void reopen(fixture *f, alf_store_mode mode)
{
  alf_error err = {0};
  alf_store_close(f->store);
  assert_ok(alf_store_open(&f->store, f->path, mode, &err), &err);
}

static void record(fixture *f, int64_t c, alf_cell_state state, const alf_outcome *outcome)
{
  alf_error err = {0};
  alf_attempt attempt = {.state = state,
                         .message = state == ALF_CELL_DONE ? "" : "it, \"failed\"",
                         .started = "2026-01-02T03:04:05Z",
                         .commit = "abc",
                         .seconds = 0.5};
  assert_ok(alf_store_record(f->store, &f->plan, c, &attempt, outcome, &err), &err);
}

static alf_outcome some_outcome(double real)
{
  alf_outcome o = {0};
  alf_outcome_real(&o, "real", real);
  alf_outcome_whole(&o, "whole", INT64_MIN);
  alf_outcome_text(&o, "text", "a \"b\", c");
  alf_outcome_real(&o, "unknown", NAN);
  alf_outcome_real(&o, "solve_seconds", 3);
  alf_outcome_series(&o, "first", "x,y_seconds,z");
  alf_outcome_row(&o, 1, (double[]){1, 2, 3}, 3);
  alf_outcome_row(&o, 5, (double[]){NAN, 4, -0.25}, 3);
  alf_outcome_row(&o, 7, (double[]){6, NAN, NAN}, 3);
  alf_outcome_series(&o, "second", "w");
  alf_outcome_row(&o, 2, (double[]){9}, 1);
  return o;
}

static void outcomes_come_back_in_order(void **state)
{
  (void)state;
  alf_outcome o = some_outcome(0.1);
  alf_item item;
  int64_t at = 0;
  int metrics = 0, rows = 0;
  while (alf_outcome_next(&o, &at, &item)) {
    metrics += item.type == ALF_ITEM_METRIC;
    rows += item.type == ALF_ITEM_ROW;
    if (item.type == ALF_ITEM_ROW && item.step == 5)
      assert_true(isnan(item.value[0]) && item.value[1] == 4 && item.value[2] == -0.25);
  }
  assert_int_equal(metrics, 5);
  assert_int_equal(rows, 4);
  alf_outcome_free(&o);
}

static void results_are_what_was_recorded(void **state)
{
  fixture *f = *state;
  alf_error err = {0};
  static const double reals[] = {0.1, -0.0, 5e-324, 0x1.fffffffffffffp1023};
  for (int c = 0; c < 4; c++) {
    alf_outcome o = some_outcome(reals[c]);
    record(f, c, ALF_CELL_DONE, &o);
    alf_outcome_free(&o);
  }
  reopen(f, ALF_STORE_READ);
  alf_results r;
  assert_ok(alf_results_read(&r, f->store, f->plan.digest, &err), &err);
  assert_int_equal(r.cells, 4);
  assert_string_equal(r.kind, "iterate");
  assert_string_equal(r.config, example);
  for (int c = 0; c < 4; c++) {
    const alf_result *cell = &r.cell[c];
    double real = alf_result_real(cell, "real");
    assert_memory_equal(&real, &reals[c], sizeof real);
    assert_string_equal(cell->key, f->plan.cell[c].key);
    assert_int_equal(alf_result_value(cell, "whole").whole, INT64_MIN);
    assert_string_equal(alf_result_value(cell, "text").text, "a \"b\", c");
    assert_int_equal(alf_result_value(cell, "unknown").type, ALF_UNKNOWN);
    assert_int_equal(alf_result_value(cell, "nothing").type, ALF_UNKNOWN);
    assert_string_equal(alf_result_value(cell, "rule").text, c < 2 ? "sign" : "smebu[kappa=1,beta=0.25]");
    assert_true(c % 2 ? !strcmp(alf_result_value(cell, "u").text, "usual") : alf_result_real(cell, "u") == 0.1);
    assert_int_equal(cell->seed, f->plan.cell[c].seed);
    assert_string_equal(cell->commit, "abc");
  }
  alf_results_free(&r);
}

static void series_are_what_was_recorded(void **state)
{
  fixture *f = *state;
  alf_error err = {0};
  alf_outcome o = some_outcome(1);
  alf_results r;
  alf_series s;
  record(f, 2, ALF_CELL_DONE, &o);
  record(f, 2, ALF_CELL_DONE, &o); /* takes the place of what was there */
  record(f, 1, ALF_CELL_DONE, &o);
  alf_outcome_free(&o);
  assert_ok(alf_results_of_plan(&r, f->store, &f->plan, &err), &err);
  assert_ok(alf_series_read(&s, f->store, &r.cell[2], "first", &err), &err);
  assert_int_equal(s.columns, 3);
  assert_int_equal(s.rows, 3);
  assert_string_equal(s.column[0], "x");
  assert_string_equal(s.column[2], "z");
  static const int64_t step[] = {1, 5, 7};
  static const double value[] = {1, 2, 3, NAN, 4, -0.25, 6, NAN, NAN};
  for (int i = 0; i < 9; i++) {
    assert_int_equal(s.step[i / 3], step[i / 3]);
    assert_true(s.value[i] == value[i] || (isnan(s.value[i]) && isnan(value[i])));
  }
  alf_series_free(&s);
  assert_ok(alf_series_read(&s, f->store, &r.cell[2], "none", &err), &err);
  assert_int_equal(s.rows, 0);
  alf_series_free(&s);
  alf_results_free(&r);
}

/* What a cell came to belongs to its code: another version starts anew, and finds what is its own again. */
static void other_code_has_other_results(void **state)
{
  fixture *f = *state;
  alf_error err = {0};
  alf_results r;
  alf_store_entries list;
  alf_outcome o = some_outcome(1);
  char own = f->plan.code[0];
  record(f, 0, ALF_CELL_DONE, &o);
  alf_outcome_free(&o);
  f->plan.code[0] = f->plan.digest[0] = 'x';
  assert_ok(alf_store_enter(f->store, &f->plan, &err), &err);
  assert_ok(alf_results_of_plan(&r, f->store, &f->plan, &err), &err);
  assert_int_equal(r.cell[0].state, ALF_CELL_WAITING);
  alf_results_free(&r);
  f->plan.code[0] = own;
  assert_ok(alf_results_of_plan(&r, f->store, &f->plan, &err), &err);
  assert_int_equal(r.cell[0].state, ALF_CELL_DONE);
  alf_results_free(&r);
  assert_ok(alf_store_list(&list, f->store, &err), &err);
  assert_int_equal(list.count, 2);
  assert_int_equal(list.entry[0].done, 1);
  assert_int_equal(list.entry[1].done, 0);
  assert_string_equal(list.entry[0].name, "x");
  alf_store_entries_free(&list);
}

static void read_text(const char *path, char *text, size_t size)
{
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  text[fread(text, 1, size - 1, file)] = '\0';
  fclose(file);
}

static void exports_have_fixed_bytes(void **state)
{
  fixture *f = *state;
  alf_error err = {0};
  alf_results r;
  char text[4000], expected[4000], path[ALF_TEST_PATH + 10];
  snprintf(path, sizeof path, "%s/x.csv", (const char *)f->folder);
  alf_outcome o = some_outcome(0.1);
  record(f, 3, ALF_CELL_DONE, &o);
  record(f, 0, ALF_CELL_FAILED, NULL);
  alf_outcome_free(&o);
  assert_ok(alf_results_of_plan(&r, f->store, &f->plan, &err), &err);
  assert_ok(alf_export_cells(&r, path, false, &err), &err);
  read_text(path, text, sizeof text);
#define KEYS   "source,rule,schedule,u,format,topk,steps,until,arithmetic,every,series,repetition"
#define SOURCE "\"uniform:T=64,E=8\","
#define REST   ",none,2,0,steps,exact,no,0,0"
#define SMEBU  "\"smebu[kappa=1,beta=0.25]\",constant,"
  int64_t seed = (int64_t)f->plan.cell[0].seed;
  snprintf(expected, sizeof expected,
           KEYS ",seed,state,real,whole,text,unknown\n" SOURCE "sign,constant,0.10000000000000001" REST
                ",%lld,failed,,,,\n" SOURCE "sign,constant,usual" REST ",%lld,waiting,,,,\n" SOURCE SMEBU
                "0.10000000000000001" REST ",%lld,waiting,,,,\n" SOURCE SMEBU "usual" REST
                ",%lld,done,0.10000000000000001,-9223372036854775808,\"a \"\"b\"\", c\",\n",
           (long long)seed, (long long)seed, (long long)seed, (long long)seed);
  assert_string_equal(text, expected);
  assert_ok(alf_export_series(&r, f->store, "first", path, false, &err), &err);
  read_text(path, text, sizeof text);
  assert_string_equal(text, KEYS ",step,x,z\n" SOURCE SMEBU "usual" REST ",1,1,3\n" SOURCE SMEBU "usual" REST
                                 ",5,,-0.25\n" SOURCE SMEBU "usual" REST ",7,6,\n");
  assert_ok(alf_export_cells(&r, path, true, &err), &err);
  read_text(path, text, sizeof text);
  assert_non_null(strstr(text, ",solve_seconds,cell_seconds,started,commit,code\n"));
  assert_non_null(strstr(text, ",3,0.500000,2026-01-02T03:04:05Z,abc,"));
  assert_fails(alf_export_series(&r, f->store, "third", path, false, &err), ALF_EINVAL, &err,
               "no cell has a series third");
  alf_results_free(&r);
}

static void execute(const char *path, const char *sql)
{
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

static void refuse(fixture *f, const char *path, alf_store_mode mode, alf_status status, const char *words)
{
  alf_store *other = NULL;
  alf_error err = {0};
  (void)f;
  assert_fails(alf_store_open(&other, path, mode, &err), status, &err, words);
  assert_null(other);
}

static void other_files_are_refused(void **state)
{
  fixture *f = *state;
  char path[ALF_TEST_PATH + 20];
  snprintf(path, sizeof path, "%s/other", (const char *)f->folder);
  refuse(f, path, ALF_STORE_READ, ALF_EIO, "other: No such file");
  refuse(f, f->folder, ALF_STORE_WRITE, ALF_EIO, "is not a regular file");
  for (int mode = ALF_STORE_READ; mode <= ALF_STORE_WRITE; mode++) {
    alf_test_write(
        path, "This is no database, but long enough to look like one, for all that anybody knows of it.....\n", 93);
    refuse(f, path, (alf_store_mode)mode, ALF_EFORMAT, "other: file is not a database: expected a store of alflab run");
    remove(path);
    execute(path, "CREATE TABLE t(x)");
    refuse(f, path, (alf_store_mode)mode, ALF_EFORMAT, "is an SQLite file, but no store of alflab");
    execute(f->path, "PRAGMA user_version = 7");
    refuse(f, f->path, (alf_store_mode)mode, ALF_EFORMAT, "is a store of schema 7, expected 1");
    execute(f->path, "PRAGMA user_version = 1");
  }
  snprintf(path, sizeof path, "%s/missing/store", (const char *)f->folder);
  refuse(f, path, ALF_STORE_WRITE, ALF_EIO, "unable to open database file");
}

/* A file that is not ours keeps its journal mode, and an empty one becomes a store. */
static void files_that_are_refused_stay_as_they_are(void **state)
{
  fixture *f = *state;
  char path[ALF_TEST_PATH + 20];
  alf_error err = {0};
  alf_store *store = NULL;
  snprintf(path, sizeof path, "%s/other", (const char *)f->folder);
  execute(path, "PRAGMA journal_mode = WAL; CREATE TABLE t(x)");
  refuse(f, path, ALF_STORE_WRITE, ALF_EFORMAT, "no store");
  unsigned char head[20];
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  assert_int_equal(fread(head, 1, 20, file), 20);
  fclose(file);
  assert_int_equal(head[18], 2); /* the format's byte for write-ahead mode */
  alf_test_write(path, "", 0);
  assert_ok(alf_store_open(&store, path, ALF_STORE_WRITE, &err), &err);
  alf_store_close(store);
  assert_ok(alf_store_open(&store, path, ALF_STORE_READ, &err), &err);
  alf_results r;
  assert_fails(alf_results_read(&r, store, "none", &err), ALF_EEND, &err, "no such experiment");
  alf_results_free(&r);
  alf_store_close(store);
}

static void a_closed_store_is_one_file(void **state)
{
  fixture *f = *state;
  char path[ALF_TEST_PATH + 20];
  reopen(f, ALF_STORE_READ);
  snprintf(path, sizeof path, "%s-wal", f->path);
  assert_int_not_equal(access(path, F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(outcomes_come_back_in_order),
      TEST(results_are_what_was_recorded),
      TEST(series_are_what_was_recorded),
      TEST(other_code_has_other_results),
      TEST(exports_have_fixed_bytes),
      TEST(other_files_are_refused),
      TEST(files_that_are_refused_stay_as_they_are),
      TEST(a_closed_store_is_one_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
