#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/html.h"
#include "report/inside.h"

/* Settings and metrics that say nothing in a table: the same everywhere. */
static void put_shared(alf_page *page, const alf_table *t)
{
  const alf_results *r = t->results;
  if (r->cells == 0)
    return;
  fputs("<p class=shared>In all cells ", page->file);
  const char *between = "";
  for (int s = 0, a = 0; s < r->cell[0].settings; s++) {
    if (a < t->axes && t->axis[a] == s) {
      a++;
      continue;
    }
    fprintf(page->file, "%s<span class=key>", between);
    alf_html_text(page->file, r->cell[0].setting[s].name);
    fputs("</span> ", page->file);
    alf_html_setting(page->file, &r->cell[0].setting[s]);
    between = ", ";
  }
  fputs(".\n", page->file);
}

/* The first cell that is done, whose values are those of all in a column that is constant. */
static int64_t first_done(const alf_table *t)
{
  for (int64_t c = 0; c < t->results->cells; c++)
    if (t->results->cell[c].state == ALF_CELL_DONE)
      return c;
  return -1;
}

static bool is_shown(const alf_table *t, int column)
{
  return !alf_table_is_claim(t, column) && (t->groups == 1 || !alf_table_is_constant(t, column));
}

static void put_constant(alf_page *page, const alf_table *t, bool known)
{
  int64_t c = first_done(t);
  const char *between = known ? "<p class=shared>The same everywhere: " : "<p class=shared>Not known anywhere: ";
  bool any = false;
  for (int i = 0; c >= 0 && i < t->columns; i++) {
    alf_value value = alf_table_value(t, c, i);
    if (is_shown(t, i) || alf_table_is_claim(t, i) || (value.type != ALF_UNKNOWN) != known)
      continue;
    fprintf(page->file, "%s<span class=key>", between);
    alf_html_text(page->file, t->column[i]);
    fputs("</span>", page->file);
    if (known) {
      fputs(" ", page->file);
      alf_html_value(page->file, &value);
    }
    between = ", ";
    any = true;
  }
  if (any)
    fputs(".\n", page->file);
}

/* Different texts of the repetitions, each once. */
static void put_texts(alf_page *page, const alf_table *t, int64_t group, int column)
{
  const alf_group *g = &t->group[group];
  const char *between = "";
  for (int64_t c = g->first; c < g->first + g->cells; c++) {
    alf_value value = alf_table_value(t, c, column);
    bool seen = value.type != ALF_TEXT;
    for (int64_t i = g->first; i < c && !seen; i++) {
      alf_value earlier = alf_table_value(t, i, column);
      seen = alf_value_same(&earlier, &value);
    }
    if (seen)
      continue;
    fputs(between, page->file);
    alf_html_text(page->file, value.text);
    between = ", ";
  }
}

static bool is_text(const alf_table *t, int64_t group, int column)
{
  const alf_group *g = &t->group[group];
  for (int64_t c = g->first; c < g->first + g->cells; c++)
    if (alf_table_value(t, c, column).type == ALF_TEXT)
      return true;
  return false;
}

/* A table at work: which columns it has, and which kinds of intervals were seen. */
typedef struct layout {
  bool *shown;
  bool bootstrap, range;
} layout;

static void put_interval(alf_page *page, const alf_table_mean *m, layout *l)
{
  if (!(m->mean.low < m->mean.high))
    return;
  fputs("<small>", page->file);
  alf_html_number(page->file, m->mean.low);
  fputs(" … ", page->file);
  alf_html_number(page->file, m->mean.high);
  fputs("</small>", page->file);
  *(m->is_range ? &l->range : &l->bootstrap) = true;
}

static alf_status put_metric(alf_page *page, const alf_table *t, int64_t group, int column, layout *l, alf_error *err)
{
  alf_table_mean m;
  if (is_text(t, group, column)) {
    fputs("<td>", page->file);
    put_texts(page, t, group, column);
    return ALF_OK;
  }
  alf_status status = alf_table_find_mean(t, group, column, &m, err);
  if (status != ALF_OK)
    return status;
  alf_html_number_cell(page->file, m.mean.value);
  alf_value only = alf_table_value(t, t->group[group].first, column);
  if (t->group[group].cells == 1)
    alf_html_value(page->file, &only);
  else
    alf_html_number(page->file, m.mean.value);
  put_interval(page, &m, l);
  return ALF_OK;
}

static void put_group(alf_page *page, const alf_table *t, int64_t group)
{
  const alf_group *g = &t->group[group];
  fputs("<tr>", page->file);
  for (int a = 0; a < t->axes; a++) {
    const alf_named *setting = alf_table_setting(t, group, t->axis[a]);
    if (isnan(setting->value.real))
      fputs("<th scope=row>", page->file);
    else
      fprintf(page->file, "<th scope=row class=n data-v=\"%.17g\">", setting->value.real);
    alf_html_setting(page->file, setting);
  }
  fprintf(page->file, "<td class=\"n%s\" data-v=\"%" PRId64 "\">%" PRId64, g->done < g->cells ? " bad" : "", g->done,
          g->done);
  if (g->done < g->cells)
    fprintf(page->file, " of %" PRId64, g->cells);
}

static alf_status put_row(alf_page *page, const alf_table *t, int64_t group, layout *l, alf_error *err)
{
  alf_status status = ALF_OK;
  put_group(page, t, group);
  for (int i = 0; i < t->columns && status == ALF_OK; i++)
    if (l->shown[i])
      status = put_metric(page, t, group, i, l, err);
  fputs("\n", page->file);
  return status;
}

/* "mean_max_violation" can be broken at its bars. */
static void put_name(alf_page *page, const char *name)
{
  char part[100];
  while (*name) {
    size_t length = strcspn(name, "_");
    length += name[length] == '_';
    snprintf(part, sizeof part, "%.*s", (int)length, name);
    alf_html_text(page->file, part);
    name += length;
    fputs(*name ? "<wbr>" : "", page->file);
  }
}

static bool is_numeric(const alf_table *t, int column)
{
  for (int64_t g = 0; g < t->groups; g++)
    if (is_text(t, g, column))
      return false;
  return true;
}

static void put_header(alf_page *page, const alf_table *t, const bool *shown)
{
  fputs("<div class=scroll tabindex=0 role=region aria-label=Results><table class=sort><thead><tr>", page->file);
  for (int a = 0; a < t->axes; a++) {
    const alf_named *setting = alf_table_setting(t, 0, t->axis[a]);
    fprintf(page->file, "<th scope=col%s>", isnan(setting->value.real) ? "" : " class=n");
    alf_html_text(page->file, setting->name);
  }
  fputs("<th scope=col class=n>cells", page->file);
  for (int i = 0; i < t->columns; i++) {
    if (!shown[i])
      continue;
    fprintf(page->file, "<th scope=col%s>", is_numeric(t, i) ? " class=n" : "");
    put_name(page, t->column[i]);
  }
  fputs("<tbody>\n", page->file);
}

static void put_notes(alf_page *page, const alf_table *t, const layout *l)
{
  if (l->bootstrap)
    fputs("<p class=note>Means over repetitions; below them 95 % bootstrap intervals of the mean.\n", page->file);
  if (l->range)
    fputs(
        "<p class=note>Means over repetitions; below them the smallest and the largest, where repetitions are too few "
        "for an interval of the mean.\n",
        page->file);
  if (t->groups > ALF_REPORT_MOST_ROWS)
    fprintf(page->file, "<p class=more>The first %d of %" PRId64 " settings; alflab run --export writes all.\n",
            ALF_REPORT_MOST_ROWS, t->groups);
}

static alf_status put_table(alf_page *page, const alf_table *t, alf_error *err)
{
  alf_memory memory = {0};
  layout l = {.shown = alf_memory_take(&memory, (size_t)t->columns + 1, sizeof *l.shown)};
  bool any = false;
  alf_status status = alf_memory_check(&memory, err);
  for (int i = 0; status == ALF_OK && i < t->columns; i++)
    any |= l.shown[i] = is_shown(t, i);
  if (status == ALF_OK && any) {
    put_header(page, t, l.shown);
    for (int64_t g = 0; status == ALF_OK && g < t->groups && g < ALF_REPORT_MOST_ROWS; g++)
      status = put_row(page, t, g, &l, err);
    fputs("</table></div>\n", page->file);
    put_notes(page, t, &l);
  }
  alf_memory_free(&memory);
  return status;
}

static void put_failures(alf_page *page, const alf_table *t)
{
  int64_t failed = 0;
  for (int64_t c = 0; c < t->results->cells; c++) {
    const alf_result *cell = &t->results->cell[c];
    if (cell->state != ALF_CELL_FAILED && cell->state != ALF_CELL_TIMEOUT)
      continue;
    if (failed == 0)
      fputs("<h3 class=bad>Cells that failed</h3>\n<ul class=failures>\n", page->file);
    if (failed++ >= ALF_REPORT_MOST_FAILURES)
      continue;
    fprintf(page->file, "<li>Cell %" PRId64 ", %s: ", c, alf_cell_state_name(cell->state));
    alf_page_settings(page, t, c, -1, -1, cell->repetition);
    fputs("<br><code>", page->file);
    alf_html_text(page->file, cell->message);
    fputs("</code>\n", page->file);
  }
  if (failed > ALF_REPORT_MOST_FAILURES)
    fprintf(page->file, "<li>and %" PRId64 " more.\n", failed - ALF_REPORT_MOST_FAILURES);
  if (failed > 0)
    fputs("</ul>\n", page->file);
}

alf_status alf_page_experiment(alf_page *page, int64_t e, alf_error *err)
{
  const alf_results *r = &page->results[e];
  const alf_table *t = &page->table[e];
  fprintf(page->file, "<section id=e%" PRId64 "><p class=kicker>", e + 1);
  alf_html_text(page->file, r->name);
  fputs(" · ", page->file);
  alf_html_text(page->file, r->kind);
  fputs("<h2>", page->file);
  alf_html_text(page->file, page->experiments == 1 ? "Results" : *r->title ? r->title : r->name); /* or in the head */
  fputs("</h2>\n", page->file);
  put_shared(page, t);
  put_constant(page, t, true);
  put_constant(page, t, false);
  put_failures(page, t);
  alf_status status = page->told.gnuplot ? alf_page_figures(page, e, err) : ALF_OK;
  if (status == ALF_OK)
    status = put_table(page, t, err);
  fputs("<details><summary>Config</summary><pre tabindex=0>", page->file);
  alf_html_text(page->file, r->config);
  fputs("</pre></details>\n</section>\n", page->file);
  return status;
}
