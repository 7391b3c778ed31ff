#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figures/figure.h"

void alf_figure_header(FILE *csv)
{
  fputs("panel,series,x,y,low,high\n", csv);
}

void alf_figure_point(FILE *csv, const char *panel, const char *series, double x, double y)
{
  if (isfinite(x) && isfinite(y))
    fprintf(csv, "%s,%s,%.9g,%.9g,,\n", panel, series, x, y);
}

void alf_figure_interval(FILE *csv, const char *panel, const char *series, double x, const alf_interval *y)
{
  if (isnan(y->low) || isnan(y->high))
    alf_figure_point(csv, panel, series, x, y->value);
  else if (isfinite(x) && isfinite(y->value))
    fprintf(csv, "%s,%s,%.9g,%.9g,%.9g,%.9g\n", panel, series, x, y->value, y->low, y->high);
}

int64_t alf_figure_repetitions(const alf_results *results, int64_t first)
{
  int64_t end = first;
  while (end < results->cells && alf_result_same_settings(&results->cell[first], &results->cell[end]))
    end++;
  return end - first;
}

alf_status alf_figure_mean_of(const double *value, int64_t count, alf_interval *mean, alf_error *err)
{
  *mean = (alf_interval){NAN, NAN, NAN};
  for (int64_t i = 0; i < count; i++)
    if (isnan(value[i]))
      return ALF_OK;
  return count > 0 ? alf_bootstrap_mean(value, count, mean, err) : ALF_OK;
}

double *alf_figure_metrics(const alf_results *results, int64_t first, int64_t count, const char *metric, alf_error *err)
{
  double *value = malloc((size_t)(count + 1) * sizeof *value);
  if (!value)
    alf_fail_memory(err, (size_t)(count + 1) * sizeof *value);
  for (int64_t i = 0; value && i < count; i++)
    value[i] = alf_result_real(&results->cell[first + i], metric);
  return value;
}

alf_status alf_figure_mean(const alf_results *results, int64_t first, int64_t count, const char *metric,
                           alf_interval *mean, alf_error *err)
{
  double *value = alf_figure_metrics(results, first, count, metric, err);
  if (!value)
    return ALF_ENOMEM;
  alf_status status = alf_figure_mean_of(value, count, mean, err);
  free(value);
  return status;
}

const char *alf_figure_text(const alf_result *cell, const char *name)
{
  alf_value value = alf_result_value(cell, name);
  return value.type == ALF_TEXT ? value.text : "";
}

void alf_figure_word(const alf_result *cell, const char *name, char word[ALF_FIGURE_WORD])
{
  alf_value value = alf_result_value(cell, name);
  if (value.type == ALF_TEXT)
    snprintf(word, ALF_FIGURE_WORD, "%s", value.text);
  else
    snprintf(word, ALF_FIGURE_WORD, "%g", value.real);
}

void alf_figure_source(const alf_result *cell, char word[ALF_FIGURE_WORD])
{
  const char *text = alf_figure_text(cell, "source"), *end = strstr(text, ".npy");
  if (!end) {
    snprintf(word, ALF_FIGURE_WORD, "%.*s", (int)strcspn(text, ":"), text);
    return;
  }
  for (const char *slash = strchr(text, '/'); slash; slash = strchr(text, '/'))
    text = slash + 1;
  snprintf(word, ALF_FIGURE_WORD, "%.*s%s", (int)(end - text), text, end + 4);
}

int alf_figure_column(const alf_series *series, const char *name)
{
  for (int i = 0; i < series->columns; i++)
    if (!strcmp(series->column[i], name))
      return i;
  return -1;
}

double alf_figure_at(const alf_series *series, int64_t row, const char *column)
{
  int at = alf_figure_column(series, column);
  return at < 0 ? (double)NAN : series->value[row * series->columns + at];
}

alf_status alf_figure_curve(FILE *csv, const alf_figure_data *data, int64_t c, const char *series, const char *column,
                            const char *panel, const char *name, alf_error *err)
{
  alf_series s;
  alf_status status = alf_series_read(&s, data->store, &data->results->cell[c], series, err);
  int at = status == ALF_OK ? alf_figure_column(&s, column) : -1;
  if (status == ALF_OK && at < 0)
    status = alf_fail(err, ALF_EINVAL, "cell %lld has no series %s with a column %s", (long long)c, series, column);
  for (int64_t row = 0; status == ALF_OK && row < s.rows; row++)
    alf_figure_point(csv, panel, name, (double)s.step[row], s.value[row * s.columns + at]);
  alf_series_free(&s);
  return status;
}
