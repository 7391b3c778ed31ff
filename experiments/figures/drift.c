#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figures/producers.h"

/* Dynamic regret a batch, of cells that differ in their repetition alone. */
typedef struct course {
  int64_t repetitions, rows;
  double *rate; /* repetitions × rows: the mean gap of the batches since the row before */
  double *n;    /* rows: the middle of them */
  double *mean; /* repetitions: that of all batches but the first */
} course;

static void free_course(course *k)
{
  free(k->rate);
  free(k->n);
  free(k->mean);
}

static alf_status alloc_course(course *k, int64_t repetitions, int64_t rows, alf_error *err)
{
  size_t numbers = (size_t)(repetitions * rows);
  k->repetitions = repetitions;
  k->rows = rows;
  k->rate = calloc(numbers + 1, sizeof *k->rate);
  k->n = calloc((size_t)rows + 1, sizeof *k->n);
  k->mean = calloc((size_t)repetitions, sizeof *k->mean);
  return k->rate && k->n && k->mean ? ALF_OK : alf_fail_memory(err, numbers * sizeof *k->rate);
}

/* Regret is summed over iterates, and the series has some of them. */
static void take_rates(course *k, int64_t r, const alf_series *s, int column)
{
  int64_t last = s->rows - 1;
  for (int64_t i = 1; i < s->rows && i <= k->rows; i++) {
    double batches = (double)(s->step[i] - s->step[i - 1]);
    k->n[i - 1] = (double)(s->step[i] + s->step[i - 1] + 1) / 2;
    k->rate[r * k->rows + i - 1] =
        (s->value[i * s->columns + column] - s->value[(i - 1) * s->columns + column]) / batches;
  }
  k->mean[r] = (s->value[last * s->columns + column] - s->value[column]) / (double)(s->step[last] - s->step[0]);
}

static alf_status read_course(course *k, const alf_figure_data *data, int64_t first, int64_t count, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int64_t r = 0; status == ALF_OK && r < count; r++) {
    alf_series s;
    status = alf_series_read(&s, data->store, &data->results->cell[first + r], "iterates", err);
    int column = status == ALF_OK ? alf_figure_column(&s, "regret") : -1;
    if (status == ALF_OK && (column < 0 || s.rows < 3))
      status = alf_fail(err, ALF_EINVAL, "cell %lld has no series iterates with three rows", (long long)(first + r));
    if (status == ALF_OK && r == 0)
      status = alloc_course(k, count, s.rows - 1, err);
    if (status == ALF_OK)
      take_rates(k, r, &s, column);
    alf_series_free(&s);
  }
  return status;
}

/* Over time. One run, or several that are the same, have no interval. */
static alf_status put_rates(FILE *csv, const course *k, const char *panel, const char *name, alf_error *err)
{
  double *own = malloc((size_t)k->repetitions * sizeof *own);
  alf_status status = own ? ALF_OK : alf_fail_memory(err, (size_t)k->repetitions * sizeof *own);
  for (int64_t i = 0; status == ALF_OK && i < k->rows; i++) {
    alf_interval mean;
    for (int64_t r = 0; r < k->repetitions; r++)
      own[r] = k->rate[r * k->rows + i];
    status = alf_figure_mean_of(own, k->repetitions, &mean, err);
    alf_figure_interval(csv, panel, name, k->n[i], &mean);
  }
  free(own);
  return status;
}

/* drift for drift:…, stream for a file. */
static const char *kind_of(const alf_result *cell)
{
  return strncmp(alf_figure_text(cell, "source"), "drift:", 6) ? "stream" : "drift";
}

/* The runs of one step size among those of a source, a rule and a schedule. */
typedef struct choice {
  int64_t first, count;
  double mean;
} choice;

static void name_panel(const alf_result *cell, const char *what, char panel[2 * ALF_FIGURE_WORD])
{
  snprintf(panel, 2 * ALF_FIGURE_WORD, "%s %s%s", kind_of(cell), alf_figure_text(cell, "rule"), what);
}

static alf_status put_mean(FILE *csv, const alf_figure_data *data, choice *c, alf_error *err)
{
  const alf_result *cell = &data->results->cell[c->first];
  char panel[2 * ALF_FIGURE_WORD];
  course k = {0};
  alf_interval mean = {NAN, NAN, NAN};
  alf_status status = read_course(&k, data, c->first, c->count, err);
  if (status == ALF_OK)
    status = alf_figure_mean_of(k.mean, c->count, &mean, err);
  name_panel(cell, " mean", panel);
  if (status == ALF_OK)
    alf_figure_interval(csv, panel, alf_figure_text(cell, "schedule"), alf_result_real(cell, "u"), &mean);
  c->mean = mean.value;
  free_course(&k);
  return status;
}

/* The step size itself is the one row of a panel. */
static alf_status put_best(FILE *csv, const alf_figure_data *data, const choice *best, alf_error *err)
{
  const alf_result *cell = &data->results->cell[best->first];
  const char *schedule = alf_figure_text(cell, "schedule");
  char panel[2 * ALF_FIGURE_WORD];
  course k = {0};
  name_panel(cell, " best", panel);
  alf_figure_point(csv, panel, schedule, alf_result_real(cell, "u"), best->mean);
  alf_status status = read_course(&k, data, best->first, best->count, err);
  name_panel(cell, "", panel);
  if (status == ALF_OK)
    status = put_rates(csv, &k, panel, schedule, err);
  free_course(&k);
  return status;
}

static bool same_runs(const alf_result *a, const alf_result *b)
{
  return !strcmp(alf_figure_text(a, "source"), alf_figure_text(b, "source")) &&
         !strcmp(alf_figure_text(a, "rule"), alf_figure_text(b, "rule")) &&
         !strcmp(alf_figure_text(a, "schedule"), alf_figure_text(b, "schedule"));
}

alf_status alf_figure_write_drift(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  const alf_results *r = data->results;
  alf_status status = ALF_OK;
  choice best = {.mean = INFINITY};
  alf_figure_header(csv);
  for (int64_t c = 0, count; status == ALF_OK && c < r->cells; c += count) {
    count = alf_figure_repetitions(r, c);
    choice now = {.first = c, .count = count};
    status = put_mean(csv, data, &now, err);
    if (now.mean < best.mean)
      best = now;
    bool last = c + count == r->cells || !same_runs(&r->cell[c], &r->cell[c + count]);
    if (status == ALF_OK && last && best.count > 0)
      status = put_best(csv, data, &best, err);
    if (last)
      best = (choice){.mean = INFINITY};
  }
  return status;
}
