#include <math.h>
#include <stdlib.h>

#include "figures/figure.h"

static alf_interval spread_of(const double *value, int64_t count)
{
  alf_interval i = {0, INFINITY, -INFINITY};
  for (int64_t r = 0; r < count; r++) {
    i.value += value[r] / (double)count;
    i.low = fmin(i.low, value[r]);
    i.high = fmax(i.high, value[r]);
  }
  return count > 1 && isfinite(i.value) ? i : (alf_interval){i.value, NAN, NAN};
}

alf_status alf_figure_spread(const alf_results *results, int64_t first, int64_t count, const char *metric,
                             alf_interval *mean, alf_error *err)
{
  double *value = alf_figure_metrics(results, first, count, metric, err);
  if (!value)
    return ALF_ENOMEM;
  *mean = spread_of(value, count);
  free(value);
  return ALF_OK;
}

/* Of one row; a run that ended before it leaves the mean unknown. */
static void put_row(FILE *csv, const alf_series *series, int64_t count, int at, int64_t row, const char *panel,
                    const char *name, double *value)
{
  for (int64_t r = 0; r < count; r++)
    value[r] = row < series[r].rows ? series[r].value[row * series[r].columns + at] : NAN;
  alf_interval mean = spread_of(value, count);
  alf_figure_interval(csv, panel, name, (double)series->step[row], &mean);
}

alf_status alf_figure_spread_curve(FILE *csv, const alf_figure_data *data, int64_t first, int64_t count,
                                   const char *series, const char *column, const char *panel, const char *name,
                                   alf_error *err)
{
  alf_series *own = calloc((size_t)count + 1, sizeof *own);
  double *value = malloc((size_t)(count + 1) * sizeof *value);
  alf_status status = own && value ? ALF_OK : alf_fail_memory(err, (size_t)(count + 1) * sizeof *own);
  for (int64_t r = 0; status == ALF_OK && r < count; r++)
    status = alf_series_read(&own[r], data->store, &data->results->cell[first + r], series, err);
  int at = status == ALF_OK ? alf_figure_column(own, column) : -1;
  if (status == ALF_OK && at < 0)
    status = alf_fail(err, ALF_EINVAL, "cell %lld has no series %s with a column %s", (long long)first, series, column);
  for (int64_t row = 0; status == ALF_OK && row < own->rows; row++)
    put_row(csv, own, count, at, row, panel, name, value);
  for (int64_t r = 0; own && r < count; r++)
    alf_series_free(&own[r]);
  free(own);
  free(value);
  return status;
}
