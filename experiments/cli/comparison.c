#include "cli/comparison.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"

#define CELL_TEXT 40

/* One line of the table, as texts; those of numbers stand to the right. */
enum { VERDICT, EXPERIMENT, SUBJECT, METRIC, CELLS, WORSE_IN, BETTER_IN, EFFECT, INTERVAL, P, TOLERANCE, COLUMNS };
static const char *const heads[COLUMNS] = {"verdict",       "experiment", "of",        "metric",
                                           "cells",         "worse in",   "better in", "effect",
                                           "95 % interval", "p",          "tolerance"};

typedef struct line {
  char text[COLUMNS][CELL_TEXT];
} line;

static bool is_share(const alf_compared *row)
{
  return row->judged && (row->judged->form == ALF_JUDGED_RATIO || row->judged->form == ALF_JUDGED_MARGIN);
}

/* Shares in percent, with one digit behind the point below 10 %. */
static void put_number(char *text, const alf_compared *row, double value, const char *sign)
{
  char format[20];
  bool share = is_share(row);
  snprintf(format, sizeof format, share ? "%%%s.%df %%%%" : "%%%s.3g", sign, fabs(value) < 0.0995 ? 1 : 0);
  if (isnan(value))
    snprintf(text, CELL_TEXT, "-");
  else
    snprintf(text, CELL_TEXT, format, share ? 100 * value : value);
}

static void put_effect(line *l, const alf_compared *row)
{
  char low[CELL_TEXT], high[CELL_TEXT];
  if (!row->judged || row->judged->form == ALF_JUDGED_LEVEL) {
    snprintf(l->text[EFFECT], CELL_TEXT, "%lld %s", (long long)row->fallen, row->judged ? "to the worst" : "failed");
    snprintf(l->text[TOLERANCE], CELL_TEXT, "none");
    return;
  }
  put_number(low, row, row->effect.low, "+");
  put_number(high, row, row->effect.high, "+");
  put_number(l->text[EFFECT], row, row->effect.value, "+");
  put_number(l->text[TOLERANCE], row, row->judged->tolerance, "");
  if (!isnan(row->effect.low))
    snprintf(l->text[INTERVAL], CELL_TEXT, "%.15s .. %.15s", low, high);
  snprintf(l->text[P], CELL_TEXT, "%.2g", row->corrected);
}

static void fill_line(line *l, const alf_compared *row)
{
  const char *text[] = {alf_change_name(row->change), row->experiment, row->subject, row->metric};
  *l = (line){0};
  for (int i = 0; i <= METRIC; i++)
    snprintf(l->text[i], CELL_TEXT, "%s", text[i]);
  snprintf(l->text[CELLS], CELL_TEXT, "%lld", (long long)row->cells);
  snprintf(l->text[WORSE_IN], CELL_TEXT, "%lld", (long long)row->up);
  snprintf(l->text[BETTER_IN], CELL_TEXT, "%lld", (long long)row->down);
  put_effect(l, row);
}

static void print_line(const line *l, const int width[COLUMNS])
{
  char text[COLUMNS * (CELL_TEXT + 2) + 1];
  size_t used = 0;
  for (int i = 0; i < COLUMNS; i++)
    used += (size_t)snprintf(text + used, sizeof text - used, i <= METRIC ? "%-*s  " : "%*s  ", width[i], l->text[i]);
  while (used > 0 && text[used - 1] == ' ')
    text[--used] = '\0';
  puts(text);
}

/* Rows that are unchanged are only counted. */
static void print_table(const alf_comparison *c)
{
  int width[COLUMNS];
  line l = {0};
  for (int i = 0; i < COLUMNS; i++)
    width[i] = (int)strlen(heads[i]);
  for (int64_t r = 0; r < c->count && c->row[r].change != ALF_UNCHANGED; r++) {
    fill_line(&l, &c->row[r]);
    for (int i = 0; i < COLUMNS; i++)
      width[i] = (int)strlen(l.text[i]) > width[i] ? (int)strlen(l.text[i]) : width[i];
  }
  for (int i = 0; i < COLUMNS; i++)
    snprintf(l.text[i], CELL_TEXT, "%s", heads[i]);
  if (c->of[ALF_UNCHANGED] == c->count)
    return;
  print_line(&l, width);
  for (int64_t r = 0; r < c->count && c->row[r].change != ALF_UNCHANGED; r++) {
    fill_line(&l, &c->row[r]);
    print_line(&l, width);
  }
  putchar('\n');
}

static void print_side(const char *what, const char *name, const alf_pairs_side *side, bool times)
{
  if (times && *side->started)
    alf_cli_row(what, "%s: %lld cells, the last run %s, commit %s", name, (long long)side->cells, side->started,
                *side->commit ? side->commit : "not known");
  else
    alf_cli_row(what, "%s: %lld cells", name, (long long)side->cells);
}

static void print_report(const alf_comparison *c, const char *base, const char *fresh, bool times)
{
  const alf_pairs *p = &c->pairs;
  print_side("base", base, &p->base, times);
  print_side("new", fresh, &p->fresh, times);
  alf_cli_row("cells", "%lld in both, %lld only in base, %lld only new", (long long)p->count,
              (long long)(p->base.cells - p->count), (long long)(p->fresh.cells - p->count));
  if (p->files_differ)
    alf_cli_row("files", "of %lld cells files lie elsewhere or have other contents", (long long)p->files_differ);
  putchar('\n');
  print_table(c);
  printf("%lld worse, %lld undecided, %lld better, %lld unchanged\n", (long long)c->of[ALF_WORSE],
         (long long)c->of[ALF_UNDECIDED], (long long)c->of[ALF_BETTER], (long long)c->of[ALF_UNCHANGED]);
}

/* Settings of a cell: what it is. */
static json_t *json_settings(const alf_result *cell)
{
  json_t *object = json_object();
  for (int s = 0; s < cell->settings; s++) {
    const alf_value *v = &cell->setting[s].value;
    alf_cli_json_set(&object, cell->setting[s].name,
                     v->type == ALF_TEXT    ? alf_cli_json_text(v->text)
                     : v->type == ALF_WHOLE ? json_integer((json_int_t)v->whole)
                                            : alf_cli_json_real(v->real));
  }
  alf_cli_json_set(&object, "repetition", json_integer((json_int_t)cell->repetition));
  return object;
}

static json_t *json_row(const alf_compared *row)
{
  json_t *object = json_pack(
      "{ss so ss so so sI sI sI sI sI}", "verdict", alf_change_name(row->change), "experiment",
      alf_cli_json_text(row->experiment), "kind", row->kind, "of", alf_cli_json_text(row->subject), "metric",
      alf_cli_json_text(row->metric), "cells", (json_int_t)row->cells, "worse_in", (json_int_t)row->up, "better_in",
      (json_int_t)row->down, "unknown", (json_int_t)row->unknown, "fallen", (json_int_t)row->fallen);
  alf_cli_json_set(&object, "effect", alf_cli_json_real(row->effect.value));
  alf_cli_json_set(&object, "low", alf_cli_json_real(row->effect.low));
  alf_cli_json_set(&object, "high", alf_cli_json_real(row->effect.high));
  alf_cli_json_set(&object, "p", alf_cli_json_real(row->p));
  alf_cli_json_set(&object, "p_corrected", alf_cli_json_real(row->corrected));
  alf_cli_json_set(&object, "lean", alf_cli_json_real(row->lean));
  alf_cli_json_set(&object, "p_sign_test", alf_cli_json_real(row->sign_p));
  alf_cli_json_set(&object, "tolerance", alf_cli_json_real(row->judged ? row->judged->tolerance : 0));
  if (row->worst) {
    alf_cli_json_set(&object, "worst_effect", alf_cli_json_real(row->worst_effect));
    alf_cli_json_set(&object, "worst_cell", json_settings(row->worst));
  }
  return object;
}

static json_t *json_side(const char *name, const alf_pairs_side *side)
{
  return json_pack("{so sI so so}", "store", alf_cli_json_text(name), "cells", (json_int_t)side->cells, "last_run",
                   alf_cli_json_text(side->started), "commit", alf_cli_json_text(side->commit));
}

static alf_status print_json(const alf_comparison *c, const char *base, const char *fresh, alf_error *err)
{
  const alf_pairs *p = &c->pairs;
  json_t *rows = json_array();
  for (int64_t r = 0; r < c->count; r++)
    alf_cli_json_append(&rows, json_row(&c->row[r]));
  json_t *object = json_pack("{so so sI sI}", "base", json_side(base, &p->base), "new", json_side(fresh, &p->fresh),
                             "cells", (json_int_t)p->count, "files_differ", (json_int_t)p->files_differ);
  for (int i = 0; i < ALF_CHANGES; i++)
    alf_cli_json_set(&object, alf_change_name((alf_change)i), json_integer((json_int_t)c->of[i]));
  alf_cli_json_set(&object, "rows", rows);
  return alf_cli_print_json(object, err);
}

int alf_cli_report_comparison(const alf_comparison *c, const char *base, const char *fresh,
                              const alf_cli_options *options, alf_error *err)
{
  alf_status status = ALF_OK;
  if (options->json)
    status = print_json(c, base, fresh, err);
  else
    print_report(c, base, fresh, !options->no_times);
  if (status != ALF_OK)
    return alf_cli_exit_code(status);
  return c->of[ALF_WORSE] > 0 ? ALF_CLI_REFUTED : ALF_CLI_HELD;
}
