/* Every allocation on the way from a config to its results is made to fail, one after the other. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "faults.h"
#include "files.h"
#include "report/report.h"
#include "run/compare.h"
#include "run/export.h"
#include "run/job.h"

static char store_path[ALF_TEST_PATH], csv_path[ALF_TEST_PATH], page_path[ALF_TEST_PATH];

static const char text[] = "[experiment]\nkind = iterate\ntopk = 1\nsource = uniform:T=4,E=2 | grid:T=4,E=2\n"
                           "rule = sign, smebu[kappa=2]\nu = 1..8 *2, usual\nsteps = 2\nseries = 1\n";

static const char tuned[] = "[experiment]\nkind = tune\ntopk = 1\nsource = t.npy\nrule = bip\nupdates = 1\n"
                            "search = coarse\n";

typedef struct fixture {
  alf_config config, made, tune;
  alf_plan plan, planned, tune_plan;
  alf_store *store, *other, *few, *opened; /* other: the same cell, with another outcome */
  alf_outcome outcome;
  alf_results results;
  alf_series series;
  alf_comparison comparison;
} fixture;

static alf_status parse(fixture *f, alf_error *err)
{
  return alf_config_parse(&f->made, "a/b.ini", text, "steps=3;title=T", err);
}

static alf_status make_plan(fixture *f, alf_error *err)
{
  return alf_plan_make(&f->planned, &f->config, err);
}

/* What a cell's process does, in this one. */
static alf_status run_cell_of(fixture *f, const alf_plan *plan, int64_t c, alf_error *err)
{
  alf_named setting[20];
  alf_experiment_cell cell = alf_plan_cell_at(plan, c, setting);
  alf_status status = plan->config->experiment->run(&cell, &f->outcome, err);
  return status == ALF_OK && f->outcome.failed ? alf_fail(err, ALF_ENOMEM, "out of memory") : status;
}

static alf_status run_cell(fixture *f, alf_error *err)
{
  return run_cell_of(f, &f->plan, 1, err);
}

static alf_status tune(fixture *f, alf_error *err)
{
  return run_cell_of(f, &f->tune_plan, 0, err);
}

static alf_status open_store(fixture *f, alf_error *err)
{
  return alf_store_open(&f->opened, store_path, ALF_STORE_READ, err);
}

static alf_status enter(fixture *f, alf_error *err)
{
  return alf_store_enter(f->store, &f->plan, err);
}

static alf_status read_results(fixture *f, alf_error *err)
{
  alf_status status = alf_results_read(&f->results, f->store, f->plan.digest, err);
  return status == ALF_OK ? alf_series_read(&f->series, f->store, &f->results.cell[1], "iterates", err) : status;
}

static alf_status read_plan(fixture *f, alf_error *err)
{
  return alf_results_of_plan(&f->results, f->store, &f->plan, err);
}

static alf_status export_both(fixture *f, alf_error *err)
{
  alf_status status = alf_results_of_plan(&f->results, f->store, &f->plan, err);
  if (status == ALF_OK)
    status = alf_export_cells(&f->results, csv_path, true, err);
  return status == ALF_OK ? alf_export_series(&f->results, f->store, "iterates", csv_path, true, err) : status;
}

static alf_status compare(fixture *f, alf_error *err)
{
  return alf_compare_stores(&f->comparison, f->store, f->other, true, err);
}

/* Of an experiment of few cells, and with what draws nothing in gnuplot's place. */
static alf_status report(fixture *f, alf_error *err)
{
  alf_report_result told;
  return alf_report_write(f->few, page_path, NULL, &told, err);
}

static void clean(fixture *f)
{
  alf_comparison_free(&f->comparison);
  alf_config_free(&f->made);
  alf_plan_free(&f->planned);
  alf_outcome_free(&f->outcome);
  alf_results_free(&f->results);
  alf_series_free(&f->series);
  alf_store_close(f->opened);
  f->opened = NULL;
}

typedef struct operation {
  const char *name;
  alf_status (*act)(fixture *f, alf_error *err);
  int least; /* as in alf_fault_trial */
} operation;

/* An operation at work. */
typedef struct work {
  const operation *operation;
  fixture *fixture;
} work;

static alf_status act(void *opaque, alf_error *err)
{
  const work *w = opaque;
  return w->operation->act(w->fixture, err);
}

static void clean_up(void *opaque, bool failed)
{
  (void)failed;
  clean(((const work *)opaque)->fixture);
}

static void every_allocation_may_fail(void **state)
{
  static const operation operations[] = {{"config", parse, 40},         {"plan", make_plan, 3},
                                         {"cell", run_cell, 20},        {"cell of kind tune", tune, 100},
                                         {"store", open_store, 2},      {"entering", enter, 1},
                                         {"results", read_results, 50}, {"results of a plan", read_plan, 4},
                                         {"export", export_both, 10},   {"comparison", compare, 100},
                                         {"report", report, 50}};
  for (size_t o = 0; o < sizeof operations / sizeof *operations; o++)
    alf_faults_sweep(
        &(alf_fault_trial){operations[o].name, operations[o].least, act, clean_up, &(work){&operations[o], *state}});
}

static void *folder;

static const char few[] =
    "[experiment]\nkind = iterate\ntopk = 1\nsource = uniform:T=4,E=2\nu = 1, 2\nsteps = 2\nseries = 1\n";

static const char no_gnuplot[] = "#!/bin/sh\n[ \"$1\" = --version ] && exit\n"
                                 "out=${3##*out=\\\'}\n"
                                 "echo '<svg viewBox=\"0 0 1 1\"><defs></defs><path/></svg>' >\"${out%%\\\'*}\"\n";

static void put_gnuplot_in_path(void)
{
  char program[ALF_TEST_PATH], path[4096];
  snprintf(program, sizeof program, "%s/gnuplot", (const char *)folder);
  snprintf(path, sizeof path, "%s:%s", (const char *)folder, getenv("PATH"));
  alf_test_write(program, no_gnuplot, sizeof no_gnuplot - 1);
  assert_int_equal(chmod(program, 0700), 0);
  assert_int_equal(setenv("PATH", path, 1), 0);
}

/* The store for the report: both cells with what a run of one gives. */
static void fill_few(fixture *f)
{
  char path[ALF_TEST_PATH];
  alf_error err = {0};
  alf_plan plan = {0};
  alf_attempt attempt = {ALF_CELL_DONE, "", "now", "here", 1};
  snprintf(path, sizeof path, "%s/few", (const char *)folder);
  assert_ok(alf_config_parse(&f->made, "few.ini", few, NULL, &err), &err);
  assert_ok(alf_plan_make(&plan, &f->made, &err), &err);
  assert_ok(alf_store_open(&f->few, path, ALF_STORE_WRITE, &err), &err);
  assert_ok(alf_store_enter(f->few, &plan, &err), &err);
  for (int c = 0; c < 2; c++)
    assert_ok(alf_store_record(f->few, &plan, c, &attempt, &f->outcome, &err), &err);
  alf_plan_free(&plan);
}

/* In single precision as it is: a batch that is made smaller can do without memory. */
static void plan_tune(fixture *f)
{
  const float values[] = {0.1f, 0.4f, 0.7f, 0.2f, 0.5f, 0.3f, 0.9f, 0.6f};
  unsigned char npy[400];
  char path[ALF_TEST_PATH];
  alf_error err = {0};
  size_t length = alf_test_npy(npy, sizeof npy, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2), }\n",
                               values, sizeof values);
  snprintf(path, sizeof path, "%s/t.npy", (const char *)folder);
  alf_test_write(path, npy, length);
  snprintf(path, sizeof path, "%s/tune.ini", (const char *)folder);
  assert_ok(alf_config_parse(&f->tune, path, tuned, NULL, &err), &err);
  assert_ok(alf_plan_make(&f->tune_plan, &f->tune, &err), &err);
}

static int set_up(void **state)
{
  fixture *f = calloc(1, sizeof *f);
  alf_error err = {0};
  alf_attempt attempt = {ALF_CELL_DONE, "", "now", "here", 1};
  if (!f || alf_test_folder_setup(&folder) != 0)
    return -1;
  snprintf(store_path, sizeof store_path, "%s/store", (const char *)folder);
  snprintf(csv_path, sizeof csv_path, "%s/x.csv", (const char *)folder);
  snprintf(page_path, sizeof page_path, "%s/x.html", (const char *)folder);
  assert_ok(alf_config_parse(&f->config, "b.ini", text, NULL, &err), &err);
  assert_ok(alf_plan_make(&f->plan, &f->config, &err), &err);
  assert_ok(alf_store_open(&f->store, store_path, ALF_STORE_WRITE, &err), &err);
  assert_ok(alf_store_enter(f->store, &f->plan, &err), &err);
  assert_ok(run_cell(f, &err), &err);
  assert_ok(alf_store_record(f->store, &f->plan, 1, &attempt, &f->outcome, &err), &err);
  fill_few(f);
  plan_tune(f);
  put_gnuplot_in_path();
  clean(f);
  alf_outcome_whole(&f->outcome, "routed_tokens", 1000);
  assert_ok(alf_store_open(&f->other, ":memory:", ALF_STORE_WRITE, &err), &err);
  assert_ok(alf_store_enter(f->other, &f->plan, &err), &err);
  assert_ok(alf_store_record(f->other, &f->plan, 1, &attempt, &f->outcome, &err), &err);
  clean(f);
  *state = f;
  return 0;
}

static int tear_down(void **state)
{
  fixture *f = *state;
  alf_store_close(f->few);
  alf_store_close(f->store);
  alf_store_close(f->other);
  alf_plan_free(&f->plan);
  alf_config_free(&f->config);
  alf_plan_free(&f->tune_plan);
  alf_config_free(&f->tune);
  free(f);
  return alf_test_folder_teardown(&folder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
