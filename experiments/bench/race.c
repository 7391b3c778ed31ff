#include "bench/race.h"

#include <math.h>
#include <stdlib.h>

#include "alf/routing.h"
#include "bench/machine.h"
#include "cli/input.h"
#include "cli/interrupt.h"

enum { WEIGHED_STEPS = 50, FEW_TOKENS = 64 };

/* A racer on its way: one of the two. */
typedef struct runner {
  const alf_affinity *batch;
  alf_bench_loop *loop;
  alf_iterate *iterate;
  int64_t n, looked_at;
} runner;

static uint64_t mix(uint64_t hash, const void *words, size_t count)
{
  const uint64_t *word = words;
  for (size_t i = 0; i < count; i++) {
    hash = (hash ^ word[i]) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  return hash;
}

static uint64_t hash_state(const runner *r, uint64_t hash)
{
  const alf_step *step = r->iterate ? alf_iterate_current(r->iterate) : NULL;
  const uint64_t *chosen = step ? step->chosen_after : alf_bench_loop_chosen(r->loop);
  const int64_t *load = step ? step->load_after : alf_bench_loop_load(r->loop);
  size_t words = (size_t)r->batch->tokens * (size_t)alf_selection_words(r->batch->experts);
  return mix(mix(hash, chosen, words), load, (size_t)r->batch->experts);
}

static alf_status start(runner *r, const alf_bench_race *race, const alf_bench_racer *racer, alf_error *err)
{
  *r = (runner){.batch = racer->batch};
  if (racer->kind == ALF_RACER_LOOP)
    return alf_bench_loop_alloc(&r->loop, racer->batch, &race->steps, racer->select, err);
  alf_iterate_settings settings = {.rule = alf_rule_find("sign"),
                                   .schedule = race->steps.schedule,
                                   .u = race->steps.u,
                                   .topk = race->steps.topk,
                                   .threads = racer->threads,
                                   .kernel = racer->kernel,
                                   .eager = racer->eager};
  alf_status status = alf_iterate_alloc(&r->iterate, racer->batch, &settings, err);
  return status == ALF_OK ? alf_iterate_start(r->iterate, racer->batch, err) : status;
}

static alf_status go(runner *r, int64_t steps, alf_error *err)
{
  const alf_step *step = NULL;
  alf_status status = ALF_OK;
  r->n += steps;
  for (int64_t i = 0; i < steps && r->loop; i++)
    alf_bench_loop_step(r->loop);
  for (int64_t i = 0; i < steps && r->iterate && status == ALF_OK; i++) {
    status = alf_iterate_step(r->iterate, r->batch, &step, err);
    r->looked_at += status == ALF_OK ? step->routed : 0;
  }
  return status;
}

static void stop(runner *r)
{
  alf_bench_loop_free(r->loop);
  alf_iterate_free(r->iterate);
}

static alf_status hash_racer(const alf_bench_race *race, alf_bench_racer *racer, alf_error *err)
{
  runner r;
  int64_t steps = alf_bench_race_length(racer);
  alf_status status = start(&r, race, racer, err);
  uint64_t hash = status == ALF_OK ? hash_state(&r, 0) : 0;
  while (status == ALF_OK && r.n < steps && !alf_cli_interrupted()) {
    status = go(&r, 1, err);
    hash = hash_state(&r, hash);
    r.looked_at = r.n <= racer->distance.warmup ? 0 : r.looked_at;
    if (r.n == race->checked)
      racer->early = hash;
  }
  if (status == ALF_OK) {
    racer->end = hash;
    racer->last = hash_state(&r, 0);
    if (r.iterate)
      racer->looked_at =
          (double)r.looked_at / ((double)(steps - racer->distance.warmup) * (double)racer->batch->tokens);
  }
  stop(&r);
  return status;
}

/* The first racer on the same batch that does the steps, of this kind or of any. */
static const alf_bench_racer *first_like(const alf_bench_race *race, const alf_bench_racer *racer, bool of_kind)
{
  const alf_bench_racer *first = race->racer;
  while (first->batch != racer->batch || first->kind == ALF_RACER_READING || (of_kind && first->kind != racer->kind))
    first++;
  return first;
}

/* Racers on one batch agree where they have done the same steps. */
static void compare(alf_bench_race *race)
{
  for (int i = 0; i < race->racers; i++) {
    alf_bench_racer *racer = &race->racer[i];
    if (racer->kind == ALF_RACER_READING)
      continue;
    const alf_bench_racer *first = first_like(race, racer, false), *peer = first_like(race, racer, true);
    racer->differs = racer->early != first->early || racer->end != peer->end;
  }
}

static size_t bytes_of(const alf_affinity *batch)
{
  size_t width = batch->dtype == ALF_FLOAT32 ? sizeof(float) : sizeof(double);
  return (size_t)batch->tokens * (size_t)batch->experts * width;
}

static void keep_fastest(alf_bench_racer *racer, double seconds)
{
  racer->seconds = racer->runs == 0 || seconds < racer->seconds ? seconds : racer->seconds;
  racer->runs++;
}

static void time_reading(alf_bench_racer *racer)
{
  static volatile uint64_t sink;
  for (int64_t slice = 0; slice < racer->distance.slices; slice++) {
    double began = alf_cli_seconds();
    for (int64_t n = 0; n < racer->distance.steps; n++)
      sink = sink ^ alf_bench_read(racer->batch->values, bytes_of(racer->batch));
    keep_fastest(racer, alf_cli_seconds() - began);
  }
}

static alf_status time_steps(const alf_bench_race *race, alf_bench_racer *racer, alf_error *err)
{
  runner r;
  double began = alf_cli_seconds();
  alf_status status = start(&r, race, racer, err);
  if (status == ALF_OK)
    status = go(&r, racer->distance.warmup, err);
  for (int64_t slice = 0; slice < racer->distance.slices && status == ALF_OK; slice++) {
    began = race->whole && slice == 0 ? began : alf_cli_seconds();
    status = go(&r, racer->distance.steps, err);
    keep_fastest(racer, alf_cli_seconds() - began);
  }
  racer->differs = racer->differs || (status == ALF_OK && hash_state(&r, 0) != racer->last);
  stop(&r);
  return status;
}

static alf_status run_racer(const alf_bench_race *race, alf_bench_racer *racer, alf_error *err)
{
  double began = alf_cli_seconds();
  alf_status status = ALF_OK;
  if (racer->kind == ALF_RACER_READING)
    time_reading(racer);
  else
    status = time_steps(race, racer, err);
  racer->spent += alf_cli_seconds() - began;
  return status;
}

/* What a child is asked. */
typedef struct child_work {
  const alf_bench_race *race;
  const alf_bench_racer *racer;
} child_work;

static alf_status run_steps(const child_work *work, const alf_affinity *batch, int64_t steps, alf_error *err)
{
  alf_bench_racer racer = *work->racer;
  runner r;
  racer.batch = batch;
  alf_status status = start(&r, work->race, &racer, err);
  if (status == ALF_OK)
    status = go(&r, steps, err);
  stop(&r);
  return status;
}

/* In the child. */
static alf_status weigh(void *context, void *result, alf_error *err)
{
  const child_work *work = context;
  alf_affinity few = *work->racer->batch;
  few.tokens = few.tokens < FEW_TOKENS ? few.tokens : FEW_TOKENS;
  alf_status status = run_steps(work, &few, WEIGHED_STEPS, err);
  int64_t before = alf_bench_largest_resident();
  if (status == ALF_OK)
    status = run_steps(work, work->racer->batch, WEIGHED_STEPS, err);
  *(int64_t *)result = alf_bench_largest_resident() - before;
  return status;
}

static alf_status weigh_racer(const alf_bench_race *race, alf_bench_racer *racer, alf_error *err)
{
  child_work work = {race, racer};
  return alf_bench_in_child(weigh, &work, &racer->peak_bytes, sizeof racer->peak_bytes,
                            alf_deadline_after(0, alf_cli_interrupted), racer->name, err);
}

static void clear(alf_bench_racer *racer)
{
  racer->looked_at = (double)NAN;
  racer->peak_bytes = -1;
}

alf_status alf_bench_race_run(alf_bench_race *race, alf_error *err)
{
  alf_status status = ALF_OK;
  race->calibration = (double)INFINITY;
  for (int i = 0; i < race->racers && status == ALF_OK && !alf_cli_interrupted(); i++) {
    clear(&race->racer[i]);
    if (race->racer[i].kind != ALF_RACER_READING)
      status = hash_racer(race, &race->racer[i], err);
  }
  compare(race);
  for (int round = 0; round < race->rounds && status == ALF_OK; round++) {
    race->calibration = fmin(race->calibration, alf_bench_calibrate());
    for (int i = 0; i < race->racers && status == ALF_OK && !alf_cli_interrupted(); i++)
      if (round == 0 || race->racer[i].spent < race->budget)
        status = run_racer(race, &race->racer[i], err);
  }
  for (int i = 0; i < race->racers && status == ALF_OK && !alf_cli_interrupted(); i++)
    if (race->racer[i].weighed)
      status = weigh_racer(race, &race->racer[i], err);
  return status == ALF_OK && alf_cli_interrupted() ? alf_fail(err, ALF_EINTERRUPTED, "interrupted") : status;
}

int64_t alf_bench_race_length(const alf_bench_racer *racer)
{
  return racer->distance.warmup + racer->distance.steps * racer->distance.slices;
}

double alf_bench_race_pace(const alf_bench_racer *racer)
{
  if (racer->runs == 0)
    return (double)NAN;
  return 1e9 * racer->seconds / ((double)racer->distance.steps * (double)racer->batch->tokens);
}

bool alf_bench_race_refuted(const alf_bench_race *race)
{
  bool refuted = false;
  for (int i = 0; i < race->racers; i++)
    refuted = refuted || race->racer[i].differs;
  return refuted;
}
