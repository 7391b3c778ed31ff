/* The gnuplot driver: what it draws, and how it says that it could not. */
#include "support.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "gnuplot.h"

#define LARGEST 400000

static const char script[] = "set datafile separator comma\n"
                             "if (format eq 'svg') { set terminal svg } else { set terminal png }\n"
                             "set output out\n"
                             "plot csv using 1:2 with lines title folder\n";
static const char numbers[] = "0,1\n1,3\n2,2\n";

static bool exists(const char *path)
{
  return access(path, F_OK) == 0;
}

static size_t read_file(const char *path, char *text)
{
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  size_t length = fread(text, 1, LARGEST, file);
  fclose(file);
  return length;
}

/* No temporary file may be left behind. */
static void assert_only(void **state, const char *names)
{
  char command[ALF_TEST_PATH + 100];
  char seen[1000] = "";
  snprintf(command, sizeof command, "cd '%s' && ls | tr '\\n' ' '", (const char *)*state);
  FILE *list = popen(command, "r");
  assert_non_null(list);
  assert_non_null(fgets(seen, sizeof seen, list));
  pclose(list);
  assert_string_equal(seen, names);
}

static int setup(void **state)
{
  if (alf_test_folder_setup(state))
    return -1;
  alf_test_write(alf_test_path(state, "line.gp"), script, strlen(script));
  alf_test_write(alf_test_path(state, "line.csv"), numbers, strlen(numbers));
  return setenv("ALFLAB_PLOTS", *state, 1);
}

static int teardown(void **state)
{
  unsetenv("ALFLAB_PLOTS");
  return alf_test_folder_teardown(state);
}

static void skip_without_gnuplot(void)
{
  alf_error err;
  if (alf_plot_check(&err) == ALF_OK)
    return;
  print_message("skipped: %s\n", err.text);
  skip();
}

static alf_status draw(void **state, const char *name, const char *out, alf_plot_format format, alf_error *err)
{
  return alf_plot_draw(name, alf_test_path(state, "line.csv"), alf_test_path(state, out), format, err);
}

static void draws_the_same_svg_twice(void **state)
{
  static char first[LARGEST], second[LARGEST];
  alf_error err;
  skip_without_gnuplot();
  assert_ok(draw(state, "line", "a.svg", ALF_PLOT_SVG, &err), &err);
  assert_ok(draw(state, "line", "b.svg", ALF_PLOT_SVG, &err), &err);
  size_t length = read_file(alf_test_path(state, "a.svg"), first);
  assert_int_equal(read_file(alf_test_path(state, "b.svg"), second), length);
  assert_memory_equal(first, second, length);
  first[length < LARGEST ? length : LARGEST - 1] = '\0';
  assert_non_null(strstr(first, "</svg>"));
  assert_non_null(strstr(first, (const char *)*state)); /* the folder of the script reached it */
  assert_only(state, "a.svg b.svg line.csv line.gp ");
}

/* Not even in the C locale, in which gnuplot complains of UTF-8 scripts, or with settings of the user's own. */
static void environment_does_not_matter(void **state)
{
  static const char in_utf8[] = "set encoding utf8\nset terminal svg\nset output out\nset datafile separator comma\n"
                                "plot csv using 1:2 title '√n'\n";
  static char first[LARGEST], second[LARGEST];
  alf_error err;
  skip_without_gnuplot();
  alf_test_write(alf_test_path(state, "root.gp"), in_utf8, strlen(in_utf8));
  setenv("LC_ALL", "C", 1);
  alf_status plain = draw(state, "root", "a.svg", ALF_PLOT_SVG, &err);
  unsetenv("LC_ALL");
  assert_ok(plain, &err);
  setenv("GNUPLOT_LIB", "/nowhere", 1);
  setenv("GNUTERM", "nonsense", 1);
  alf_status odd = draw(state, "root", "b.svg", ALF_PLOT_SVG, &err);
  unsetenv("GNUPLOT_LIB");
  unsetenv("GNUTERM");
  assert_ok(odd, &err);
  size_t length = read_file(alf_test_path(state, "a.svg"), first);
  assert_int_equal(read_file(alf_test_path(state, "b.svg"), second), length);
  assert_memory_equal(first, second, length);
}

static void draws_png(void **state)
{
  static char bytes[LARGEST];
  alf_error err;
  skip_without_gnuplot();
  assert_ok(draw(state, "line", "a.png", ALF_PLOT_PNG, &err), &err);
  assert_true(read_file(alf_test_path(state, "a.png"), bytes) > 100);
  assert_memory_equal(bytes, "\x89PNG", 4);
}

/* The shipped figures with the shipped numbers. */
static void draws_the_shipped_figures(void **state)
{
  static const char *const names[] = {"demo", "solvers", "rules"};
  static char first[LARGEST], second[LARGEST];
  alf_error err;
  skip_without_gnuplot();
  unsetenv("ALFLAB_PLOTS");
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    char csv[ALF_TEST_PATH];
    snprintf(csv, sizeof csv, "%s/paper-figures/%s.csv", ALF_SOURCE_DIR, names[n]);
    assert_ok(alf_plot_draw(names[n], csv, alf_test_path(state, "a.svg"), ALF_PLOT_SVG, &err), &err);
    assert_ok(alf_plot_draw(names[n], csv, alf_test_path(state, "b.svg"), ALF_PLOT_SVG, &err), &err);
    size_t length = read_file(alf_test_path(state, "a.svg"), first);
    assert_int_equal(read_file(alf_test_path(state, "b.svg"), second), length);
    assert_memory_equal(first, second, length);
  }
}

static void a_complaint_is_a_failure(void **state)
{
  static const char wrong[] = "set output out\nplot csv using 1:2 with nonsense\n";
  static const char warning[] = "set terminal svg\nset output out\nset datafile separator comma\nprint 'done'\n"
                                "plot csv using 1:(NaN)\n";
  alf_error err;
  skip_without_gnuplot();
  alf_test_write(alf_test_path(state, "wrong.gp"), wrong, strlen(wrong));
  alf_test_write(alf_test_path(state, "warning.gp"), warning, strlen(warning));
  assert_fails(draw(state, "wrong", "c.svg", ALF_PLOT_SVG, &err), ALF_EPROGRAM, &err, "line 2: unrecognized");
  assert_non_null(strstr(err.text, "wrong.gp"));
  assert_fails(draw(state, "warning", "c.svg", ALF_PLOT_SVG, &err), ALF_EPROGRAM, &err, "gnuplot says:");
  assert_false(exists(alf_test_path(state, "c.svg")));
  assert_only(state, "line.csv line.gp warning.gp wrong.gp ");
}

static void a_failure_without_complaint_is_one_too(void **state)
{
  static const char leaves[] = "exit status 3\n", dies[] = "system 'kill -9 $PPID'\n";
  alf_error err;
  skip_without_gnuplot();
  alf_test_write(alf_test_path(state, "leaves.gp"), leaves, strlen(leaves));
  alf_test_write(alf_test_path(state, "dies.gp"), dies, strlen(dies));
  assert_fails(draw(state, "leaves", "c.svg", ALF_PLOT_SVG, &err), ALF_EPROGRAM, &err, "ended with 3");
  assert_fails(draw(state, "dies", "c.svg", ALF_PLOT_SVG, &err), ALF_EPROGRAM, &err, "ended by signal 9");
}

static void a_script_that_draws_nothing_is_a_failure(void **state)
{
  static const char idle[] = "print 1\n";
  alf_error err;
  skip_without_gnuplot();
  alf_test_write(alf_test_path(state, "idle.gp"), idle, strlen(idle));
  assert_int_not_equal(draw(state, "idle", "c.svg", ALF_PLOT_SVG, &err), ALF_OK);
}

static void missing_files_are_named(void **state)
{
  alf_error err;
  assert_fails(draw(state, "none", "a.svg", ALF_PLOT_SVG, &err), ALF_EIO, &err, "none.gp: No such file");
  assert_fails(alf_plot_draw("line", "none.csv", alf_test_path(state, "a.svg"), ALF_PLOT_SVG, &err), ALF_EIO, &err,
               "none.csv: No such file");
  skip_without_gnuplot();
  assert_fails(draw(state, "line", "none/a.svg", ALF_PLOT_SVG, &err), ALF_EPROGRAM, &err, "cannot open file");
  assert_int_equal(mkdir(alf_test_path(state, "folder"), 0777), 0);
  assert_fails(draw(state, "line", "folder", ALF_PLOT_SVG, &err), ALF_EIO, &err, "Is a directory");
}

/* What gnuplot would take for the end of a string, a command to run, or a home folder. */
static void odd_paths_stay_paths(void **state)
{
  static const char *const odd[] = {"it's.svg", "|touch ran", "~a.svg", "`touch ran`", "a b\\n.svg"};
  alf_error err;
  skip_without_gnuplot();
  char *before = getcwd(NULL, 0);
  assert_non_null(before);
  assert_int_equal(chdir(*state), 0);
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    assert_ok(alf_plot_draw("line", "line.csv", odd[i], ALF_PLOT_SVG, &err), &err);
    assert_true(exists(odd[i]));
  }
  assert_false(exists("ran"));
  assert_int_equal(chdir(before), 0);
  free(before);
}

static void missing_gnuplot_is_said(void **state)
{
  alf_error err;
  char *before = strdup(getenv("PATH"));
  assert_non_null(before);
  setenv("PATH", *state, 1);
  alf_status check = alf_plot_check(&err);
  alf_error drawn;
  alf_status status = draw(state, "line", "a.svg", ALF_PLOT_SVG, &drawn);
  setenv("PATH", before, 1);
  free(before);
  assert_fails(check, ALF_EPROGRAM, &err, "install gnuplot-nox");
  assert_fails(status, ALF_EPROGRAM, &drawn, "install gnuplot-nox");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(draws_the_same_svg_twice),
      TEST(environment_does_not_matter),
      TEST(draws_png),
      TEST(draws_the_shipped_figures),
      TEST(a_complaint_is_a_failure),
      TEST(a_failure_without_complaint_is_one_too),
      TEST(a_script_that_draws_nothing_is_a_failure),
      TEST(missing_files_are_named),
      TEST(odd_paths_stay_paths),
      TEST(missing_gnuplot_is_said),
  };
  return cmocka_run_group_tests_name("gnuplot", tests, NULL, NULL);
}
