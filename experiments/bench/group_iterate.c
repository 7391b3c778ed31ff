/* The speed of the balancing iteration: against reading the batch, against plain loops, by arithmetic, instruction set
   and threads; and whole runs, in which most tokens need not be looked at. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/parallel.h"
#include "bench/group.h"
#include "bench/instances.h"
#include "bench/iterate_table.h"
#include "bench/race.h"
#include "routing/route_pass.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* On which single steps are measured. The first fits a core's cache. */
static const alf_bench_synthetic steps_on[] = {
    {"uniform", "", 4096, 64, 8, 0, 0},        {"uniform", "", 16384, 64, 8, 4096, 0},
    {"softmax", "skew=1", 16384, 64, 8, 0, 0}, {"uniform", "", 16384, 256, 8, 1024, 0},
    {"uniform", "", 1048576, 64, 8, 0, 0},
};

enum { RUN_TOKENS = 16384 }; /* up to which runs have all their steps; with more tokens fewer */

/* On which whole runs are; then come the inputs. */
static const alf_bench_synthetic runs_on[] = {
    {"uniform", "", 16384, 64, 8, 4096, 0},
    {"softmax", "skew=1", 16384, 64, 8, 0, 0},
};

typedef struct iterate_group {
  const alf_cli_options *options;
  alf_bench_report *report;
} iterate_group;

/* The same numbers in all three types: what single precision holds. */
typedef struct batches {
  alf_affinity own[ALF_BENCH_TYPES]; /* of float64 and exact; a view of the instance's for float32 */
} batches;

static const char *const type_name[] = {[ALF_FLOAT32] = "float32", [ALF_FLOAT64] = "float64", [ALF_DYADIC] = "exact"};

static alf_status convert(batches *b, const alf_affinity *single, alf_error *err)
{
  *b = (batches){0};
  b->own[ALF_FLOAT32] = *single;
  b->own[ALF_FLOAT32].storage = NULL;
  alf_status status = alf_affinity_convert(single, ALF_FLOAT64, &b->own[ALF_FLOAT64], err);
  return status == ALF_OK ? alf_affinity_convert(single, ALF_DYADIC, &b->own[ALF_DYADIC], err) : status;
}

static void free_batches(batches *b)
{
  for (int type = 0; type < ALF_BENCH_TYPES; type++)
    alf_affinity_free(&b->own[type]);
}

static void put_records(const iterate_group *g, const char *instance, const alf_bench_race *race)
{
  char settings[80];
  snprintf(settings, sizeof settings, "sign %s u=%g", race->steps.schedule->name, race->steps.u);
  for (int i = 0; i < race->racers; i++) {
    const alf_bench_racer *r = &race->racer[i];
    alf_bench_record record = {.instance = instance,
                               .tokens = r->batch->tokens,
                               .experts = r->batch->experts,
                               .topk = race->steps.topk,
                               .settings = settings,
                               .entrant = r->name,
                               .threads = r->kind == ALF_RACER_ITERATION ? r->threads : 1,
                               .status = "done",
                               .runs = r->runs,
                               .steps = r->distance.steps,
                               .looked_at = r->looked_at,
                               .seconds = r->seconds,
                               .calibration_seconds = race->calibration,
                               .certificate_seconds = (double)NAN,
                               .peak_bytes = r->peak_bytes,
                               .objective = (double)NAN,
                               .agreement = alf_iterate_agreement(r)};
    alf_bench_put(g->report, &record);
  }
  if (alf_bench_race_refuted(race))
    alf_bench_refute(g->report);
}

/* Returns its place. `what` follows the name of its type. */
static int add(alf_bench_race *race, const alf_affinity *batch, const char *what, alf_bench_racer racer)
{
  racer.batch = batch;
  snprintf(racer.name, sizeof racer.name, "%s %s", type_name[batch->dtype], what);
  race->racer[race->racers] = racer;
  return race->racers++;
}

static int add_loop(alf_bench_race *race, const alf_affinity *batch, const char *what, alf_bench_select select)
{
  return add(race, batch, what,
             (alf_bench_racer){.kind = ALF_RACER_LOOP, .select = select, .distance = {0, 1, race->checked}});
}

/* Reading, a loop (single precision: both), every instruction set, two threads, lazy. */
static void add_type(alf_bench_race *race, const alf_affinity *batch, alf_racer_distance distance,
                     alf_iterate_places *at)
{
  alf_dtype type = batch->dtype;
  alf_bench_racer iteration = {.kind = ALF_RACER_ITERATION, .threads = 1, .eager = true, .distance = distance};
  at->reading[type] =
      add(race, batch, "reading",
          (alf_bench_racer){.kind = ALF_RACER_READING, .distance = {0, distance.steps, distance.slices}});
  at->maxima[type] = add_loop(race, batch, "maxima", ALF_BENCH_MAXIMA);
  if (type == ALF_FLOAT32)
    at->insertion = add_loop(race, batch, "insertion", ALF_BENCH_INSERTION);
  at->step[type] = -1;
  for (int j = 0; alf_route_kernels[j] && j < ALF_BENCH_KERNELS; j++) {
    iteration.kernel = alf_route_kernels[j]->name;
    at->kernel[type][j] = -1;
    if (alf_route_kernels[j]->runs_here())
      at->kernel[type][j] = add(race, batch, iteration.kernel, iteration);
    at->step[type] = at->step[type] < 0 ? at->kernel[type][j] : at->step[type];
  }
  iteration.kernel = NULL;
  iteration.threads = 2;
  at->two[type] = add(race, batch, "2 threads", iteration);
  iteration.threads = 1;
  iteration.eager = false; /* one slice: its steps differ too much */
  iteration.distance.steps *= distance.slices;
  iteration.distance.slices = 1;
  iteration.weighed = true;
  at->lazy[type] = add(race, batch, "lazy", iteration);
}

/* Slices of about two milliseconds, where a step does not take longer. Signs make loads swing with period two: even
   numbers of steps. */
static alf_bench_race steps_race(const iterate_group *g, const alf_bench_instance *instance,
                                 alf_racer_distance *distance)
{
  bool quick = g->options->quick;
  int64_t cells = instance->batch.tokens * instance->batch.experts, fair = (8 << 20) / cells / 2 * 2;
  bool large = fair < 1;
  int64_t steps = quick || large ? 2 : fair > 64 ? 64 : fair;
  int rounds = large ? 5 : 25;
  *distance = (alf_racer_distance){large ? 4 : 32, steps, quick || large ? 2 : 8};
  return (alf_bench_race){.steps = {alf_schedule_find("constant"), 1e-3, instance->topk},
                          .checked = quick || large ? 4 : 8,
                          .rounds = quick ? 2 : rounds,
                          .budget = quick ? 0.5 : 3};
}

static alf_status compare_steps(void *context, const alf_bench_instance *instance, alf_error *err)
{
  const iterate_group *g = context;
  batches b;
  alf_iterate_places at;
  alf_racer_distance distance;
  alf_bench_race race = steps_race(g, instance, &distance);
  alf_status status = convert(&b, &instance->batch, err);
  for (int type = 0; type < ALF_BENCH_TYPES && status == ALF_OK; type++)
    add_type(&race, &b.own[type], distance, &at);
  if (status == ALF_OK)
    status = alf_bench_race_run(&race, err);
  if (status == ALF_OK && alf_bench_prints(g->report))
    alf_iterate_print_steps_row(instance->name, &race, &at);
  if (status == ALF_OK)
    put_records(g, instance->name, &race);
  free_batches(&b);
  return status;
}

/* A loop, and iterations that look at all tokens and at few. */
static void add_run(alf_bench_race *race, const alf_affinity *batch, int64_t steps, int threads, alf_iterate_places *at)
{
  alf_dtype type = batch->dtype;
  alf_bench_racer run = {.kind = ALF_RACER_ITERATION, .threads = threads, .distance = {0, steps, 1}};
  at->maxima[type] = add_loop(race, batch, "maxima", ALF_BENCH_MAXIMA);
  at->lazy[type] = add(race, batch, "lazy", run);
  run.eager = true;
  at->step[type] = add(race, batch, "eager", run);
}

typedef struct run_settings {
  const char *schedule;
  double u;
  int64_t steps, quick_steps;
} run_settings;

static const run_settings run_table[] = {{"constant", 1e-3, 2000, 100}, {"1/sqrt(n)", 1e-3, 20000, 1000}};

static alf_status compare_run(const iterate_group *g, const alf_bench_instance *instance, const batches *b,
                              const run_settings *s, alf_error *err)
{
  bool quick = g->options->quick;
  int64_t tokens = instance->batch.tokens, steps = quick ? s->quick_steps : s->steps;
  if (tokens > RUN_TOKENS)
    steps = steps * RUN_TOKENS / tokens / 2 * 2 + 2;
  alf_iterate_places at;
  alf_bench_race race = {.steps = {alf_schedule_find(s->schedule), s->u, instance->topk},
                         .checked = quick || steps < 20 ? 2 : 20,
                         .whole = true,
                         .rounds = quick ? 2 : 3,
                         .budget = quick ? 0.5 : 3};
  for (int type = ALF_FLOAT32; type <= ALF_DYADIC; type += ALF_DYADIC - ALF_FLOAT32)
    add_run(&race, &b->own[type], steps, alf_parallel_threads((int)g->options->threads), &at);
  alf_status status = alf_bench_race_run(&race, err);
  if (status == ALF_OK && alf_bench_prints(g->report))
    alf_iterate_print_runs_row(instance->name, &race, &at);
  if (status == ALF_OK)
    put_records(g, instance->name, &race);
  return status;
}

static alf_status compare_runs(void *context, const alf_bench_instance *instance, alf_error *err)
{
  batches b;
  alf_status status = convert(&b, &instance->batch, err);
  for (size_t i = 0; i < COUNT(run_table) && status == ALF_OK; i++)
    status = compare_run(context, instance, &b, &run_table[i], err);
  free_batches(&b);
  return status;
}

static alf_status run(const alf_cli_options *options, alf_bench_report *report, alf_error *err)
{
  iterate_group g = {options, report};
  alf_bench_tour tour = {options, ALF_FLOAT32, compare_steps, &g};
  alf_status status = alf_bench_check_inputs(options, err);
  if (status != ALF_OK)
    return status;
  if (alf_bench_prints(report))
    alf_iterate_print_steps_head();
  status = alf_bench_each_synthetic(&tour, steps_on, COUNT(steps_on), err);
  if (status == ALF_OK && alf_bench_prints(report))
    alf_iterate_print_runs_head((int)options->threads);
  tour.visit = compare_runs;
  if (status == ALF_OK)
    status = alf_bench_each_synthetic(&tour, runs_on, COUNT(runs_on), err);
  return status == ALF_OK ? alf_bench_each_input(&tour, err) : status;
}

const alf_bench_group alf_bench_group_iterate = {
    .name = "iterate",
    .summary = "the balancing iteration: against reading the batch and plain loops; lazy and eager runs",
    .run = run,
};
