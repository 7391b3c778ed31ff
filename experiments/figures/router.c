#include <math.h>
#include <string.h>

#include "figures/producers.h"

/* Of kind prices: bins of a histogram, ten for a factor of ten, the first one from 1e-8 on. */
static double middle_of_bin(int64_t bin)
{
  return pow(10, -8 + ((double)bin + 0.5) / 10);
}

enum { LAYER_NAME = ALF_FIGURE_WORD + 24 }; /* a source, "@" and the number of a batch */

/* A series of a cell that has the rows of one batch behind those of another. */
typedef struct table {
  alf_series series;
  int64_t batches, rows; /* of a batch */
  char source[ALF_FIGURE_WORD];
} table;

static alf_status read_table(table *t, const alf_figure_data *data, const alf_result *cell, const char *name,
                             alf_error *err)
{
  alf_status status = alf_series_read(&t->series, data->store, cell, name, err);
  t->batches = (int64_t)alf_result_real(cell, "batches");
  t->rows = status == ALF_OK && t->batches > 0 ? t->series.rows / t->batches : 0;
  alf_figure_source(cell, t->source);
  return status;
}

static double value_of(const table *t, int64_t batch, int64_t row, const char *column)
{
  return alf_figure_at(&t->series, batch * t->rows + row, column);
}

static void name_layer(const table *t, int64_t batch, char name[LAYER_NAME])
{
  snprintf(name, LAYER_NAME, "%s@%lld", t->source, (long long)batch);
}

/* The share of each bin; or of all up to its upper end. */
static void put_shares(FILE *csv, const table *t, const char *column, bool cumulative)
{
  char name[LAYER_NAME];
  for (int64_t b = 0; b < t->batches; b++) {
    double all = 0, so_far = 0;
    name_layer(t, b, name);
    for (int64_t i = 0; i < t->rows; i++)
      all += value_of(t, b, i, column);
    for (int64_t i = 0; i < t->rows; i++) {
      double share = value_of(t, b, i, column) / all;
      so_far += share;
      alf_figure_point(csv, column, name, middle_of_bin(i) * (cumulative ? pow(10, 0.05) : 1),
                       cumulative ? so_far : share);
    }
  }
}

static alf_status put_histograms(FILE *csv, const alf_figure_data *data, const alf_result *cell, const char *series,
                                 const char *const column[2], bool cumulative, alf_error *err)
{
  table t;
  alf_status status = read_table(&t, data, cell, series, err);
  for (int i = 0; status == ALF_OK && i < 2; i++)
    put_shares(csv, &t, column[i], cumulative);
  alf_series_free(&t.series);
  return status;
}

/* Of the learned shift: against the optimal price, and p_k − p_0 beside the interval of it over all optimal prices. */
static alf_status put_prices(FILE *csv, const alf_figure_data *data, const alf_result *cell, alf_error *err)
{
  table t;
  char name[LAYER_NAME];
  alf_status status = read_table(&t, data, cell, "experts", err);
  for (int64_t b = 0; status == ALF_OK && b < t.batches; b++) {
    name_layer(&t, b, name);
    for (int64_t k = 0; k < t.rows; k++)
      alf_figure_point(csv, "prices", name, value_of(&t, b, k, "price"), value_of(&t, b, k, "shift"));
    for (int64_t k = 0; k < t.rows; k++) {
      alf_interval interval = {value_of(&t, b, k, "price") - value_of(&t, b, 0, "price"), value_of(&t, b, k, "low"),
                               value_of(&t, b, k, "high")};
      alf_figure_interval(csv, "interval", name, (double)k, &interval);
      alf_figure_point(csv, "learned", name, (double)k, value_of(&t, b, k, "shift") - value_of(&t, b, 0, "shift"));
    }
  }
  alf_series_free(&t.series);
  return status;
}

/* What the layers are worth as a whole; x is the layer. */
static alf_status put_layers(FILE *csv, const alf_figure_data *data, const alf_result *cell, alf_error *err)
{
  table t;
  alf_status status = read_table(&t, data, cell, "batches", err);
  for (int i = 0; status == ALF_OK && i < t.series.columns; i++)
    for (int64_t b = 0; b < t.batches; b++)
      alf_figure_point(csv, t.series.column[i], t.source, (double)b, value_of(&t, b, 0, t.series.column[i]));
  alf_series_free(&t.series);
  return status;
}

/* The first source is the one whose shifts were learned. */
alf_status alf_figure_write_router(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  static const char *const affinities[2] = {"all", "chosen"}, *const pairs[2] = {"width", "outside"};
  alf_status status = ALF_OK;
  alf_figure_header(csv);
  for (int64_t c = 0; status == ALF_OK && c < data->results->cells; c++)
    status = put_histograms(csv, data, &data->results->cell[c], "affinities", affinities, false, err);
  if (status == ALF_OK)
    status = put_histograms(csv, data, &data->results->cell[0], "pairs", pairs, true, err);
  if (status == ALF_OK)
    status = put_prices(csv, data, &data->results->cell[0], err);
  if (status == ALF_OK)
    status = put_layers(csv, data, &data->results->cell[0], err);
  return status;
}
