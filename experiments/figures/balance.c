#include <string.h>

#include "figures/producers.h"

static int64_t end_of_source(const alf_results *results, int64_t first)
{
  const char *source = alf_figure_text(&results->cell[first], "source");
  int64_t end = first;
  while (end < results->cells && !strcmp(source, alf_figure_text(&results->cell[end], "source")))
    end++;
  return end;
}

static void name_panel(const alf_result *cell, const char *source, char panel[ALF_FIGURE_WORD])
{
  snprintf(panel, ALF_FIGURE_WORD, "%s %.100s", source, alf_figure_text(cell, "rule"));
}

static alf_status put_family(FILE *csv, const alf_figure_data *data, int64_t first, int64_t end, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int64_t c = first, count; status == ALF_OK && c < end; c += count) {
    const alf_result *cell = &data->results->cell[c];
    char panel[ALF_FIGURE_WORD];
    alf_interval mean;
    count = alf_figure_repetitions(data->results, c);
    name_panel(cell, "family", panel);
    status = alf_figure_mean(data->results, c, count, "max_violation", &mean, err);
    if (status == ALF_OK)
      alf_figure_interval(csv, panel, alf_figure_text(cell, "schedule"), alf_result_real(cell, "u"), &mean);
  }
  return status;
}

/* Layers are no sample of anything: their mean has no interval, and each of them is a point of its own. */
static void put_layers(FILE *csv, const alf_results *results, int64_t first, int64_t size, int64_t layers)
{
  for (int64_t c = first; c < first + size; c++) {
    const alf_result *cell = &results->cell[c];
    const char *schedule = alf_figure_text(cell, "schedule");
    double u = alf_result_real(cell, "u"), sum = 0;
    char panel[ALF_FIGURE_WORD], each[ALF_FIGURE_WORD];
    name_panel(cell, "router", panel);
    name_panel(cell, "each", each);
    for (int64_t l = 0; l < layers; l++) {
      double violation = alf_result_real(&results->cell[c + l * size], "max_violation");
      alf_figure_point(csv, each, schedule, u, violation);
      sum += violation;
    }
    alf_figure_point(csv, panel, schedule, u, sum / (double)layers);
  }
}

/* First the family, with repetitions, then the layers of a router, which have the same cells each. */
alf_status alf_figure_write_balance(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  const alf_results *results = data->results;
  alf_figure_header(csv);
  int64_t router = end_of_source(results, 0);
  alf_status status = put_family(csv, data, 0, router, err);
  if (status == ALF_OK && router < results->cells) {
    int64_t size = end_of_source(results, router) - router;
    put_layers(csv, results, router, size, (results->cells - router) / size);
  }
  return status;
}
