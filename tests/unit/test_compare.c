/* Comparisons of stores, on outcomes made by hand. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/claim.h"
#include "run/compare.h"

#define CELLS 12

/* Two stores in memory, each with cells of a config. */
typedef struct fixture {
  alf_config config[2];
  alf_plan plan[2];
  alf_store *store[2];
} fixture;

static int set_up(void **state)
{
  *state = calloc(1, sizeof(fixture));
  return *state ? 0 : -1;
}

static int tear_down(void **state)
{
  fixture *f = *state;
  for (int s = 0; s < 2; s++) {
    alf_store_close(f->store[s]);
    alf_plan_free(&f->plan[s]);
    alf_config_free(&f->config[s]);
  }
  free(f);
  return 0;
}

/* Makes store s and its cells, which wait. */
static void enter(fixture *f, int s, const char *path, const char *text)
{
  alf_error err = {0};
  assert_ok(alf_config_parse(&f->config[s], path, text, NULL, &err), &err);
  assert_ok(alf_plan_make(&f->plan[s], &f->config[s], &err), &err);
  if (!f->store[s])
    assert_ok(alf_store_open(&f->store[s], ":memory:", ALF_STORE_WRITE, &err), &err);
  assert_ok(alf_store_enter(f->store[s], &f->plan[s], &err), &err);
}

static void enter_both(fixture *f, const char *kind)
{
  char text[200];
  snprintf(text, sizeof text, "[experiment]\nkind = %s\ntopk = 2\nsource = uniform:T=64,E=8\nrepetitions = %d\n", kind,
           CELLS);
  for (int s = 0; s < 2; s++)
    enter(f, s, "x.ini", text);
}

static void record(fixture *f, int s, int64_t c, const char *started, alf_cell_state cell, alf_outcome *outcome)
{
  alf_error err = {0};
  alf_attempt attempt = {.state = cell, .message = "", .started = started, .commit = "abc"};
  assert_ok(alf_store_record(f->store[s], &f->plan[s], c, &attempt, outcome, &err), &err);
  alf_outcome_free(outcome);
}

static void record_real(fixture *f, int s, int64_t c, const char *metric, double value)
{
  alf_outcome o = {0};
  alf_outcome_real(&o, metric, value);
  record(f, s, c, "2026-01-02T03:04:05Z", ALF_CELL_DONE, &o);
}

static void record_text(fixture *f, int s, int64_t c, const char *metric, const char *text)
{
  alf_outcome o = {0};
  alf_outcome_text(&o, metric, text);
  record(f, s, c, "2026-01-02T03:04:05Z", ALF_CELL_DONE, &o);
}

static alf_comparison compare(fixture *f)
{
  alf_error err = {0};
  alf_comparison c;
  assert_ok(alf_compare_stores(&c, f->store[0], f->store[1], true, &err), &err);
  return c;
}

static const alf_compared *row_of(const alf_comparison *c, const char *metric)
{
  for (int64_t r = 0; r < c->count; r++)
    if (!strcmp(c->row[r].metric, metric))
      return &c->row[r];
  fail_msg("no row for %s", metric);
  return NULL;
}

/* What a ratio comes to, where the new value is the old one times a factor, less so in the last cells. */
static void expect(fixture *f, double factor, int same, alf_change change)
{
  for (int c = 0; c < CELLS; c++) {
    record_real(f, 0, c, "mean_max_violation", 1 + c);
    record_real(f, 1, c, "mean_max_violation", (1 + c) * (c < CELLS - same ? factor : 1));
  }
  alf_comparison comparison = compare(f);
  const alf_compared *row = row_of(&comparison, "mean_max_violation");
  assert_int_equal(row->change, change);
  assert_int_equal(row->cells, CELLS);
  assert_int_equal(row->up + row->down, factor == 1 ? 0 : CELLS - same);
  assert_near(row->effect.value, pow(factor, (double)(CELLS - same) / CELLS) - 1, 1e-12);
  assert_int_equal(comparison.of[ALF_UNCHANGED], comparison.count - (change != ALF_UNCHANGED));
  alf_comparison_free(&comparison);
}

static void ratios(void **state)
{
  fixture *f = *state;
  enter_both(f, "iterate");
  expect(f, 1, 0, ALF_UNCHANGED);
  expect(f, 1.05, 0, ALF_WORSE);     /* p = 2^-11 */
  expect(f, 1.05, 6, ALF_WORSE);     /* p = 2^-5 */
  expect(f, 1.05, 7, ALF_UNDECIDED); /* p = 2^-4, whatever the effect */
  expect(f, 1.01, 0, ALF_UNCHANGED); /* certain, and within the tolerance of 2 % */
  expect(f, 0.9, 0, ALF_BETTER);
  expect(f, 0.9, 7, ALF_UNDECIDED);
}

/* A large change for the worse in one cell and small ones for the better in all others: the mean says worse, the ranks
   better. */
static void mean_against_ranks(void **state)
{
  fixture *f = *state;
  enter_both(f, "iterate");
  for (int c = 0; c < CELLS; c++) {
    record_real(f, 0, c, "mean_max_violation", 1);
    record_real(f, 1, c, "mean_max_violation", c ? 0.99 - 0.001 * c : 10);
  }
  alf_comparison comparison = compare(f);
  const alf_compared *row = row_of(&comparison, "mean_max_violation");
  assert_true(row->effect.value > 0.02 && row->lean < 0);
  assert_true(row->p < ALF_COMPARE_LEVEL);
  assert_int_equal(row->change, ALF_UNDECIDED);
  assert_near(row->worst_effect, 9, 1e-12);
  assert_int_equal(row->worst->repetition, 0);
  alf_comparison_free(&comparison);
}

/* Steps until something that never came to be are the steps of the run, and one more. */
static void never(void **state)
{
  fixture *f = *state;
  enter_both(f, "iterate");
  for (int s = 0; s < 2; s++)
    for (int c = 0; c < CELLS; c++) {
      alf_outcome o = {0};
      alf_outcome_whole(&o, "updates", 99);
      alf_outcome_real(&o, "settled_at", s ? (double)NAN : 50);
      record(f, s, c, "2026-01-02T03:04:05Z", ALF_CELL_DONE, &o);
    }
  alf_comparison comparison = compare(f);
  const alf_compared *row = row_of(&comparison, "settled_at");
  assert_near(row->effect.value, 1, 1e-12);
  assert_int_equal(row->unknown, 0);
  assert_int_equal(row->change, ALF_WORSE);
  alf_comparison_free(&comparison);
}

static void judge(fixture *f, const char *before, const char *after, alf_change change)
{
  for (int c = 0; c < CELLS; c++) {
    record_text(f, 0, c, "C1_verdict", before);
    record_text(f, 1, c, "C1_verdict", c == 3 ? after : before);
  }
  alf_comparison comparison = compare(f);
  assert_int_equal(row_of(&comparison, "C1_verdict")->change, change);
  alf_comparison_free(&comparison);
}

static void one_verdict_is_enough(void **state)
{
  fixture *f = *state;
  enter_both(f, "verify");
  judge(f, "holds", "refuted", ALF_WORSE);
  judge(f, "hypothesis not met", "refuted", ALF_WORSE);
  judge(f, "holds", "hypothesis not met", ALF_UNDECIDED);
  judge(f, "holds", "inconclusive", ALF_UNDECIDED);
  judge(f, "inconclusive", "hypothesis not met", ALF_UNCHANGED);
  judge(f, "refuted", "holds", ALF_BETTER);
  judge(f, "refuted", "refuted", ALF_UNCHANGED);
}

static void margins_are_better_when_they_are_larger(void **state)
{
  fixture *f = *state;
  enter_both(f, "verify");
  for (int s = 0; s < 2; s++)
    for (int c = 0; c < CELLS; c++) {
      alf_outcome o = {0};
      alf_outcome_real(&o, "C6_margin", s ? 1 : 2 + c);
      alf_outcome_real(&o, "C3_margin", s ? -1 : 0);
      record(f, s, c, "2026-01-02T03:04:05Z", ALF_CELL_DONE, &o);
    }
  alf_comparison comparison = compare(f);
  assert_int_equal(row_of(&comparison, "C6_margin")->change, ALF_WORSE);
  assert_int_equal(row_of(&comparison, "C3_margin")->change, ALF_WORSE);
  assert_near(row_of(&comparison, "C3_margin")->effect.value, 1, 1e-12);
  alf_comparison_free(&comparison);
}

/* Twice the time by the same pace is just within the tolerance. */
static void times_go_by_the_pace(void **state)
{
  static const double factor[] = {1, 1.9, 2.1}, pace[] = {3, 3, 3};
  static const alf_change expected[] = {ALF_UNCHANGED, ALF_UNCHANGED, ALF_WORSE};
  fixture *f = *state;
  enter_both(f, "iterate");
  for (int i = 0; i < 3; i++) {
    for (int s = 0; s < 2; s++)
      for (int c = 0; c < CELLS; c++) {
        alf_outcome o = {0};
        alf_outcome_real(&o, "processor_seconds", s ? pace[i] * factor[i] * (c + 1) : c + 1);
        alf_outcome_real(&o, "calibration_seconds", s ? pace[i] : 1);
        record(f, s, c, "2026-01-02T03:04:05Z", ALF_CELL_DONE, &o);
      }
    alf_comparison comparison = compare(f);
    assert_int_equal(row_of(&comparison, "time")->change, expected[i]);
    alf_comparison_free(&comparison);
  }
}

static void cells_that_fail_now(void **state)
{
  fixture *f = *state;
  enter_both(f, "iterate");
  for (int s = 0; s < 2; s++)
    for (int c = 0; c < CELLS; c++)
      if (s == 1 && c == 5)
        record(f, s, c, "2026-01-02T03:04:05Z", ALF_CELL_FAILED, &(alf_outcome){0});
      else
        record_real(f, s, c, "max_violation", 1);
  alf_comparison comparison = compare(f);
  assert_int_equal(row_of(&comparison, "cells")->change, ALF_WORSE);
  assert_int_equal(row_of(&comparison, "cells")->worst->repetition, 5);
  assert_int_equal(row_of(&comparison, "max_violation")->cells, CELLS - 1);
  assert_int_equal(row_of(&comparison, "max_violation")->change, ALF_UNCHANGED);
  alf_comparison_free(&comparison);
}

static void what_is_known_no_more_is_undecided(void **state)
{
  fixture *f = *state;
  enter_both(f, "iterate");
  for (int s = 0; s < 2; s++)
    for (int c = 0; c < CELLS; c++)
      record_real(f, s, c, "max_violation", s == 1 && c == 5 ? (double)NAN : 1);
  alf_comparison comparison = compare(f);
  assert_int_equal(row_of(&comparison, "max_violation")->unknown, 1);
  assert_int_equal(row_of(&comparison, "max_violation")->change, ALF_UNDECIDED);
  alf_comparison_free(&comparison);
}

/* Pairs are of the same settings and seed. Cells that wait do not count, and of two runs the later does. */
static void pairs(void **state)
{
  fixture *f = *state;
  alf_error err = {0};
  alf_comparison none;
  enter(f, 0, "a.ini", "[experiment]\nkind = iterate\ntopk = 2\nsource = uniform:T=64,E=8\nu = 1, 2, 3\n");
  enter(f, 1, "b.ini", "[experiment]\nkind = iterate\ntopk = 2\nsource = uniform:T=64,E=8\nu = 4, 2, 3\n");
  assert_fails(alf_compare_stores(&none, f->store[0], f->store[1], true, &err), ALF_EFORMAT, &err,
               "no cell is in both");
  alf_comparison_free(&none);
  record_real(f, 0, 0, "mean_max_violation", 1);
  record_real(f, 0, 1, "mean_max_violation", 1);
  record_real(f, 1, 0, "mean_max_violation", 2);
  record_real(f, 1, 1, "mean_max_violation", 3);
  record_real(f, 1, 2, "mean_max_violation", 4);
  alf_comparison c = compare(f);
  assert_int_equal(c.pairs.count, 1);
  assert_int_equal(c.pairs.base.cells, 2);
  assert_int_equal(c.pairs.fresh.cells, 3);
  assert_string_equal(c.pairs.pair[0].experiment, "a");
  assert_string_equal(c.pairs.pair[0].subject, "sign");
  assert_near(alf_result_real(c.pairs.pair[0].fresh, "u"), 2, 0);
  assert_near(row_of(&c, "mean_max_violation")->worst_effect, 2, 1e-12);
  alf_comparison_free(&c);

  /* The same cell by another code. */
  for (int later = 0; later < 2; later++) {
    alf_outcome o = {0};
    alf_outcome_real(&o, "mean_max_violation", 5);
    f->plan[1].code[0] = later ? 'x' : 'y';
    f->plan[1].digest[0] = later ? 'x' : 'y';
    assert_ok(alf_store_enter(f->store[1], &f->plan[1], &err), &err);
    record(f, 1, 1, later ? "2026-01-02T03:04:06Z" : "2026-01-02T03:04:04Z", ALF_CELL_DONE, &o);
    c = compare(f);
    assert_int_equal(c.pairs.fresh.cells, 3);
    assert_near(row_of(&c, "mean_max_violation")->worst_effect, later ? 4 : 2, 1e-12);
    alf_comparison_free(&c);
  }
}

static void rules_in_files_go_by_their_names(void **state)
{
  static const struct {
    const char *rule, *subject;
  } expected[] = {{"sign", "sign"},
                  {"smebu[kappa=2]", "smebu[kappa=2]"},
                  {"./a.so", "a.so"},
                  {"/b/c/a.so[path=1]", "a.so[path=1]"},
                  {"a/b[x=1]", "b[x=1]"}};
  char text[ALF_SUBJECT_TEXT];
  (void)state;
  for (int i = 0; i < 5; i++) {
    alf_named setting = {"rule", alf_value_text(expected[i].rule)};
    alf_judged_subject(&(alf_result){.settings = 1, .setting = &setting}, text);
    assert_string_equal(text, expected[i].subject);
  }
  alf_judged_subject(&(alf_result){0}, text);
  assert_string_equal(text, "");
}

/* No row stands in the shadow of another. */
static void every_row_of_the_table_is_found(void **state)
{
  (void)state;
  for (const alf_judged *j = alf_judged_metrics; j->metric; j++) {
    assert_ptr_equal(alf_judged_find(j->kind ? j->kind : "solve", j->metric), j);
    assert_true(j->tolerance > 0 || j->form == ALF_JUDGED_LEVEL);
    assert_true(j->form != ALF_JUDGED_RATIO || j->floor > 0);
  }
  assert_null(alf_judged_find("iterate", "C1_margin"));
  assert_non_null(alf_judged_find("verify", "C4-narrow_margin"));
}

/* A word without a level would leave its row out. */
static void every_verdict_has_a_level(void **state)
{
  (void)state;
  const alf_judged *judged = alf_judged_find("verify", "C1_verdict");
  for (int v = ALF_HOLDS; v <= ALF_INCONCLUSIVE; v++) {
    alf_named verdict = {"C1_verdict", alf_value_text(alf_verdict_name((alf_verdict)v))};
    double level = alf_judged_value(judged, &(alf_result){.metrics = 1, .metric = &verdict}, "C1_verdict");
    assert_true(v == ALF_HOLDS ? level == 2 : v == ALF_REFUTED ? level == 0 : level == 1);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(ratios),
      TEST(mean_against_ranks),
      TEST(never),
      TEST(one_verdict_is_enough),
      TEST(margins_are_better_when_they_are_larger),
      TEST(times_go_by_the_pace),
      TEST(cells_that_fail_now),
      TEST(what_is_known_no_more_is_undecided),
      TEST(pairs),
      cmocka_unit_test(rules_in_files_go_by_their_names),
      cmocka_unit_test(every_row_of_the_table_is_found),
      cmocka_unit_test(every_verdict_has_a_level),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
