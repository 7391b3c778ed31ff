#include <math.h>
#include <string.h>

#include "figures/producers.h"

/* Single updates, the last ones of geometric windows: the bound, the benefit, and the squared excess that it must not
   exceed for the Lagrangian to fall. */
static alf_status put_cell(FILE *csv, const alf_figure_data *data, int64_t c, const char *name, alf_error *err)
{
  alf_series s;
  alf_status status = alf_series_read(&s, data->store, &data->results->cell[c], "updates", err);
  int benefit = alf_figure_column(&s, "benefit"), bound = alf_figure_column(&s, "bound"),
      excess = alf_figure_column(&s, "squared_excess");
  for (int64_t i = 0; status == ALF_OK && i < s.rows; i++) {
    const double *row = s.value + i * s.columns;
    double n = (double)s.step[i];
    if (row[bound] > 0) { /* else no token has switched */
      alf_figure_point(csv, "benefit", name, row[bound], row[benefit]);
      alf_figure_point(csv, "share", name, n, row[benefit] / row[bound]);
    }
    if (row[excess] > 0)
      alf_figure_point(csv, "condition", name, n, row[benefit] / row[excess]);
  }
  alf_series_free(&s);
  return status;
}

alf_status alf_figure_write_benefit(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  alf_status status = ALF_OK;
  alf_figure_header(csv);
  for (int64_t c = 0; status == ALF_OK && c < data->results->cells; c++) {
    const alf_result *cell = &data->results->cell[c];
    char name[3 * ALF_FIGURE_WORD], u[ALF_FIGURE_WORD];
    alf_figure_word(cell, "u", u);
    snprintf(name, sizeof name, "%s %s %s", alf_figure_text(cell, "rule"), alf_figure_text(cell, "schedule"), u);
    status = put_cell(csv, data, c, name, err);
    alf_figure_point(csv, "rises", name, alf_result_real(cell, "u"), alf_result_real(cell, "rises"));
  }
  return status;
}
