#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figures/producers.h"

/* What is drawn of a cell. */
typedef double measure(const alf_result *cell);

static double length(const alf_result *cell)
{
  return alf_result_real(cell, "cycle_length");
}

/* Between the largest and the smallest load of the whole cycle, in units of L. */
static double width(const alf_result *cell)
{
  double target = alf_result_real(cell, "topk") * alf_result_real(cell, "tokens") / alf_result_real(cell, "experts");
  return (alf_result_real(cell, "cycle_max_load") - alf_result_real(cell, "cycle_min_load")) / target;
}

static double start(const alf_result *cell)
{
  return alf_result_real(cell, "cycle_start");
}

/* Whether p itself does not return, but only its differences. */
static double drifts(const alf_result *cell)
{
  return alf_result_real(cell, "cycle_drift") != 0;
}

static alf_status put(FILE *csv, const alf_results *results, int64_t first, int64_t count, const char *panel,
                      measure *of, alf_error *err)
{
  const alf_result *cell = &results->cell[first];
  double *value = malloc((size_t)count * sizeof *value);
  int64_t found = 0;
  char source[ALF_FIGURE_WORD];
  alf_interval mean;
  if (!value)
    return alf_fail_memory(err, (size_t)count * sizeof *value);
  for (int64_t i = 0; i < count; i++)
    if (!isnan(length(cell + i)))
      value[found++] = of(cell + i);
  alf_figure_source(cell, source);
  alf_status status = alf_figure_mean_of(value, found, &mean, err);
  if (status == ALF_OK)
    alf_figure_interval(csv, panel, source, alf_result_real(cell, "u"), &mean);
  free(value);
  return status;
}

static void put_found(FILE *csv, const alf_results *results, int64_t first, int64_t count)
{
  const alf_result *cell = &results->cell[first];
  char source[ALF_FIGURE_WORD];
  int64_t found = 0;
  for (int64_t i = 0; i < count; i++)
    found += !isnan(length(cell + i));
  alf_figure_source(cell, source);
  alf_figure_point(csv, "found", source, alf_result_real(cell, "u"), (double)found / (double)count);
}

alf_status alf_figure_write_cycles(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  static const struct {
    const char *panel;
    measure *measure;
  } panels[] = {{"length", length}, {"width", width}, {"start", start}, {"drifts", drifts}};
  alf_status status = ALF_OK;
  alf_figure_header(csv);
  for (int64_t c = 0, count; status == ALF_OK && c < data->results->cells; c += count) {
    count = alf_figure_repetitions(data->results, c);
    put_found(csv, data->results, c, count);
    for (size_t p = 0; status == ALF_OK && p < sizeof panels / sizeof *panels; p++)
      status = put(csv, data->results, c, count, panels[p].panel, panels[p].measure, err);
  }
  return status;
}
