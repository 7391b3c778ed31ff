#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "alf/parallel.h"
#include "cli/demo.h"
#include "cli/demo_runs.h"
#include "cli/interrupt.h"
#include "cli/progress.h"

enum { LAYERS = 3, HARD = LAYERS, BATCHES, TRAINED = 1, TOPK = 6 };

/* The layers of one training step under the sign rule, and one of a model trained without balancing. */
static const char *const batch_names[BATCHES] = {"router_sign_step200.npy@0", "router_sign_step200.npy@1",
                                                 "router_sign_step200.npy@2", "router_unbalanced_step160.npy@2"};
static const char shift_name[] = "router_sign_step200_shift.npy"; /* row = layer */

#define ON(curve)  (1u << ALF_DEMO_##curve)
#define DISTANCE   (ON(GAP) | ON(VIOLATION))
#define LOADS      (ON(MAX_LOAD) | ON(MIN_LOAD))
#define RUNS       7
#define MOST_SIZES 16

static const struct {
  int batch;
  const char *rule, *schedule;
  double u;
  unsigned shows;
} plan[RUNS] = {
    {HARD, "sign", "constant", 1e-3, DISTANCE | ON(BENEFIT)},
    {HARD, "sign", "constant", 1e-4, DISTANCE},
    {HARD, "sign", "1/sqrt(n)", 1e-2, DISTANCE},
    {HARD, "sign", "1/n", 1e-1, DISTANCE | ON(BENEFIT)},
    {HARD, "proportional", "1/sqrt(n)", 1e-4, DISTANCE | ON(BENEFIT)},
    {TRAINED, "sign", "constant", 1e-3, LOADS},
    {TRAINED, "sign", "constant", 1e-4, LOADS},
};

/* Step sizes of the limit cycles. */
static const double sizes[] = {1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 1e-2, 1e-1, 1},
                    few_sizes[] = {1e-3, 1e-2, 1};

typedef struct figure {
  const alf_cli_options *options;
  alf_affinity batch[BATCHES], shift;
  alf_instance instance[BATCHES];
  alf_demo_run *run; /* RUNS */
  alf_demo_limit limit[MOST_SIZES];
  int limits;
  pthread_mutex_t lock;
  alf_cli_progress progress;
  int64_t done;
} figure;

static void free_figure(figure *f)
{
  for (int b = 0; b < BATCHES; b++) {
    alf_instance_free(&f->instance[b]);
    alf_affinity_free(&f->batch[b]);
  }
  alf_affinity_free(&f->shift);
  free(f->run);
  pthread_mutex_destroy(&f->lock);
}

static alf_status prepare_batch(figure *f, int b, const double *u, alf_error *err)
{
  char path[ALF_DEMO_PATH];
  alf_instance_settings settings = {
      .solve = true, .crowding_count = b == TRAINED ? f->limits : 0, .step_size = b == TRAINED ? u : NULL};
  alf_status status = alf_demo_data_path(batch_names[b], path, err);
  if (status == ALF_OK)
    status = alf_demo_read(path, f->options, &f->batch[b], err);
  if (status == ALF_OK)
    status = alf_instance_prepare(&f->instance[b], &f->batch[b], TOPK, &settings, err);
  if (status == ALF_OK && !f->instance[b].solved)
    status = alf_fail(err, ALF_ESOLVER, "%s: %.400s", batch_names[b], f->instance[b].why_not.text);
  return status;
}

static alf_status prepare(figure *f, alf_error *err)
{
  bool quick = f->options->quick;
  const double *u = quick ? few_sizes : sizes;
  char path[ALF_DEMO_PATH];
  f->limits = (int)(quick ? sizeof few_sizes / sizeof *few_sizes : sizeof sizes / sizeof *sizes);
  alf_status status = ALF_OK;
  for (int b = 0; status == ALF_OK && b < BATCHES; b++)
    status = prepare_batch(f, b, u, err);
  if (status == ALF_OK)
    status = alf_demo_data_path(shift_name, path, err);
  if (status == ALF_OK)
    status = alf_demo_read(path, f->options, &f->shift, err);
  if (status == ALF_OK && (f->shift.tokens != LAYERS || f->shift.experts != f->batch[0].experts))
    status = alf_fail(err, ALF_EFORMAT, "%s: expected the shifts of %d layers and %d experts", path, LAYERS,
                      f->batch[0].experts);
  f->run = calloc(RUNS, sizeof *f->run);
  if (status == ALF_OK && !f->run)
    status = alf_fail_memory(err, RUNS * sizeof *f->run);
  if (status != ALF_OK)
    return status;

  for (int r = 0; r < RUNS; r++)
    f->run[r] = (alf_demo_run){.instance = &f->instance[plan[r].batch],
                               .rule = plan[r].rule,
                               .schedule = plan[r].schedule,
                               .u = plan[r].u,
                               .shows = plan[r].shows,
                               .steps = quick                   ? 300
                                        : plan[r].shows & LOADS ? 2000
                                                                : 10000};
  for (int i = 0; i < f->limits; i++)
    f->limit[i] = (alf_demo_limit){.instance = &f->instance[TRAINED], .u = u[i], .steps = 200000};
  return ALF_OK;
}

/* Small step sizes first: they take longest. */
static void task(void *opaque, int64_t i)
{
  figure *f = opaque;
  if (i < f->limits)
    alf_demo_find_limit(&f->limit[i]);
  else
    alf_demo_trace(&f->run[i - f->limits]);
  pthread_mutex_lock(&f->lock);
  alf_cli_progress_tick(&f->progress, ++f->done);
  pthread_mutex_unlock(&f->lock);
}

static alf_status run_all(figure *f, alf_error *err)
{
  int tasks = RUNS + f->limits;
  f->progress = alf_cli_progress_start("runs of the figure", tasks, f->options->quiet);
  alf_parallel_for(tasks, (int)f->options->threads, task, f);
  alf_cli_progress_end(&f->progress);
  for (int r = 0; r < RUNS; r++)
    if (f->run[r].status != ALF_OK)
      return alf_fail(err, f->run[r].status, "%s", f->run[r].err.text);
  for (int i = 0; i < f->limits; i++)
    if (f->limit[i].status != ALF_OK)
      return alf_fail(err, f->limit[i].status, "%s", f->limit[i].err.text);
  return ALF_OK;
}

/* The band for q = 1 and the target, in slots. */
static void print_band(FILE *csv, const alf_instance *instance)
{
  double target = (double)(instance->topk * instance->batch->tokens) / instance->batch->experts;
  double band = alf_demo_band(instance, 1);
  fprintf(csv, "load_band,low,0,%.9g\nload_band,target,0,%.9g\nload_band,high,0,%.9g\n", fmax(0, target - band), target,
          target + band);
}

static void print_limits(FILE *csv, const figure *f)
{
  const alf_instance *instance = &f->instance[TRAINED];
  double slots = (double)(instance->topk * instance->batch->tokens);
  double farthest = (double)instance->batch->tokens - slots / instance->batch->experts;
  for (int i = 0; i < f->limits; i++)
    if (isfinite(f->limit[i].deviation))
      fprintf(csv, "limit,reached,%.9g,%.9g\n", f->limit[i].u, f->limit[i].deviation);
  for (int i = 0; i < f->limits; i++)
    fprintf(csv, "limit,band,%.9g,%.9g\n", instance->crowding[i].u, alf_demo_band(instance, instance->crowding[i].q));
  fprintf(csv, "limit,farthest,0,%.9g\n", farthest);
}

static double mean_of(const double *value, int32_t count)
{
  double sum = 0;
  for (int32_t k = 0; k < count; k++)
    sum += value[k];
  return sum / count;
}

/* Shifts matter up to a common one: both sides are centred. */
static void print_prices(FILE *csv, const figure *f, int layer)
{
  const alf_affinity *batch = &f->batch[layer];
  double price[ALF_MAX_EXPERTS], shift[ALF_MAX_EXPERTS];
  for (int32_t k = 0; k < batch->experts; k++) {
    price[k] = ldexp((double)f->instance[layer].optimum.price[k], -batch->grid_bits);
    shift[k] = alf_affinity_get(&f->shift, layer, k);
  }
  double price_mean = mean_of(price, batch->experts), shift_mean = mean_of(shift, batch->experts);
  for (int32_t k = 0; k < batch->experts; k++)
    fprintf(csv, "price,layer %d,%.9g,%.9g\n", layer, price[k] - price_mean, shift[k] - shift_mean);
}

static void print_all(FILE *csv, const figure *f)
{
  fprintf(csv, "panel,series,x,y\n");
  for (int r = 0; r < RUNS; r++)
    alf_demo_print_run(csv, &f->run[r]);
  print_band(csv, &f->instance[TRAINED]);
  print_limits(csv, f);
  for (int layer = 0; layer < LAYERS; layer++)
    print_prices(csv, f, layer);
}

alf_status alf_demo_write_figure(FILE *csv, const alf_cli_options *options, alf_error *err)
{
  figure f = {.options = options};
  pthread_mutex_init(&f.lock, NULL);
  alf_status status = prepare(&f, err);
  if (status == ALF_OK)
    status = run_all(&f, err);
  if (status == ALF_OK)
    print_all(csv, &f);
  free_figure(&f);
  return status;
}
