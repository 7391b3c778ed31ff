/* The page about a store: texts and numbers as HTML, means of repetitions, curves, drawings, what stands in the page. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "report/curve.h"
#include "report/html.h"
#include "report/report.h"
#include "report/svg.h"
#include "report/table.h"

static char *seen;
static size_t seen_size;

static FILE *start(void)
{
  free(seen);
  FILE *page = open_memstream(&seen, &seen_size);
  assert_non_null(page);
  return page;
}

static const char *text(const char *written)
{
  FILE *page = start();
  alf_html_text(page, written);
  fclose(page);
  return seen;
}

static const char *number(double written)
{
  FILE *page = start();
  alf_html_number(page, written);
  fclose(page);
  return seen;
}

#define NO_CHARACTER "\xef\xbf\xbd"

static void texts_are_no_markup(void **state)
{
  (void)state;
  assert_string_equal(text("<b a=\"1\" c='2'>&amp;"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
  assert_string_equal(text("a\tb\nc \xc3\xa9 \xe2\x88\x92 \xf0\x9f\x98\x80"),
                      "a\tb\nc \xc3\xa9 \xe2\x88\x92 \xf0\x9f\x98\x80");
  assert_string_equal(text("\x01\x7f\x1b"), NO_CHARACTER NO_CHARACTER NO_CHARACTER);
  /* Bytes that begin nothing, or nothing whole; '<' in two bytes; a half of a surrogate pair; beyond U+10FFFF. */
  assert_string_equal(text("\xff<"), NO_CHARACTER "&lt;");
  assert_string_equal(text("\xe2\x88"), NO_CHARACTER NO_CHARACTER);
  assert_string_equal(text("\xc0\xbc"), NO_CHARACTER NO_CHARACTER);
  assert_string_equal(text("\xed\xa0\x80"), NO_CHARACTER NO_CHARACTER NO_CHARACTER);
  assert_string_equal(text("\xf4\x90\x80\x80"), NO_CHARACTER NO_CHARACTER NO_CHARACTER NO_CHARACTER);
}

static void numbers_are_set(void **state)
{
  (void)state;
  assert_string_equal(number(0), "0");
  assert_string_equal(number(-1.5), "−1.5");
  assert_string_equal(number(0.123456), "0.1235");
  assert_string_equal(number(68371.4), "68371");
  assert_string_equal(number(2.5e7), "2.5×10<sup>7</sup>");
  assert_string_equal(number(1e-5), "10<sup>−5</sup>");
  assert_string_equal(number(-1.206e-15), "−1.206×10<sup>−15</sup>");
  assert_string_equal(number(NAN), "–");
  assert_string_equal(number(-INFINITY), "−∞");
  FILE *page = start();
  alf_html_value(page, &(alf_value){.type = ALF_WHOLE, .whole = INT64_MIN});
  alf_html_number_cell(page, 0.1);
  alf_html_number_cell(page, NAN);
  fclose(page);
  assert_string_equal(seen, "−9223372036854775808<td class=n data-v=\"0.10000000000000001\"><td class=n data-v=\"\">");
}

static void curves_join_repetitions(void **state)
{
  (void)state;
  alf_curve c = {0};
  alf_error err = {0};
  static const double x[] = {5, 1, 5, 1, 3, 3, 7}, y[] = {4, 10, 2, 20, 8, NAN, INFINITY};
  for (int i = 0; i < 7; i++)
    assert_ok(alf_curve_add(&c, x[i], y[i], &err), &err);
  alf_curve_settle(&c);
  assert_int_equal(c.count, 3);
  static const alf_curve_point expected[] = {{1, 15, 10, 20}, {3, 8, 8, 8}, {5, 3, 2, 4}};
  assert_memory_equal(c.point, expected, sizeof expected);
  alf_curve_free(&c);
}

/* 0, 1, 0, 1, …: at any thinning the band says so. */
static void long_curves_become_bands(void **state)
{
  (void)state;
  alf_curve c = {0};
  alf_error err = {0};
  for (int i = 0; i < 4 * ALF_CURVE_MOST_POINTS; i++)
    assert_ok(alf_curve_add(&c, i, i % 2, &err), &err);
  alf_curve_settle(&c);
  assert_int_equal(c.count, ALF_CURVE_MOST_POINTS);
  for (int64_t i = 0; i < c.count; i++) {
    assert_near(c.point[i].x, (double)(4 * i) + 1.5, 1e-9);
    assert_near(c.point[i].y, 0.5, 1e-12);
    assert_true(c.point[i].low == 0 && c.point[i].high == 1);
  }
  alf_curve_free(&c);
  alf_curve_settle(&c);
  assert_int_equal(c.count, 0);
}

static void drawings_take_the_colours_of_the_page(void **state)
{
  const char *path = alf_test_path(state, "x.svg");
  static const char drawing[] = "<?xml version=\"1.0\"?>\n<svg width=\"3\" viewBox=\"0 0 3 "
                                "2\">\n<title>Gnuplot</title>\n<defs>\n<path id='gpPt1'/>\n"
                                "</defs>\n<g id=\"gnuplot_plot_1\" ><title>plot</title>\n<g fill=\"none\" "
                                "color=\"black\" stroke=\"currentColor\">\n"
                                "\t<path stroke='black'  d='M1,2\n\t\tL3,4'/><path stroke='rgb(  0,   0,   2)' />"
                                "<use color='rgb(  0,   0, 255)' fill = 'rgb(  7,   8,   9)'/>\n<text "
                                "font-family=\"Arial\" ><a & b></text></g></svg>";
  alf_error err = {0};
  alf_test_write(path, drawing, sizeof drawing - 1);
  FILE *page = start();
  assert_ok(alf_svg_inline(page, path, "a \"b\"", &err), &err);
  fclose(page);
  assert_string_equal(
      seen, "<svg viewBox=\"0 0 3 2\" role=img aria-label=\"a &quot;b&quot;\"><g><g ><g fill=\"none\" "
            "stroke=\"currentColor\"><path stroke=\"currentColor\" d='M1,2 L3,4'/><path stroke=\"var(--s2)\" />"
            "<use color=\"var(--grid)\" fill = \"rgb(7,8,9)\"/><text ><a & b></text></g></svg>\n");
}

static void other_files_are_no_drawings(void **state)
{
  const char *path = alf_test_path(state, "y.svg");
  alf_error err = {0};
  FILE *page = start();
  alf_test_write(path, "<svg>", 5);
  assert_fails(alf_svg_inline(page, path, "", &err), ALF_EFORMAT, &err, "no drawing");
  alf_test_write(path, "", 0);
  assert_fails(alf_svg_inline(page, path, "", &err), ALF_EFORMAT, &err, "no drawing");
  assert_fails(alf_svg_inline(page, alf_test_path(state, "none.svg"), "", &err), ALF_EIO, &err, "none.svg");
  fclose(page);
}

/* A store with what no kind would say of itself. */
typedef struct fixture {
  alf_config config;
  alf_plan plan;
  alf_store *store;
  const char *page;
} fixture;

static void open_fixture(fixture *f, void **state, const char *name, const char *config)
{
  *f = (fixture){.page = alf_test_path(state, "page.html")};
  alf_error err = {0};
  assert_ok(alf_config_parse(&f->config, "x.ini", config, NULL, &err), &err);
  assert_ok(alf_plan_make(&f->plan, &f->config, &err), &err);
  assert_ok(alf_store_open(&f->store, alf_test_path(state, name), ALF_STORE_WRITE, &err), &err);
  unlink(f->page);
}

static void close_fixture(fixture *f)
{
  alf_store_close(f->store);
  alf_plan_free(&f->plan);
  alf_config_free(&f->config);
}

static void record(fixture *f, int64_t c, const char *verdict, double margin, double measured)
{
  alf_error err = {0};
  alf_outcome o = {0};
  alf_outcome_whole(&o, "tokens", 64);
  alf_outcome_real(&o, "measured", measured);
  alf_outcome_text(&o, "C1_verdict", verdict);
  alf_outcome_real(&o, "C1_margin", margin);
  alf_outcome_text(&o, "C1_reason", "<b>because</b>");
  alf_outcome_text(&o, "C1_witness", "javascript:alert(1)//\"><b>.json");
  alf_attempt attempt = {ALF_CELL_DONE, "", "2026-01-02T03:04:05Z", "abc", 1};
  assert_ok(alf_store_record(f->store, &f->plan, c, &attempt, &o, &err), &err);
  alf_outcome_free(&o);
}

static char *read_page(const fixture *f)
{
  static char page[200000];
  FILE *file = fopen(f->page, "rb");
  assert_non_null(file);
  page[fread(page, 1, sizeof page - 1, file)] = '\0';
  fclose(file);
  return page;
}

static const char repeated[] = "[experiment]\nkind = iterate\ntopk = 2\nsource = uniform:T=64,E=8\nu = 0.1, 0.2\n"
                               "repetitions = 3\nsteps = 1\n";

static void tables_have_means_of_repetitions(void **state)
{
  fixture f;
  open_fixture(&f, state, "means", repeated);
  alf_error err = {0};
  assert_ok(alf_store_enter(f.store, &f.plan, &err), &err);
  static const double measured[] = {1, 2, 6, 0.1, NAN};
  for (int c = 0; c < 5; c++)
    record(&f, c, "holds", 1, measured[c]);
  alf_results r;
  alf_table t;
  assert_ok(alf_results_read(&r, f.store, f.plan.digest, &err), &err);
  assert_ok(alf_table_make(&t, &r, &err), &err);
  assert_int_equal(t.groups, 2);
  assert_int_equal(t.group[1].first, 3);
  assert_int_equal(t.group[0].done, 3);
  assert_int_equal(t.group[1].done, 2);
  assert_int_equal(t.axes, 1);
  assert_string_equal(alf_table_setting(&t, 1, t.axis[0])->name, "u");
  int column = alf_table_column(&t, "measured");
  alf_table_mean m;
  assert_ok(alf_table_find_mean(&t, 0, column, &m, &err), &err);
  assert_true(m.is_range && m.mean.low == 1 && m.mean.high == 6);
  assert_near(m.mean.value, 3, 1e-12);
  assert_ok(alf_table_find_mean(&t, 1, column, &m, &err), &err);
  assert_true(m.mean.value == 0.1 && isnan(m.mean.low) && !m.is_range);
  assert_true(alf_table_is_constant(&t, alf_table_column(&t, "tokens")));
  assert_false(alf_table_is_constant(&t, column));
  assert_true(alf_table_is_claim(&t, alf_table_column(&t, "C1_reason")));
  assert_false(alf_table_is_claim(&t, column));
  alf_table_free(&t);
  alf_results_free(&r);
  close_fixture(&f);
}

static void refutations_are_counted_and_linked(void **state)
{
  fixture f;
  open_fixture(&f, state, "refuted", repeated);
  alf_error err = {0};
  alf_report_result told;
  assert_ok(alf_store_enter(f.store, &f.plan, &err), &err);
  static const char *const verdicts[] = {"holds",   "refuted", "refuted", "inconclusive", "hypothesis not met",
                                         "nonsense"};
  static const double margins[] = {-5, -1, -2, -9, -9, -9};
  for (int c = 0; c < 6; c++)
    record(&f, c, verdicts[c], margins[c], c);
  assert_ok(alf_report_write(f.store, f.page, NULL, &told, &err), &err);
  assert_int_equal(told.refuted, 2);
  assert_int_equal(told.cells, 6);
  assert_int_equal(told.done, 6);
  const char *page = read_page(&f);
  /* Of those that refute it the one with the smallest margin: cell 2. C1_verdict is column 2. */
  assert_non_null(strstr(page,
                         "<tr class=refuted><th scope=row>C1<td data-v=\"1\"><span class=\"verdict refuted\">refuted"
                         "</span><td class=n data-v=\"-2\">−2<td><a href=\"#w1-2-2\">witness</a>"));
  assert_non_null(strstr(page, "id=\"w1-2-2\""));
  assert_non_null(strstr(page, "<td class=\"n\">1<td class=\"n\">2<td class=\"n\">1<td class=\"n\">1\n"));
  assert_non_null(strstr(page, "href=\"./javascript%3Aalert%281%29//%22%3E%3Cb%3E.json\">"));
  assert_null(strstr(page, "<b>"));
  close_fixture(&f);
}

static void stores_without_experiments_make_no_page(void **state)
{
  fixture f;
  open_fixture(&f, state, "none", repeated);
  alf_error err = {0};
  alf_report_result told;
  assert_fails(alf_report_write(f.store, f.page, NULL, &told, &err), ALF_EEND, &err, "no experiments");
  assert_int_not_equal(access(f.page, F_OK), 0);
  close_fixture(&f);
}

static bool at_once(void)
{
  return true;
}

/* Where there is no gnuplot nothing is drawn that could be stopped. */
static void figures_can_be_stopped(void **state)
{
  fixture f;
  open_fixture(&f, state, "stopped",
               "[experiment]\nkind = iterate\ntopk = 2\nsource = uniform:T=64,E=8\nu = 1, 2, 3\n");
  alf_error err = {0};
  alf_report_result told;
  alf_outcome o = {0};
  alf_attempt attempt = {ALF_CELL_DONE, "", "now", "here", 1};
  alf_outcome_real(&o, "gap", 1);
  assert_ok(alf_store_enter(f.store, &f.plan, &err), &err);
  for (int c = 0; c < 3; c++)
    assert_ok(alf_store_record(f.store, &f.plan, c, &attempt, &o, &err), &err);
  alf_outcome_free(&o);
  assert_ok(alf_report_write(f.store, f.page, NULL, &told, &err), &err);
  assert_int_equal(told.figures, told.gnuplot);
  unlink(f.page);
  if (told.gnuplot) {
    assert_fails(alf_report_write(f.store, f.page, at_once, &told, &err), ALF_EINTERRUPTED, &err, "interrupted");
    assert_int_not_equal(access(f.page, F_OK), 0);
  }
  close_fixture(&f);
}

static void cells_that_wait_are_no_results(void **state)
{
  fixture f;
  open_fixture(&f, state, "waiting", repeated);
  alf_error err = {0};
  alf_report_result told;
  assert_ok(alf_store_enter(f.store, &f.plan, &err), &err);
  assert_ok(alf_report_write(f.store, f.page, NULL, &told, &err), &err);
  assert_int_equal(told.done, 0);
  assert_int_equal(told.figures, 0);
  const char *page = read_page(&f);
  assert_non_null(strstr(page, "6 cells, of which 0 are done."));
  assert_null(strstr(page, "id=claims"));
  close_fixture(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_are_no_markup),
      cmocka_unit_test(numbers_are_set),
      cmocka_unit_test(curves_join_repetitions),
      cmocka_unit_test(long_curves_become_bands),
      cmocka_unit_test(drawings_take_the_colours_of_the_page),
      cmocka_unit_test(other_files_are_no_drawings),
      cmocka_unit_test(tables_have_means_of_repetitions),
      cmocka_unit_test(refutations_are_counted_and_linked),
      cmocka_unit_test(stores_without_experiments_make_no_page),
      cmocka_unit_test(figures_can_be_stopped),
      cmocka_unit_test(cells_that_wait_are_no_results),
  };
  int failed = cmocka_run_group_tests(tests, alf_test_folder_setup, alf_test_folder_teardown);
  free(seen);
  return failed;
}
