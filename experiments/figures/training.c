#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figures/producers.h"

/* What is drawn of the cells that differ in their seed only. */
typedef struct group {
  const alf_figure_data *data;
  int64_t first, count;
  char panel[3 * ALF_FIGURE_WORD], series[ALF_FIGURE_WORD]; /* of the curves */
  char row[3 * ALF_FIGURE_WORD];                            /* of the tables, */
  double column;                                            /* u, or the coefficient of the auxiliary loss */
} group;

static void name_group(group *g)
{
  const alf_result *cell = &g->data->results->cell[g->first];
  bool balanced = strcmp(alf_figure_text(cell, "rule"), "none") != 0;
  snprintf(g->row, sizeof g->row, "%s %s", alf_figure_text(cell, "rule"), alf_figure_text(cell, "schedule"));
  if (!balanced)
    snprintf(g->row, sizeof g->row, "auxiliary");
  snprintf(g->panel, sizeof g->panel, "%.300s", g->row);
  alf_figure_word(cell, balanced ? "u" : "auxiliary", g->series);
  g->column = alf_result_real(cell, balanced ? "u" : "auxiliary");
}

/* MaxVio of one recorded step, the mean over the repetitions. */
static alf_status put_step(FILE *csv, const group *g, const alf_series *series, int64_t i, alf_error *err)
{
  int at = alf_figure_column(series, "max_violation");
  double *value = malloc((size_t)g->count * sizeof *value);
  if (!value)
    return alf_fail_memory(err, (size_t)g->count * sizeof *value);
  for (int64_t r = 0; r < g->count; r++)
    value[r] = i < series[r].rows ? series[r].value[i * series[r].columns + at] : NAN;
  alf_interval mean;
  alf_status status = alf_figure_mean_of(value, g->count, &mean, err);
  free(value);
  if (status == ALF_OK)
    alf_figure_interval(csv, g->panel, g->series, (double)series->step[i], &mean);
  return status;
}

static alf_status put_curve(FILE *csv, const group *g, alf_error *err)
{
  alf_series *series = calloc((size_t)g->count, sizeof *series);
  alf_status status = series ? ALF_OK : alf_fail_memory(err, (size_t)g->count * sizeof *series);
  for (int64_t r = 0; status == ALF_OK && r < g->count; r++)
    status = alf_series_read(&series[r], g->data->store, &g->data->results->cell[g->first + r], "steps", err);
  for (int64_t i = 0; status == ALF_OK && i < series->rows; i++)
    status = put_step(csv, g, series, i, err);
  for (int64_t r = 0; series && r < g->count; r++)
    alf_series_free(&series[r]);
  free(series);
  return status;
}

/* A field of each table; what a run that diverged left is not known. */
static alf_status put_fields(FILE *csv, const group *g, alf_error *err)
{
  static const char *const metric[] = {"mean_max_violation", "mean_max_violation_late", "validation_loss"};
  alf_status status = ALF_OK;
  for (size_t m = 0; status == ALF_OK && m < sizeof metric / sizeof *metric; m++) {
    alf_interval mean;
    status = alf_figure_mean(g->data->results, g->first, g->count, metric[m], &mean, err);
    if (status == ALF_OK)
      alf_figure_interval(csv, metric[m], g->row, g->column, &mean);
  }
  return status;
}

/* MaxVio over the steps, a panel for each rule and schedule, and the fields of three tables. Intervals are over the
   repetitions. */
alf_status alf_figure_write_training(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  alf_status status = ALF_OK;
  group g = {.data = data};
  alf_figure_header(csv);
  for (; status == ALF_OK && g.first < data->results->cells; g.first += g.count) {
    g.count = alf_figure_repetitions(data->results, g.first);
    name_group(&g);
    status = put_curve(csv, &g, err);
    if (status == ALF_OK)
      status = put_fields(csv, &g, err);
  }
  return status;
}
