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

/* A field of each table; what a run that diverged left is not known. */
static alf_status put_fields(FILE *csv, const group *g, alf_error *err)
{
  static const char *const metric[] = {"mean_max_violation", "mean_max_violation_late", "validation_loss"};
  alf_status status = ALF_OK;
  for (size_t m = 0; status == ALF_OK && m < sizeof metric / sizeof *metric; m++) {
    alf_interval mean;
    status = alf_figure_spread(g->data->results, g->first, g->count, metric[m], &mean, err);
    if (status == ALF_OK)
      alf_figure_interval(csv, metric[m], g->row, g->column, &mean);
  }
  return status;
}

/* MaxVio over the steps, a panel for each rule and schedule, and the fields of three tables. */
alf_status alf_figure_write_training(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  alf_status status = ALF_OK;
  group g = {.data = data};
  alf_figure_header(csv);
  for (; status == ALF_OK && g.first < data->results->cells; g.first += g.count) {
    g.count = alf_figure_repetitions(data->results, g.first);
    name_group(&g);
    status = alf_figure_spread_curve(csv, data, g.first, g.count, "steps", "max_violation", g.panel, g.series, err);
    if (status == ALF_OK)
      status = put_fields(csv, &g, err);
  }
  return status;
}
