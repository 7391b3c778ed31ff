#include "alf/facts.h"
#include "figures/producers.h"

static const char *const states[] = {[ALF_UNDER] = "under", [ALF_BALANCED] = "balanced", [ALF_OVER] = "over"};

/* Some moves one by one: margin against bound, by kind. */
static alf_status put_moves(FILE *csv, const alf_figure_data *data, int64_t c, const char *panel, alf_error *err)
{
  alf_series s;
  alf_status status = alf_series_read(&s, data->store, &data->results->cell[c], "moves", err);
  int from = alf_figure_column(&s, "from"), to = alf_figure_column(&s, "to"), margin = alf_figure_column(&s, "margin"),
      bound = alf_figure_column(&s, "bound");
  for (int64_t i = 0; status == ALF_OK && i < s.rows; i++) {
    const double *row = s.value + i * s.columns;
    char kind[40];
    snprintf(kind, sizeof kind, "%s to %s", states[(int)row[from]], states[(int)row[to]]);
    alf_figure_point(csv, panel, kind, row[bound], row[margin]);
  }
  alf_series_free(&s);
  return status;
}

/* All of them: which share has a margin of at most x times the bound. */
static alf_status put_margins(FILE *csv, const alf_figure_data *data, int64_t c, const char *panel, alf_error *err)
{
  alf_series s;
  char name[ALF_FIGURE_WORD + 20];
  alf_status status = alf_series_read(&s, data->store, &data->results->cell[c], "margins", err);
  snprintf(name, sizeof name, "all %s", panel);
  for (int column = 0; status == ALF_OK && column < s.columns; column++) {
    double all = 0, so_far = 0;
    for (int64_t i = 0; i < s.rows; i++)
      all += s.value[i * s.columns + column];
    for (int64_t i = 0; i < s.rows && all > 0; i++) {
      so_far += s.value[i * s.columns + column];
      alf_figure_point(csv, name, s.column[column], (double)(s.step[i] + 1) / (double)s.rows, so_far / all);
    }
    alf_figure_point(csv, "count", name, column, all);
  }
  alf_series_free(&s);
  return status;
}

alf_status alf_figure_write_preference(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  alf_status status = ALF_OK;
  alf_figure_header(csv);
  for (int64_t c = 0; status == ALF_OK && c < data->results->cells; c++) {
    const alf_result *cell = &data->results->cell[c];
    const char *panel = alf_figure_text(cell, "rule");
    status = put_moves(csv, data, c, panel, err);
    if (status == ALF_OK)
      status = put_margins(csv, data, c, panel, err);
    alf_figure_point(csv, "moves", panel, alf_result_real(cell, "u"), alf_result_real(cell, "moves_made"));
    alf_figure_point(csv, "outside", panel, alf_result_real(cell, "u"), alf_result_real(cell, "moves_outside"));
  }
  return status;
}
