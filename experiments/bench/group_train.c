/* The speed of the trainer: its steps against their matrix products alone, on one thread and on two. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/random.h"
#include "bench/group.h"
#include "bench/machine.h"
#include "bench/products.h"
#include "bench/train_table.h"
#include "cli/announce.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "core/philox.h"
#include "measure/pace.h"
#include "moe/trainer.h"

enum { TEXT = 1 << 20, WORDS = 700, LETTERS = 8, TRAINERS = 2, MOST_MODELS = 64, UNTIMED = 2 };

typedef struct train_group {
  const alf_cli_options *options;
  alf_bench_report *report;
  alf_corpus text;
  alf_moe_config config[MOST_MODELS];
  char name[MOST_MODELS][64];
  alf_train_outcome outcome[MOST_MODELS];
  int models;
} train_group;

/* Words of a made-up language, the first ones more often: what is learnt does not matter, only that routers have
   something to go by. */
static alf_status make_text(alf_corpus *corpus, uint64_t seed, alf_error *err)
{
  char word[WORDS][LETTERS + 1];
  alf_philox state;
  gsl_rng rng = {.type = alf_rng_philox, .state = &state};
  *corpus = (alf_corpus){.text = malloc(TEXT), .size = TEXT, .split = TEXT / 10 * 9};
  if (!corpus->text)
    return alf_fail_memory(err, TEXT);
  alf_rng_stream(&rng, seed, 0, ALF_RNG_SHARED);
  for (int w = 0; w < WORDS; w++) {
    size_t length = 1 + gsl_rng_uniform_int(&rng, LETTERS - 1);
    for (size_t j = 0; j < length; j++)
      word[w][j] = (char)('a' + gsl_rng_uniform_int(&rng, 26));
    word[w][length] = ' ';
    word[w][length + 1] = '\0';
  }
  for (size_t at = 0; at < TEXT;) {
    double draw = gsl_rng_uniform(&rng);
    const char *own = word[(int)(draw * draw * draw * WORDS)];
    for (; *own && at < TEXT; at++)
      corpus->text[at] = (unsigned char)*own++;
  }
  return ALF_OK;
}

/* That of experiments/configs/moe_small.ini, and one of twice its width with sequences twice as long. */
static void add_models(train_group *g)
{
  g->config[0] = g->config[1] = alf_moe_config_default();
  strcpy(g->name[0], "moe_small");
  strcpy(g->name[1], "twice as wide");
  alf_moe_shape *wide = &g->config[1].shape;
  wide->width *= 2;
  wide->heads *= 2;
  wide->hidden *= 2;
  wide->context *= 2;
  wide->sequences /= 2;
  g->models = g->options->quick ? 1 : 2;
}

/* With --group train the INPUTs are configs; else they are not for it. */
static alf_status read_models(train_group *g, alf_error *err)
{
  const alf_cli_options *o = g->options;
  int inputs = o->group ? o->arguments : 0;
  if (inputs == 0)
    add_models(g);
  for (int i = 0; i < inputs && i < MOST_MODELS; i++) {
    const char *slash = strrchr(o->argument[i], '/');
    snprintf(g->name[i], sizeof g->name[i], "%.*s", (int)sizeof g->name[i] - 1, slash ? slash + 1 : o->argument[i]);
    alf_status status = alf_moe_config_read(&g->config[i], o->argument[i], err);
    if (status != ALF_OK)
      return status;
    g->models = i + 1;
  }
  return ALF_OK;
}

/* Two trainers and the products. */
typedef struct race {
  alf_train_outcome *outcome;
  alf_trainer_settings settings[TRAINERS];
  alf_trainer *trainer[TRAINERS];
  alf_bench_products products;
  double calibration;
} race;

/* What one step took. */
typedef struct lap {
  double seconds, processor, part[ALF_MOE_PARTS];
} lap;

static alf_status step(race *r, int i, lap *taken, alf_error *err)
{
  double between[ALF_MOE_PARTS] = {0}, processor = alf_processor_seconds(), start = alf_cli_seconds();
  alf_crew *crew = alf_trainer_crew(r->trainer[i]);
  *taken = (lap){0};
  alf_crew_add_times(crew, between);
  alf_status status = alf_trainer_step(r->trainer[i], err);
  alf_crew_add_times(crew, taken->part);
  taken->seconds = alf_cli_seconds() - start;
  taken->processor = alf_processor_seconds() - processor;
  return status;
}

static alf_status time_step(race *r, int i, alf_error *err)
{
  alf_train_pace *pace = &r->outcome->pace[i];
  lap taken;
  alf_status status = step(r, i, &taken, err);
  if (status != ALF_OK)
    return status;
  if (pace->runs == 0 || taken.seconds < pace->seconds) {
    pace->seconds = taken.seconds;
    memcpy(pace->part, taken.part, sizeof pace->part);
  }
  pace->processor = pace->runs == 0 ? taken.processor : fmin(pace->processor, taken.processor);
  pace->runs++;
  return ALF_OK;
}

/* The first step is measured; its products are counted, and those of the second noted. */
static alf_status warm_up(race *r, int i, alf_error *err)
{
  alf_train_pace *pace = &r->outcome->pace[i];
  alf_gemm_log log = {0};
  lap taken;
  alf_gemm_record(i == 0 ? &log : NULL);
  alf_status status = step(r, i, &taken, err);
  pace->optimum = taken.part[ALF_PART_OPTIMUM];
  log.room = 2 * log.count;
  log.count = 0;
  log.shape = calloc((size_t)log.room + 1, sizeof *log.shape);
  if (status == ALF_OK && !log.shape)
    status = alf_fail_memory(err, (size_t)log.room * sizeof *log.shape);
  if (status == ALF_OK)
    status = step(r, i, &taken, err);
  alf_gemm_record(NULL);
  if (status == ALF_OK && i == 0)
    status = alf_bench_products_alloc(&r->products, &log, r->settings[i].config->seed, err);
  free(log.shape);
  return status;
}

static alf_status start(race *r, const train_group *g, alf_moe_config *config, int rounds, alf_error *err)
{
  alf_status status = ALF_OK;
  config->steps = rounds + UNTIMED + 1; /* the last one would be followed by validation */
  config->validate_every = config->measure_every = config->steps;
  config->traces = 0;
  for (int i = 0; i < TRAINERS && status == ALF_OK; i++) {
    r->settings[i] = (alf_trainer_settings){.config = config, .corpus = &g->text, .threads = i + 1};
    r->outcome->pace[i].threads = i + 1;
    status = alf_trainer_alloc(&r->trainer[i], &r->settings[i], err);
    if (status == ALF_OK)
      status = warm_up(r, i, err);
  }
  return status;
}

/* Losses and gradients of all steps, bit by bit. */
static bool differ(const race *r)
{
  const alf_moe_history *a = alf_trainer_history(r->trainer[0]), *b = alf_trainer_history(r->trainer[1]);
  for (int64_t n = 0; n < a->steps; n++)
    if (a->step[n].loss != b->step[n].loss || a->step[n].gradient_norm != b->step[n].gradient_norm)
      return true;
  return a->steps != b->steps;
}

static alf_status run_race(race *r, const train_group *g, alf_moe_config *config, alf_error *err)
{
  int rounds = g->options->quick ? 3 : 20;
  double budget = g->options->quick ? 5 : 45, began = alf_cli_seconds();
  alf_train_outcome *o = r->outcome;
  alf_status status = start(r, g, config, rounds, err);
  o->wrong = status == ALF_OK && !alf_bench_products_right(&r->products, &o->wrong_shape);
  o->products_processor = r->calibration = (double)INFINITY;
  for (int round = 0; round < rounds && status == ALF_OK && !alf_cli_interrupted(); round++) {
    r->calibration = fmin(r->calibration, alf_bench_calibrate());
    o->products_processor = fmin(o->products_processor, alf_bench_products_run(&r->products));
    for (int i = 0; i < TRAINERS && status == ALF_OK; i++)
      status = time_step(r, i, err);
    if (round >= 2 && alf_cli_seconds() - began > budget)
      break;
  }
  if (status == ALF_OK && alf_cli_interrupted())
    status = alf_fail(err, ALF_EINTERRUPTED, "interrupted");
  o->products = r->products.count;
  o->operations = r->products.operations;
  o->pace[1].differs = status == ALF_OK && differ(r);
  return status;
}

static void end(race *r)
{
  for (int i = 0; i < TRAINERS; i++)
    alf_trainer_free(r->trainer[i]);
  alf_bench_products_free(&r->products);
}

/* A model on one number of threads. Seconds of parts are those of all threads in the fastest step. */
typedef struct train_record {
  const char *instance, *core, *kernel, *agreement;
  int64_t tokens, products;
  int32_t experts, topk;
  int threads, runs;
  double operations, sgemm, processor, ratio; /* ratio: NaN on two threads, as OpenBLAS has one */
  double seconds, speed, flops, calibration;
  double part[ALF_MOE_PARTS];
} train_record;

#define FIELD(name) offsetof(train_record, name)
#define PART(name)  offsetof(train_record, part) + ALF_PART_##name * sizeof(double)
static const alf_bench_column columns[] = {{"instance", ALF_BENCH_QUOTED, FIELD(instance)},
                                           {"tokens", ALF_BENCH_COUNT, FIELD(tokens)},
                                           {"experts", ALF_BENCH_INT, FIELD(experts)},
                                           {"topk", ALF_BENCH_INT, FIELD(topk)},
                                           {"threads", ALF_BENCH_INT, FIELD(threads)},
                                           {"runs", ALF_BENCH_INT, FIELD(runs)},
                                           {"blas_core", ALF_BENCH_TEXT, FIELD(core)},
                                           {"row_kernel", ALF_BENCH_TEXT, FIELD(kernel)},
                                           {"products", ALF_BENCH_COUNT, FIELD(products)},
                                           {"operations", ALF_BENCH_REAL, FIELD(operations)},
                                           {"sgemm_processor_seconds", ALF_BENCH_REAL, FIELD(sgemm)},
                                           {"processor_seconds", ALF_BENCH_REAL, FIELD(processor)},
                                           {"ratio", ALF_BENCH_REAL, FIELD(ratio)},
                                           {"seconds", ALF_BENCH_REAL, FIELD(seconds)},
                                           {"tokens_per_second", ALF_BENCH_REAL, FIELD(speed)},
                                           {"flops", ALF_BENCH_REAL, FIELD(flops)},
                                           {"attention_seconds", ALF_BENCH_REAL, PART(ATTENTION)},
                                           {"router_seconds", ALF_BENCH_REAL, PART(ROUTER)},
                                           {"experts_seconds", ALF_BENCH_REAL, PART(EXPERTS)},
                                           {"shared_seconds", ALF_BENCH_REAL, PART(SHARED)},
                                           {"head_seconds", ALF_BENCH_REAL, PART(HEAD)},
                                           {"optimiser_seconds", ALF_BENCH_REAL, PART(OPTIMISER)},
                                           {"other_seconds", ALF_BENCH_REAL, PART(OTHER)},
                                           {"waiting_seconds", ALF_BENCH_REAL, PART(WAITING)},
                                           {"optimum_seconds", ALF_BENCH_REAL, PART(OPTIMUM)},
                                           {"calibration_seconds", ALF_BENCH_REAL, FIELD(calibration)},
                                           {"agreement", ALF_BENCH_TEXT, FIELD(agreement)},
                                           {0}};

static train_record record_of(const race *r, int i)
{
  const alf_train_outcome *o = r->outcome;
  const alf_train_pace *pace = &o->pace[i];
  double tokens = (double)alf_moe_tokens(o->shape);
  train_record record = {.instance = o->name,
                         .core = alf_gemm_core(),
                         .kernel = alf_rows_fastest()->name,
                         .agreement = o->wrong || pace->differs ? "differs" : "exact",
                         .tokens = alf_moe_tokens(o->shape),
                         .products = o->products,
                         .experts = o->shape->experts,
                         .topk = o->shape->topk,
                         .threads = pace->threads,
                         .runs = pace->runs,
                         .operations = o->operations,
                         .sgemm = o->products_processor,
                         .processor = pace->processor,
                         .ratio = i == 0 ? o->products_processor / pace->processor : (double)NAN,
                         .seconds = pace->seconds,
                         .speed = tokens / pace->seconds,
                         .flops = o->operations / pace->seconds,
                         .calibration = r->calibration};
  memcpy(record.part, pace->part, sizeof record.part);
  record.part[ALF_PART_OPTIMUM] = pace->optimum;
  return record;
}

static void put_records(const train_group *g, const race *r)
{
  for (int i = 0; i < TRAINERS; i++) {
    train_record record = record_of(r, i);
    alf_bench_put(g->report, &record);
  }
  if (r->outcome->wrong || r->outcome->pace[1].differs)
    alf_bench_refute(g->report);
}

static alf_status compare(train_group *g, int model, alf_error *err)
{
  alf_train_outcome *o = &g->outcome[model];
  race r = {.outcome = o};
  *o = (alf_train_outcome){.name = g->name[model], .shape = &g->config[model].shape};
  alf_status status = run_race(&r, g, &g->config[model], err);
  if (status == ALF_OK && alf_bench_prints(g->report))
    alf_train_print_row(o);
  if (status == ALF_OK)
    put_records(g, &r);
  end(&r);
  return status;
}

static alf_status compare_all(train_group *g, alf_error *err)
{
  alf_status status = read_models(g, err);
  if (status == ALF_OK)
    status = make_text(&g->text, (uint64_t)g->options->seed, err);
  if (status == ALF_OK && alf_bench_prints(g->report))
    alf_train_print_head();
  if (status == ALF_OK)
    alf_cli_announce_core("bench", g->options->quiet);
  for (int model = 0; model < g->models && status == ALF_OK; model++)
    status = compare(g, model, err);
  if (status != ALF_OK || !alf_bench_prints(g->report))
    return status;
  alf_train_print_shares_head();
  for (int model = 0; model < g->models; model++)
    alf_train_print_shares(&g->outcome[model]);
  return ALF_OK;
}

static alf_status run(const alf_cli_options *options, alf_bench_report *report, alf_error *err)
{
  train_group *g = calloc(1, sizeof *g);
  if (!g)
    return alf_fail_memory(err, sizeof *g);
  g->options = options;
  g->report = report;
  alf_status status = compare_all(g, err);
  alf_corpus_free(&g->text);
  free(g);
  return status;
}

const alf_bench_group alf_bench_group_train = {
    .name = "train",
    .summary = "a step of the language model's training against its matrix products alone; parts; two threads",
    .columns = columns,
    .run = run,
};
