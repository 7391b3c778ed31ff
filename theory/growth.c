#include "alf/growth.h"

#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>

#include "alf/random.h"

enum { SAMPLES = 1000, FEWEST_RUNS = 5, FEWEST_POINTS = 3 };

static const char *const law_names[] = {
    [ALF_GROWS_LN] = "ln N", [ALF_GROWS_ROOT] = "sqrt N", [ALF_GROWS_LINEARLY] = "N"};

const char *alf_growth_law_name(alf_growth_law law)
{
  return law_names[law];
}

/* A resampling of the runs, and the statistics it gives. */
typedef struct bootstrap {
  const alf_growth_data *data;
  int64_t first;                   /* checkpoint of the window */
  double *mean;                    /* checkpoints: mean regret of the sampled runs */
  double *last, *slope, *exponent; /* SAMPLES each */
  int64_t *drawn;                  /* runs */
} bootstrap;

static double law_of(alf_growth_law law, double n)
{
  return law == ALF_GROWS_LN ? log(n) : law == ALF_GROWS_ROOT ? sqrt(n) : n;
}

/* Least squares of y over x, `count` points; returns the slope, and the root mean square residual. */
static double fit_line(const double *x, const double *y, int64_t count, double *misfit)
{
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0, squares = 0;
  for (int64_t j = 0; j < count; j++) {
    mean_x += x[j] / (double)count;
    mean_y += y[j] / (double)count;
  }
  for (int64_t j = 0; j < count; j++) {
    xx += (x[j] - mean_x) * (x[j] - mean_x);
    xy += (x[j] - mean_x) * (y[j] - mean_y);
  }
  for (int64_t j = 0; j < count; j++) {
    double off = y[j] - mean_y - xy / xx * (x[j] - mean_x);
    squares += off * off;
  }
  *misfit = sqrt(squares / (double)count);
  return xy / xx;
}

/* Means over the drawn runs. */
static void take_means(const bootstrap *b)
{
  const alf_growth_data *d = b->data;
  for (int64_t j = 0; j < d->checkpoints; j++) {
    b->mean[j] = 0;
    for (int64_t r = 0; r < d->runs; r++)
      b->mean[j] += d->regret[b->drawn[r] * d->checkpoints + j] / (double)d->runs;
  }
}

/* Slopes over the window; x is a scratch array of the checkpoints. */
static void take_slopes(const bootstrap *b, double *x, double *y, double *per_decade, double *exponent)
{
  int64_t count = b->data->checkpoints - b->first;
  double misfit;
  for (int64_t j = 0; j < count; j++)
    x[j] = log10((double)b->data->batches[b->first + j]);
  *per_decade = fit_line(x, b->mean + b->first, count, &misfit);
  bool positive = true;
  for (int64_t j = 0; j < count; j++) {
    positive = positive && b->mean[b->first + j] > 0;
    y[j] = log10(b->mean[b->first + j]);
  }
  *exponent = positive ? fit_line(x, y, count, &misfit) : NAN;
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The 2.5 % and the 97.5 % quantile of the samples. */
static void set_interval(alf_interval *interval, double *sample, int64_t runs)
{
  interval->low = interval->high = NAN;
  if (runs < FEWEST_RUNS || isnan(interval->value))
    return;
  qsort(sample, SAMPLES, sizeof *sample, compare);
  interval->low = sample[SAMPLES / 40];
  interval->high = sample[SAMPLES - 1 - SAMPLES / 40];
}

static void draw_runs(const bootstrap *b, gsl_rng *rng, int sample)
{
  alf_rng_stream(rng, 0, (uint64_t)sample, 0);
  for (int64_t r = 0; r < b->data->runs; r++)
    b->drawn[r] = (int64_t)(gsl_rng_uniform(rng) * (double)b->data->runs);
}

static void choose_law(const bootstrap *b, double *x, alf_growth *g)
{
  int64_t count = b->data->checkpoints - b->first;
  const double *y = b->mean + b->first;
  double range = fabs(y[count - 1] - y[0]);
  g->law = ALF_GROWS_LN;
  for (int law = 0; law < ALF_GROWTH_LAWS; law++) {
    for (int64_t j = 0; j < count; j++)
      x[j] = law_of((alf_growth_law)law, (double)b->data->batches[b->first + j]);
    fit_line(x, y, count, &g->misfit[law]);
    g->misfit[law] /= range > 0 ? range : 1;
    if (g->misfit[law] < g->misfit[g->law])
      g->law = (alf_growth_law)law;
  }
}

static void fill(bootstrap *b, gsl_rng *rng, double *x, double *y, alf_growth *g)
{
  int64_t last = b->data->checkpoints - 1;
  for (int sample = 0; sample < SAMPLES; sample++) {
    draw_runs(b, rng, sample);
    take_means(b);
    b->last[sample] = b->mean[last];
    take_slopes(b, x, y, &b->slope[sample], &b->exponent[sample]);
  }
  for (int64_t r = 0; r < b->data->runs; r++)
    b->drawn[r] = r;
  take_means(b);
  g->last.value = b->mean[last];
  take_slopes(b, x, y, &g->per_decade.value, &g->exponent.value);
  set_interval(&g->last, b->last, b->data->runs);
  set_interval(&g->per_decade, b->slope, b->data->runs);
  set_interval(&g->exponent, b->exponent, b->data->runs);
  choose_law(b, x, g);
}

alf_status alf_growth_fit(const alf_growth_data *data, int64_t from, alf_growth *growth, alf_error *err)
{
  size_t points = (size_t)data->checkpoints, numbers = 3 * points + 3 * SAMPLES;
  *growth = (alf_growth){.from = from};
  int64_t first = 0;
  while (first < data->checkpoints && data->batches[first] < from)
    first++;
  if (data->runs < 1 || data->checkpoints - first < FEWEST_POINTS)
    return alf_fail(err, ALF_EINVAL, "growth of regret: %lld checkpoints from N = %lld on, expected at least %d",
                    (long long)(data->checkpoints - first), (long long)from, FEWEST_POINTS);
  gsl_set_error_handler_off(); /* else GSL aborts where memory is out */
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  double *memory = malloc(numbers * sizeof *memory);
  int64_t *drawn = malloc((size_t)data->runs * sizeof *drawn);
  bool complete = rng && memory && drawn;
  if (complete) {
    double *x = memory + points, *y = x + points, *samples = y + points;
    bootstrap b = {data, first, memory, samples, samples + SAMPLES, samples + 2 * SAMPLES, drawn};
    fill(&b, rng, x, y, growth);
  }
  if (rng)
    gsl_rng_free(rng);
  free(memory);
  free(drawn);
  return complete ? ALF_OK : alf_fail_memory(err, numbers * sizeof *memory);
}

alf_status alf_bootstrap_mean(const double *value, int64_t runs, alf_interval *mean, alf_error *err)
{
  gsl_set_error_handler_off(); /* else GSL aborts where memory is out */
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  double *sample = malloc(SAMPLES * sizeof *sample);
  *mean = (alf_interval){0};
  for (int64_t r = 0; r < runs; r++)
    mean->value += value[r] / (double)runs;
  for (int s = 0; rng && sample && s < SAMPLES; s++) {
    alf_rng_stream(rng, 0, (uint64_t)s, 0);
    sample[s] = 0;
    for (int64_t r = 0; r < runs; r++)
      sample[s] += value[(int64_t)(gsl_rng_uniform(rng) * (double)runs)] / (double)runs;
  }
  bool complete = rng && sample;
  if (complete)
    set_interval(mean, sample, runs);
  if (rng)
    gsl_rng_free(rng);
  free(sample);
  return complete ? ALF_OK : alf_fail_memory(err, SAMPLES * sizeof *sample);
}
