#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gnuplot.h"
#include "report/curve.h"
#include "report/html.h"
#include "report/inside.h"
#include "report/svg.h"
#include "run/folder.h"
#include "run/values.h"

/* What is drawn of a kind: a column of a series over its steps, or, without a series, a metric over u. */
typedef struct chart {
  const char *kind, *series, *column, *title, *x;
  bool log_x, log_y;
} chart;

static const chart charts[] = {
    {"iterate", "iterates", "max_violation", "MaxVio, the largest load over its target, less one", "updates",
     .log_y = true},
    {"iterate", "iterates", "gap", "Gap of the dual function to the optimum", "updates", .log_y = true},
    {"iterate", NULL, "mean_max_violation", "MaxVio, mean over the run", "u", true, true},
    {"iterate", NULL, "gap", "Gap to the optimum after the last update", "u", true, true},
    {"updates", "updates", "max_violation", "MaxVio, the largest load over its target, less one", "updates",
     .log_y = true},
    {"updates", "updates", "gap", "Gap of the dual function to the optimum", "updates", .log_y = true},
    {"regret", "growth", "regret", "Regret", "batches", true, true},
    {"solve", "progress", "gap_dual", "Gap of the bound to the optimum, relative", "iterations", true, true},
    {"solve", "progress", "violation", "Violation of the constraints", "iterations", true, true},
    {"train", "steps", "max_violation", "MaxVio, mean over the layers", "steps", .log_y = true},
    {"train", "steps", "loss", "Training loss", "steps", false, false},
    {"train", NULL, "validation_loss", "Validation loss in the end", "u", true, false},
    {"train", NULL, "mean_max_violation", "MaxVio, mean over run and layers", "u", true, true},
};

typedef struct panel {
  int64_t group;    /* the first of its groups */
  alf_curve *curve; /* one for each line */
} panel;

/* A figure in the making: panels in order of the groups, in each the same lines. */
typedef struct figure {
  const chart *chart;
  const alf_table *table;
  alf_memory memory;
  int line_setting, x_setting; /* −1: none */
  int lines;
  int64_t *line; /* the first group of each */
  int panels, left_out;
  panel panel[ALF_REPORT_MOST_PANELS];
  double low[2], high[2]; /* of x and of y, the same in all panels */
  bool below, bands;      /* some values are not above 0 where there are logarithms; some bands are wider than a line */
} figure;

static int setting_named(const alf_table *t, const char *name)
{
  for (int a = 0; a < t->axes; a++)
    if (!strcmp(alf_table_setting(t, 0, t->axis[a])->name, name))
      return t->axis[a];
  return -1;
}

/* Rules are lines; where there is one only, whatever else varies but the source. */
static int find_line_setting(const alf_table *t, int x_setting)
{
  static const char *const preferred[] = {"solver", "rule", "schedule", "u"};
  for (int i = 0; i < 4; i++) {
    int s = setting_named(t, preferred[i]);
    if (s >= 0 && s != x_setting)
      return s;
  }
  return -1;
}

/* Whether two groups differ at most in these settings. */
static bool same_but(const alf_table *t, int64_t a, int64_t b, int but, int and_but)
{
  for (int i = 0; i < t->axes; i++) {
    int s = t->axis[i];
    if (s != but && s != and_but &&
        !alf_value_same(&alf_table_setting(t, a, s)->value, &alf_table_setting(t, b, s)->value))
      return false;
  }
  return true;
}

static int find_line(figure *f, int64_t group)
{
  int s = f->line_setting;
  for (int i = 0; i < f->lines; i++)
    if (s < 0 || alf_value_same(&alf_table_setting(f->table, f->line[i], s)->value,
                                &alf_table_setting(f->table, group, s)->value))
      return i;
  f->line[f->lines] = group;
  return f->lines++;
}

/* −1 where there would be too many. */
static int find_panel(figure *f, int64_t group)
{
  for (int i = 0; i < f->panels; i++)
    if (same_but(f->table, f->panel[i].group, group, f->line_setting, f->x_setting))
      return i;
  if (f->panels == ALF_REPORT_MOST_PANELS) {
    f->left_out++;
    return -1;
  }
  f->panel[f->panels] = (panel){group, alf_memory_take(&f->memory, (size_t)f->lines, sizeof(alf_curve))};
  return f->panel[f->panels].curve ? f->panels++ : -1;
}

static alf_status add_series(alf_curve *curve, const figure *f, const alf_page *page, int64_t c, alf_error *err)
{
  alf_series s;
  int column = -1;
  alf_status status = alf_series_read(&s, page->store, &f->table->results->cell[c], f->chart->series, err);
  for (int i = 0; status == ALF_OK && i < s.columns; i++)
    if (!strcmp(s.column[i], f->chart->column))
      column = i;
  for (int64_t row = 0; status == ALF_OK && column >= 0 && row < s.rows; row++)
    if (s.step[row] > 0 || !f->chart->log_x)
      status = alf_curve_add(curve, (double)s.step[row], s.value[row * s.columns + column], err);
  alf_series_free(&s);
  return status;
}

static alf_status add_group(figure *f, const alf_page *page, int64_t group, alf_error *err)
{
  const alf_table *t = f->table;
  int p = find_panel(f, group), line = find_line(f, group);
  alf_status status = alf_memory_check(&f->memory, err);
  for (int64_t c = t->group[group].first;
       status == ALF_OK && p >= 0 && c < t->group[group].first + t->group[group].cells; c++) {
    alf_curve *curve = &f->panel[p].curve[line];
    if (t->results->cell[c].state != ALF_CELL_DONE)
      continue;
    if (f->chart->series)
      status = add_series(curve, f, page, c, err);
    else
      status = alf_curve_add(curve, alf_table_setting(t, group, f->x_setting)->value.real,
                             alf_result_real(&t->results->cell[c], f->chart->column), err);
  }
  return status;
}

/* Logarithms show no zero. */
static void extend_up_and_down(figure *f, double y)
{
  if (f->chart->log_y && y <= 0) {
    f->below = true;
    return;
  }
  f->low[1] = fmin(f->low[1], y);
  f->high[1] = fmax(f->high[1], y);
}

static void extend(figure *f, const alf_curve *curve)
{
  for (int64_t i = 0; i < curve->count; i++) {
    const alf_curve_point *p = &curve->point[i];
    f->low[0] = fmin(f->low[0], p->x);
    f->high[0] = fmax(f->high[0], p->x);
    f->bands |= p->low < p->high;
    extend_up_and_down(f, p->low);
    extend_up_and_down(f, p->y);
    extend_up_and_down(f, p->high);
  }
}

/* Room around what is drawn; where there are logarithms whole decades, with the lower edge for what is not above 0. */
static void widen(double *low, double *high, bool log, bool below)
{
  if (log) {
    *low = pow(10, floor(log10(*low) - (below ? 0.05 : -1e-9)));
    *high = pow(10, ceil(log10(*high) - 1e-9));
    *high = fmax(*high, 10 * *low);
    return;
  }
  double room = *high > *low ? 0.04 * (*high - *low) : 1;
  *low = *low == 0 ? 0 : *low - room;
  *high += room;
}

static alf_status collect(figure *f, const alf_page *page, alf_error *err)
{
  const alf_table *t = f->table;
  f->line = alf_memory_take(&f->memory, (size_t)t->groups + 1, sizeof *f->line);
  alf_status status = alf_memory_check(&f->memory, err);
  for (int64_t g = 0; status == ALF_OK && g < t->groups; g++)
    find_line(f, g);
  for (int64_t g = 0; status == ALF_OK && g < t->groups; g++)
    status = add_group(f, page, g, err);
  f->low[0] = f->low[1] = INFINITY;
  f->high[0] = f->high[1] = -INFINITY;
  for (int p = 0; status == ALF_OK && p < f->panels; p++)
    for (int i = 0; i < f->lines; i++) {
      alf_curve_settle(&f->panel[p].curve[i]);
      extend(f, &f->panel[p].curve[i]);
    }
  return status;
}

static void free_figure(figure *f)
{
  for (int p = 0; p < f->panels; p++)
    for (int i = 0; i < f->lines; i++)
      alf_curve_free(&f->panel[p].curve[i]);
  alf_memory_free(&f->memory);
}

/* The numbers of a panel, as plots/report.gp reads them. */
static alf_status write_csv(const figure *f, const panel *p, const char *path, alf_error *err)
{
  FILE *csv = fopen(path, "w");
  if (!csv)
    return alf_fail(err, ALF_EIO, "%s: %s", path, strerror(errno));
  fprintf(csv, "x,%.9g,%.9g,%d,0\ny,%.9g,%.9g,%d,0\nlines,%d,%d,0,0\n", f->low[0], f->high[0], f->chart->log_x,
          f->low[1], f->high[1], f->chart->log_y, f->lines, f->chart->series == NULL);
  for (int i = 0; i < f->lines; i++)
    for (int64_t j = 0; j < p->curve[i].count; j++) {
      const alf_curve_point *q = &p->curve[i].point[j];
      fprintf(csv, "%d,%.9g,%.9g,%.9g,%.9g\n", i + 1, q->x, fmax(q->y, f->low[1]), fmax(q->low, f->low[1]),
              fmax(q->high, f->low[1]));
    }
  bool failed = ferror(csv) != 0;
  failed = fclose(csv) != 0 || failed;
  return failed ? alf_fail(err, ALF_EIO, "%s: %s", path, strerror(errno)) : ALF_OK;
}

static alf_status draw(alf_page *page, const figure *f, const panel *p, alf_error *err)
{
  char csv[300], svg[300];
  if (page->stop && page->stop())
    return alf_fail(err, ALF_EINTERRUPTED, "interrupted");
  alf_status status = *page->folder ? ALF_OK : alf_folder_temporary(page->folder, sizeof page->folder, err);
  if (status != ALF_OK)
    return status;
  snprintf(csv, sizeof csv, "%s/panel.csv", page->folder);
  snprintf(svg, sizeof svg, "%s/panel.svg", page->folder);
  status = write_csv(f, p, csv, err);
  if (status == ALF_OK)
    status = alf_plot_draw("report", csv, svg, ALF_PLOT_SVG, err);
  if (status == ALF_OK)
    status = alf_svg_inline(page->file, svg, f->chart->title, err);
  unlink(csv);
  unlink(svg);
  return status;
}

/* Solvers that are exact have no progress. */
static bool is_drawn(const figure *f, int line)
{
  for (int p = 0; p < f->panels; p++)
    if (f->panel[p].curve[line].count > 0)
      return true;
  return false;
}

static void put_legend(alf_page *page, const figure *f)
{
  if (f->line_setting < 0)
    return;
  fputs("<ul class=legend>", page->file);
  for (int i = 0; i < f->lines; i++) {
    const alf_named *setting = alf_table_setting(f->table, f->line[i], f->line_setting);
    if (!is_drawn(f, i))
      continue;
    fprintf(page->file, "<li><svg viewBox=\"0 0 32 8\" aria-hidden=true><path d=\"M0 4H32\" class=\"l%d d%d\" /></svg>",
            i % 8 + 1, (i + i / 8) % 4);
    alf_html_setting(page->file, setting);
    fputs("\n", page->file);
  }
  fputs("</ul>\n", page->file);
}

static bool is_empty(const figure *f, const panel *p)
{
  for (int i = 0; i < f->lines; i++)
    if (p->curve[i].count > 0)
      return false;
  return true;
}

static alf_status put_figure(alf_page *page, const figure *f, alf_error *err)
{
  alf_status status = ALF_OK;
  fputs("<figure><figcaption>", page->file);
  alf_html_text(page->file, f->chart->title);
  fprintf(page->file, " <span class=over>over %s</span></figcaption>\n", f->chart->x);
  put_legend(page, f);
  fputs("<div class=panels>\n", page->file);
  for (int p = 0; p < f->panels && status == ALF_OK; p++) {
    if (is_empty(f, &f->panel[p]))
      continue;
    fputs("<div class=panel><p>", page->file);
    alf_page_settings(page, f->table, f->table->group[f->panel[p].group].first, f->line_setting, f->x_setting, -1);
    fputs("</p>", page->file);
    status = draw(page, f, &f->panel[p], err);
    fputs("</div>\n", page->file);
  }
  fputs("</div>\n", page->file);
  if (f->bands)
    fputs(
        "<p class=note>Lines are means over repetitions and, where points are many, over neighbours; bands reach from "
        "the smallest to the largest.\n",
        page->file);
  if (f->below)
    fputs("<p class=note>What is not above 0 lies on the lower edge.\n", page->file);
  if (f->left_out > 0)
    fprintf(page->file, "<p class=more>The first %d panels; there would be more.\n", f->panels);
  fputs("</figure>\n", page->file);
  page->told.figures++;
  return status;
}

/* Whether u is an axis of at least three numbers. */
static bool is_sweep(const alf_table *t, int s)
{
  int different = 0;
  for (int64_t g = 0; g < t->groups && different < 3; g++) {
    double u = alf_table_setting(t, g, s)->value.real;
    bool seen = isnan(u);
    for (int64_t i = 0; i < g && !seen; i++)
      seen = alf_table_setting(t, i, s)->value.real == u;
    different += !seen;
  }
  return different == 3;
}

static alf_status make_figure(alf_page *page, const alf_table *t, const chart *of, alf_error *err)
{
  figure f = {.chart = of, .table = t, .x_setting = of->series ? -1 : setting_named(t, "u")};
  f.line_setting = find_line_setting(t, f.x_setting);
  if (!of->series && (f.x_setting < 0 || !is_sweep(t, f.x_setting)))
    return ALF_OK;
  alf_status status = collect(&f, page, err);
  if (status == ALF_OK && isfinite(f.low[1])) {
    widen(&f.low[0], &f.high[0], of->log_x, false);
    widen(&f.low[1], &f.high[1], of->log_y, f.below);
    status = put_figure(page, &f, err);
  }
  free_figure(&f);
  return status;
}

alf_status alf_page_figures(alf_page *page, int64_t e, alf_error *err)
{
  alf_status status = ALF_OK;
  for (size_t i = 0; i < sizeof charts / sizeof *charts && status == ALF_OK; i++)
    if (!strcmp(charts[i].kind, page->results[e].kind))
      status = make_figure(page, &page->table[e], &charts[i], err);
  return status;
}
