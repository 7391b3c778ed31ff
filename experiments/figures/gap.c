#include "figures/producers.h"

/* Panels are rules and schedules, curves are step sizes. A point is the largest gap since the one before; at 0 stands the
   gap of p = 0. */
alf_status alf_figure_write_gap(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  alf_status status = ALF_OK;
  alf_figure_header(csv);
  for (int64_t c = 0; status == ALF_OK && c < data->results->cells; c++) {
    const alf_result *cell = &data->results->cell[c];
    char panel[ALF_FIGURE_WORD], u[ALF_FIGURE_WORD];
    snprintf(panel, sizeof panel, "%.90s %.90s", alf_figure_text(cell, "rule"), alf_figure_text(cell, "schedule"));
    alf_figure_word(cell, "u", u);
    alf_figure_point(csv, panel, "first", 0, alf_result_real(cell, "first_gap"));
    status = alf_figure_curve(csv, data, c, "updates", "gap", panel, u, err);
  }
  return status;
}
