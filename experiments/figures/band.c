#include <math.h>
#include <string.h>

#include "figures/producers.h"

/* The config crosses sources and K; drawn is the batch of a family with its first K, and the router with its last. */
static const char *panel_of(const alf_results *results, const alf_result *cell)
{
  const alf_result *first = &results->cell[0], *last = &results->cell[results->cells - 1];
  double topk = alf_result_real(cell, "topk");
  const char *source = alf_figure_text(cell, "source");
  if (!strcmp(source, alf_figure_text(first, "source")))
    return topk == alf_result_real(first, "topk") ? "family" : NULL;
  return topk == alf_result_real(last, "topk") ? "router" : NULL;
}

/* Largest and smallest load less L, over the updates since the point before; at 0 stands iterate 0. */
static alf_status put_loads(FILE *csv, const alf_figure_data *data, int64_t c, const char *panel, alf_error *err)
{
  const alf_result *cell = &data->results->cell[c];
  double target = alf_result_real(cell, "tokens") * alf_result_real(cell, "topk") / alf_result_real(cell, "experts");
  char name[2][ALF_FIGURE_WORD + 20], u[ALF_FIGURE_WORD];
  alf_series s;
  alf_status status = alf_series_read(&s, data->store, cell, "updates", err);
  int column[2] = {alf_figure_column(&s, "max_load"), alf_figure_column(&s, "min_load")};
  alf_figure_word(cell, "u", u);
  snprintf(name[0], sizeof name[0], "%s max", panel);
  snprintf(name[1], sizeof name[1], "%s min", panel);
  for (int i = 0; status == ALF_OK && i < 2; i++)
    for (int64_t row = 0; row < s.rows; row++)
      alf_figure_point(csv, name[i], u, (double)s.step[row], s.value[row * s.columns + column[i]] - target);
  alf_series_free(&s);
  return status;
}

static alf_status put_mean(FILE *csv, const alf_figure_data *data, int64_t first, int64_t count, const char *panel,
                           const char *metric, alf_error *err)
{
  alf_interval mean;
  alf_status status = alf_figure_mean(data->results, first, count, metric, &mean, err);
  if (status == ALF_OK)
    alf_figure_interval(csv, panel, metric, alf_result_real(&data->results->cell[first], "u"), &mean);
  return status;
}

static alf_status put_cells(FILE *csv, const alf_figure_data *data, int64_t first, int64_t count, const char *panel,
                            alf_error *err)
{
  static const char *const metrics[] = {"entered_at_q_1", "entered",          "entry_bound", "q",
                                        "band",           "deviation_inside", "band_at_q_1", NULL};
  alf_status status = put_loads(csv, data, first, panel, err);
  for (int m = 0; status == ALF_OK && metrics[m]; m++)
    status = put_mean(csv, data, first, count, panel, metrics[m], err);
  return status;
}

alf_status alf_figure_write_band(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  alf_status status = ALF_OK;
  alf_figure_header(csv);
  for (int64_t c = 0, count; status == ALF_OK && c < data->results->cells; c += count) {
    const char *panel = panel_of(data->results, &data->results->cell[c]);
    count = alf_figure_repetitions(data->results, c);
    if (panel)
      status = put_cells(csv, data, c, count, panel, err);
  }
  return status;
}
