#include <math.h>
#include <string.h>

#include "figures/producers.h"

/* Of a row of the series ties, and of the metrics: predicted, then the two measurements, each with low and high. */
enum { PREDICTED = 0, GRADIENTS = 3, SECOND = 6 };

typedef struct tally {
  int64_t pairs, covered; /* intervals, those that reach the prediction */
  double sum, squares;    /* of (measured − predicted) / standard error */
} tally;

/* The standard error, of an interval of so many of them. */
static double error_of(const double *v)
{
  return (v[2] - v[1]) / (2 * 1.96);
}

/* One point with its interval, and how far it is from the prediction: a pair that no token has shown has no error. */
static void put_pair(FILE *csv, const char *panel, const char *name, const double *predicted, const double *measured,
                     tally *t)
{
  alf_interval y = {measured[0], measured[1], measured[2]};
  double error = hypot(error_of(predicted), error_of(measured));
  alf_figure_interval(csv, panel, name, predicted[0], &y);
  if (!(error > 0))
    return;
  double distance = (measured[0] - predicted[0]) / error;
  char residual[100];
  snprintf(residual, sizeof residual, "%s residual", panel);
  alf_figure_point(csv, residual, name, predicted[0], distance);
  t->pairs++;
  t->covered += fabs(distance) <= 1.96;
  t->sum += distance;
  t->squares += distance * distance;
}

static void put_tally(FILE *csv, const char *panel, const char *name, const tally *t)
{
  double n = (double)t->pairs;
  char title[100];
  snprintf(title, sizeof title, "%s distance", panel);
  alf_figure_point(csv, title, name, n, sqrt(t->squares / n));
  snprintf(title, sizeof title, "%s covered", panel);
  alf_figure_point(csv, title, name, n, (double)t->covered / n);
}

static alf_status put_ties(FILE *csv, const alf_figure_data *data, int64_t c, const char *name, alf_error *err)
{
  alf_series s;
  tally gradients = {0}, second = {0};
  alf_status status = alf_series_read(&s, data->store, &data->results->cell[c], "ties", err);
  for (int64_t i = 0; status == ALF_OK && i < s.rows; i++) {
    const double *row = s.value + i * s.columns;
    put_pair(csv, "gradients", name, row + PREDICTED, row + GRADIENTS, &gradients);
    put_pair(csv, "second", name, row + PREDICTED, row + SECOND, &second);
  }
  if (status == ALF_OK) {
    put_tally(csv, "gradients", name, &gradients);
    put_tally(csv, "second", name, &second);
  }
  alf_series_free(&s);
  return status;
}

static void read_interval(const alf_result *cell, const char *name, double out[3])
{
  static const char *const part[] = {"", "_low", "_high"};
  char full[64];
  for (int i = 0; i < 3; i++) {
    snprintf(full, sizeof full, "%s%s", name, part[i]);
    out[i] = alf_result_real(cell, full);
  }
}

/* Measured against predicted, and over it, by the number of the family. */
static void put_modulus(FILE *csv, const alf_result *cell, const char *metric, const char *panel, const char *name,
                        int row)
{
  double predicted[3], measured[3];
  char ratio[100];
  read_interval(cell, "modulus", predicted);
  read_interval(cell, metric, measured);
  alf_interval y = {measured[0], measured[1], measured[2]}, share = y;
  alf_figure_interval(csv, panel, name, predicted[0], &y);
  double off = 1.96 * hypot(error_of(predicted) / predicted[0], error_of(measured) / measured[0]);
  share.value = measured[0] / predicted[0];
  share.low = share.value * (1 - off);
  share.high = share.value * (1 + off);
  snprintf(ratio, sizeof ratio, "%s ratio", panel);
  alf_figure_interval(csv, ratio, name, row, &share);
}

alf_status alf_figure_write_modulus(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  alf_status status = ALF_OK;
  const char *last = "";
  int row = 0;
  alf_figure_header(csv);
  for (int64_t c = 0; status == ALF_OK && c < data->results->cells; c++) {
    const alf_result *cell = &data->results->cell[c];
    const char *source = alf_figure_text(cell, "source"), *at = alf_figure_text(cell, "at");
    char name[2 * ALF_FIGURE_WORD];
    snprintf(name, sizeof name, "%.*s %s", (int)strcspn(source, ":"), source, at);
    row += strcmp(source, last) != 0;
    last = source;
    put_modulus(csv, cell, "by_gradients", "mu gradients", name, row);
    put_modulus(csv, cell, "by_second_differences", "mu second", name, row);
    status = put_ties(csv, data, c, name, err);
  }
  return status;
}
