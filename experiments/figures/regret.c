#include <math.h>
#include <string.h>

#include "figures/producers.h"

/* u as the config has it, "0.25/mu", less its unit. */
static double multiple_of(const alf_result *cell)
{
  double a = NAN;
  return sscanf(alf_figure_text(cell, "u"), "%lf/mu", &a) == 1 ? a : NAN;
}

/* The fitted line, at its ends: its slope is the cell's, and it goes through the means of what was fitted, N from a
   hundredth (of short runs: a tenth) of the last one on. */
static void put_fit(FILE *csv, const alf_series *s, const char *panel, const char *name, double slope)
{
  int64_t last = s->step[s->rows - 1], from = last >= 1000 ? last / 100 : last / 10, count = 0;
  double x = 0, y = 0;
  for (int64_t i = 0; i < s->rows; i++)
    if (s->step[i] >= from) {
      x += log10((double)s->step[i]);
      y += s->value[i * s->columns + alf_figure_column(s, "regret")];
      count++;
    }
  x /= (double)count;
  y /= (double)count;
  alf_figure_point(csv, panel, name, (double)from, y + slope * (log10((double)from) - x));
  alf_figure_point(csv, panel, name, (double)last, y + slope * (log10((double)last) - x));
}

static alf_status put_growth(FILE *csv, const alf_figure_data *data, int64_t c, const char *panel, const char *name,
                             alf_error *err)
{
  alf_series s;
  char title[3 * ALF_FIGURE_WORD];
  const alf_result *cell = &data->results->cell[c];
  alf_status status = alf_series_read(&s, data->store, cell, "growth", err);
  int at = alf_figure_column(&s, "regret"), low = alf_figure_column(&s, "low"), high = alf_figure_column(&s, "high"),
      bound = alf_figure_column(&s, "bound");
  for (int64_t i = 0; status == ALF_OK && i < s.rows; i++) {
    const double *row = s.value + i * s.columns;
    alf_interval regret = {row[at], row[low], row[high]};
    alf_figure_interval(csv, panel, name, (double)s.step[i], &regret);
  }
  snprintf(title, sizeof title, "%s bound", panel);
  for (int64_t i = 0; status == ALF_OK && i < s.rows; i++)
    if (i < 16 || i % 8 == 0 || i == s.rows - 1) /* it is smooth */
      alf_figure_point(csv, title, name, (double)s.step[i], s.value[i * s.columns + bound]);
  snprintf(title, sizeof title, "%s fit", panel);
  if (status == ALF_OK && s.rows > 0 && !strcmp(alf_figure_text(cell, "law"), "ln N"))
    put_fit(csv, &s, title, name, alf_result_real(cell, "per_decade"));
  alf_series_free(&s);
  return status;
}

/* What a factor of ten in N adds, and the exponent, over a = uμ. */
static void put_slopes(FILE *csv, const alf_result *cell, const char *panel)
{
  double a = multiple_of(cell);
  char title[3 * ALF_FIGURE_WORD];
  alf_interval slope = {alf_result_real(cell, "per_decade"), alf_result_real(cell, "per_decade_low"),
                        alf_result_real(cell, "per_decade_high")};
  alf_interval exponent = {alf_result_real(cell, "exponent"), alf_result_real(cell, "exponent_low"),
                           alf_result_real(cell, "exponent_high")};
  snprintf(title, sizeof title, "%s slopes", panel);
  alf_figure_interval(csv, title, "per decade", a, &slope);
  alf_figure_point(csv, title, "predicted", a, alf_result_real(cell, "predicted_per_decade"));
  alf_figure_interval(csv, title, "exponent", a, &exponent);
}

alf_status alf_figure_write_regret(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  alf_status status = ALF_OK;
  alf_figure_header(csv);
  for (int64_t c = 0; status == ALF_OK && c < data->results->cells; c++) {
    const alf_result *cell = &data->results->cell[c];
    const char *source = alf_figure_text(cell, "source");
    char panel[2 * ALF_FIGURE_WORD], name[ALF_FIGURE_WORD];
    snprintf(panel, sizeof panel, "%.*s %s %s", (int)strcspn(source, ":"), source, alf_figure_text(cell, "rule"),
             alf_figure_text(cell, "schedule"));
    snprintf(name, sizeof name, "%g", multiple_of(cell));
    status = put_growth(csv, data, c, panel, name, err);
    put_slopes(csv, cell, panel);
  }
  return status;
}
