#include <stdio.h>

#include "figures/producers.h"

/* What training has learned as shifts, against all optimal prices of the batch at hand. */
alf_status alf_figure_write_prices(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  static const char *const column[] = {"max_violation", "prices_inside", "price_distance", "price_correlation"};
  alf_status status = ALF_OK;
  int64_t count = 0;
  alf_figure_header(csv);
  for (int64_t c = 0; status == ALF_OK && c < data->results->cells; c += count) {
    const alf_result *cell = &data->results->cell[c];
    char name[3 * ALF_FIGURE_WORD], u[ALF_FIGURE_WORD];
    count = alf_figure_repetitions(data->results, c);
    alf_figure_word(cell, "u", u);
    snprintf(name, sizeof name, "%s %s %s", alf_figure_text(cell, "rule"), alf_figure_text(cell, "schedule"), u);
    for (size_t i = 0; status == ALF_OK && i < sizeof column / sizeof *column; i++)
      status = alf_figure_spread_curve(csv, data, c, count, "steps", column[i], column[i], name, err);
  }
  return status;
}
