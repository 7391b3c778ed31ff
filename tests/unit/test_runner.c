/* The runner with kinds made for it: cells that crash, hang and fail, runs that are stopped and killed at any moment. */
#include "support.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "alf/random.h"
#include "files.h"
#include "run/export.h"
#include "run/folder.h"
#include "run/runner.h"

/* What cells do, by the number of their u. */
enum { WORKS, FAILS, ABORTS, EXITS, HANGS };

static char log_path[ALF_TEST_PATH + 20]; /* where cells note that they have been started; "": nowhere */

static void rest(double seconds)
{
  struct timespec pause = {(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))};
  while (nanosleep(&pause, &pause) != 0) {
  }
}

static alf_status behave(const alf_experiment_cell *cell, alf_outcome *outcome, alf_error *err)
{
  switch ((int)alf_setting_real(cell, "u") - 1) {
  case FAILS:
    return alf_fail(err, ALF_EFORMAT, "it does not like %s", alf_setting_text(cell, "rule"));
  case ABORTS:
    abort();
  case EXITS:
    _exit(0);
  case HANGS:
    rest(1000);
  }
  alf_outcome_real(outcome, "u_squared", alf_setting_real(cell, "u") * alf_setting_real(cell, "u"));
  alf_outcome_whole(outcome, "seed_half", (int64_t)cell->seed / 2);
  alf_outcome_series(outcome, "curve", "twice");
  for (int i = 0; i < 3000; i++) /* more than a pipe holds */
    alf_outcome_row(outcome, i, (double[]){2. * i * (double)cell->repetition}, 1);
  return ALF_OK;
}

/* Takes some milliseconds, after leaving a line in the log, and a file in its folder. */
static alf_status linger(const alf_experiment_cell *cell, alf_outcome *outcome, alf_error *err)
{
  char path[2 * ALF_TEST_PATH];
  FILE *log = fopen(log_path, "a");
  fprintf(log, "%d\n", (int)alf_setting_real(cell, "u"));
  fclose(log);
  assert_ok(alf_folder_make(cell->folder, err), err);
  snprintf(path, sizeof path, "%s/trace", cell->folder);
  alf_test_write(path, "x", 1);
  rest(0.001 * (double)(cell->seed % 15));
  alf_outcome_whole(outcome, "seed_half", (int64_t)cell->seed / 2);
  return ALF_OK;
}

static const alf_key keys[] = {
    {"u", ALF_KEY_REAL, NULL, 0, 1000, .help = "what it does"}, {"rule", ALF_KEY_RULE, "sign", .help = "a rule"}, {0}};
static const alf_experiment behaving = {.name = "behaving", .code = "solvers", .keys = keys, .run = behave},
                            lingering = {.name = "lingering", .code = "solvers", .keys = keys, .run = linger};

/* A config of such a kind, and a store. */
typedef struct fixture {
  void *folder;
  char path[ALF_TEST_PATH], cells[ALF_TEST_PATH + 10];
  alf_config config;
  alf_plan plan;
  alf_store *store;
} fixture;

static int set_up(void **state)
{
  fixture *f = calloc(1, sizeof *f);
  if (!f || alf_test_folder_setup(&f->folder) != 0)
    return -1;
  snprintf(f->path, sizeof f->path, "%s/store", (const char *)f->folder);
  snprintf(f->cells, sizeof f->cells, "%s/cells", (const char *)f->folder);
  snprintf(log_path, sizeof log_path, "%s/log", (const char *)f->folder);
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

static void plan(fixture *f, const alf_experiment *kind, const char *u, int64_t repetitions)
{
  alf_error err = {0};
  alf_plan_free(&f->plan);
  alf_config_free(&f->config);
  f->config = (alf_config){.experiment = kind,
                           .name = "test",
                           .base = "",
                           .title = "",
                           .text = "",
                           .repetitions = repetitions,
                           .threads = 1,
                           .keys = 2,
                           .grids = 1,
                           .values = calloc(2, sizeof *f->config.values)};
  for (int k = 0; k < 2; k++) {
    f->config.values[k].key = &kind->keys[k];
    assert_ok(alf_values_add(&f->config.values[k], k ? "sign" : u, "", &f->config.memory, &err), &err);
  }
  assert_ok(alf_plan_make(&f->plan, &f->config, &err), &err);
  if (!f->store)
    assert_ok(alf_store_open(&f->store, f->path, ALF_STORE_WRITE, &err), &err);
}

static int64_t looks_left;

static bool runs_out(void)
{
  return looks_left-- <= 0;
}

static alf_runner_result run(fixture *f, int jobs, double timeout, int64_t looks)
{
  alf_error err = {0};
  alf_runner_result result;
  alf_runner_settings settings = {.jobs = jobs, .timeout = timeout, .folder = f->cells, .stop = runs_out};
  looks_left = looks;
  assert_ok(alf_runner_run(&f->plan, f->store, &settings, &result, &err), &err);
  return result;
}

static alf_results results_of(fixture *f)
{
  alf_error err = {0};
  alf_results r;
  assert_ok(alf_results_of_plan(&r, f->store, &f->plan, &err), &err);
  return r;
}

static void cells_that_end_badly_are_recorded_and_tried_again(void **state)
{
  fixture *f = *state;
  static const char *const message[] = {"", "it does not like sign", "its process died of signal 6",
                                        "its process ended with exit status 0 and no outcome",
                                        "not done after 0.3 seconds (--timeout)"};
  plan(f, &behaving, "1..5 +1", 1);
  for (int round = 0; round < 2; round++) {
    alf_runner_result result = run(f, 2, 0.3, INT64_MAX);
    assert_int_equal(result.before, round);
    assert_int_equal(result.done, 1 - round);
    assert_int_equal(result.failed, 4);
    assert_int_equal(result.first, 1);
    assert_string_equal(result.message, message[1]);
    assert_false(result.interrupted);
    alf_results r = results_of(f);
    for (int c = 0; c < 5; c++) {
      alf_cell_state expected = c == WORKS ? ALF_CELL_DONE : c == HANGS ? ALF_CELL_TIMEOUT : ALF_CELL_FAILED;
      assert_int_equal(r.cell[c].state, expected);
      assert_non_null(strstr(r.cell[c].message, message[c]));
    }
    alf_results_free(&r);
  }
}

static void read_file(const char *path, char **text)
{
  struct stat about;
  assert_int_equal(stat(path, &about), 0);
  FILE *file = fopen(path, "rb");
  *text = calloc((size_t)about.st_size + 1, 1);
  assert_true(file && *text);
  assert_int_equal(fread(*text, 1, (size_t)about.st_size, file), about.st_size);
  fclose(file);
}

static char *exported(fixture *f, const char *series)
{
  alf_error err = {0};
  alf_results r = results_of(f);
  char path[2 * ALF_TEST_PATH], *text;
  snprintf(path, sizeof path, "%s/out.csv", (const char *)f->folder);
  assert_ok(series ? alf_export_series(&r, f->store, series, path, false, &err)
                   : alf_export_cells(&r, path, false, &err),
            &err);
  read_file(path, &text);
  alf_results_free(&r);
  return text;
}

static void results_do_not_depend_on_jobs(void **state)
{
  fixture *f = *state;
  char *text[2], *curve[2];
  for (int i = 0; i < 2; i++) {
    plan(f, &behaving, "1, 6..9 +1, 0.5", 3);
    alf_runner_result result = run(f, i ? 7 : 1, 0, INT64_MAX);
    assert_int_equal(result.done, 18);
    text[i] = exported(f, NULL);
    curve[i] = exported(f, "curve");
    alf_store_close(f->store);
    f->store = NULL;
    remove(f->path);
  }
  assert_string_equal(text[0], text[1]);
  assert_string_equal(curve[0], curve[1]);
  assert_non_null(strstr(curve[0], "\n9,sign,2,2999,11996\n"));
  for (int i = 0; i < 2; i++) {
    free(text[i]);
    free(curve[i]);
  }
}

static void a_stopped_run_leaves_cells_as_they_were(void **state)
{
  fixture *f = *state;
  plan(f, &behaving, "5", 3); /* all hang */
  alf_runner_result result = run(f, 2, 0, 2);
  assert_true(result.interrupted);
  assert_int_equal(result.done + result.failed, 0);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no process is left */
  alf_results r = results_of(f);
  for (int c = 0; c < 3; c++)
    assert_int_equal(r.cell[c].state, ALF_CELL_WAITING);
  alf_results_free(&r);
}

/* Which cells are done, as bits; opens the store anew, as another process would. */
static uint64_t done_cells(fixture *f)
{
  alf_error err = {0};
  uint64_t done = 0;
  alf_store_close(f->store);
  assert_ok(alf_store_open(&f->store, f->path, ALF_STORE_READ, &err), &err);
  alf_results r = results_of(f);
  for (int64_t c = 0; c < r.cells; c++)
    done |= (uint64_t)(r.cell[c].state == ALF_CELL_DONE) << c;
  alf_results_free(&r);
  alf_store_close(f->store);
  f->store = NULL;
  return done;
}

/* Runs in a process of its own, which is killed after so many seconds unless it has ended. */
static void run_and_kill(fixture *f, double seconds)
{
  alf_store_close(f->store); /* a connection must not cross a fork */
  f->store = NULL;
  pid_t runner = fork();
  assert_true(runner >= 0);
  if (runner == 0) {
    alf_error err = {0};
    alf_runner_result result;
    alf_runner_settings settings = {.jobs = 3, .folder = f->cells};
    bool good = alf_store_open(&f->store, f->path, ALF_STORE_WRITE, &err) == ALF_OK &&
                alf_runner_run(&f->plan, f->store, &settings, &result, &err) == ALF_OK;
    _exit(!good);
  }
  int how;
  rest(seconds);
  kill(runner, SIGKILL);
  assert_int_equal(waitpid(runner, &how, 0), runner);
  assert_true(WIFSIGNALED(how) || (WIFEXITED(how) && WEXITSTATUS(how) == 0));
}

/* No cell that was done is started again, or lost. u of cell c is c. */
static void check_log(uint64_t before, uint64_t after)
{
  FILE *log = fopen(log_path, "r");
  int c;
  assert_int_equal(before & ~after, 0);
  while (log && fscanf(log, "%d", &c) == 1)
    if (before >> c & 1)
      fail_msg("cell %d was done, and is run again", c);
  if (log)
    fclose(log);
  remove(log_path);
}

static void killed_runs_go_on_where_they_were(void **state)
{
  fixture *f = *state;
  enum { CELLS = 40 };
  const uint64_t all = ((uint64_t)1 << CELLS) - 1;
  plan(f, &lingering, "0..39 +1", 1);
  assert_int_equal(run(f, 3, 0, INT64_MAX).done, CELLS);
  char *undisturbed = exported(f, NULL), *resumed;
  alf_store_close(f->store);
  f->store = NULL;
  remove(f->path);
  remove(log_path);
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  uint64_t before = 0;
  int kills = 0;
  for (; before != all; kills++) {
    assert_true(kills < 1000);
    run_and_kill(f, 0.2 * gsl_rng_uniform(rng) + (kills > 100 ? 1 : 0));
    uint64_t after = access(f->path, F_OK) == 0 && kills > 0 ? done_cells(f) : before;
    check_log(before, after);
    before = after;
  }
  assert_true(kills > 1);
  plan(f, &lingering, "0..39 +1", 1);
  assert_int_equal(run(f, 3, 0, INT64_MAX).before, CELLS);
  resumed = exported(f, NULL);
  assert_string_equal(resumed, undisturbed);
  assert_int_not_equal(access(f->cells, F_OK), 0); /* nothing is left of their folders */
  gsl_rng_free(rng);
  free(resumed);
  free(undisturbed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(cells_that_end_badly_are_recorded_and_tried_again),
      TEST(results_do_not_depend_on_jobs),
      TEST(a_stopped_run_leaves_cells_as_they_were),
      TEST(killed_runs_go_on_where_they_were),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
