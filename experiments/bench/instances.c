#include "bench/instances.h"

#include <stdio.h>
#include <string.h>

#include "cli/demo.h"
#include "cli/input.h"

/* A family with its parameters but for the shape. */
typedef struct synthetic {
  const char *family, *parameters;
  int tokens, experts, topk;
  int quick_tokens; /* with --quick; 0: not at all */
  unsigned against;
} synthetic;

enum {
  W = ALF_BENCH_WARM,
  L = ALF_BENCH_LEMON,
  C = ALF_BENCH_CLP,
  S = ALF_BENCH_SIMPLEX,
  MOST_LAYERS = 8,   /* a file of more batches is a stream */
  SMALL = 4096 * 64, /* cells up to which CLP takes part */
};

static const synthetic synthetics[] = {
    {"softmax", "skew=1", 4096, 64, 6, 4096, W | L | C},
    {"softmax", "skew=1", 16384, 64, 8, 16384, W | L | S},
    {"softmax", "skew=1", 65536, 64, 8, 0, W},
    {"softmax", "skew=1", 262144, 64, 8, 0, 0},
    {"softmax", "skew=1", 1048576, 64, 8, 0, 0},
    {"softmax", "skew=1", 65536, 256, 8, 0, W | L},
    {"early", "noise=0.001", 4096, 64, 6, 4096, L},
    {"early", "noise=0.00001", 16384, 64, 6, 0, L},
    {"softmax", "skew=3", 16384, 64, 8, 4096, W | L},
    {"softmax", "skew=5", 16384, 64, 8, 4096, W | L},
    {"softmax", "skew=1,temperature=0.1", 16384, 64, 8, 4096, W | L},
    {"grid", "levels=8", 16384, 64, 8, 4096, W | L},
    {"adversarial", "kind=0", 16384, 64, 8, 4096, W | L},
    {"adversarial", "kind=1", 16384, 64, 8, 4096, W | L},
    {"adversarial", "kind=2", 16384, 64, 8, 4096, W | L},
};

static const synthetic large[] = {
    {"softmax", "skew=1", 65536, 256, 8, 0, 0},
    {"softmax", "skew=1", 1048576, 64, 8, 65536, 0},
};

static const char *const traces[] = {"router_unbalanced_step160.npy", "router_sign_step200.npy",
                                     "router_sign_stream_layer1.npy"};

/* Who gives and who takes instances. */
typedef struct tour {
  const alf_cli_options *options;
  alf_bench_visit visit;
  void *context;
} tour;

/* All batches of an open source, one below the other, as the type they are stored in. */
static alf_status pool(alf_source *source, alf_affinity *all, alf_error *err)
{
  const alf_source_info *info = alf_source_describe(source);
  alf_affinity batch = {0};
  alf_status status = alf_affinity_alloc(all, info->dtype, info->batches * info->tokens, info->experts, err);
  size_t bytes =
      (size_t)info->tokens * (size_t)info->experts * (info->dtype == ALF_FLOAT32 ? sizeof(float) : sizeof(double));
  for (int64_t b = 0; b < info->batches && status == ALF_OK; b++) {
    status = alf_source_next(source, &batch, err);
    if (status == ALF_OK)
      memcpy((char *)all->storage + (size_t)b * bytes, batch.values, bytes);
  }
  alf_affinity_free(&batch);
  return status;
}

/* The instance keeps only the dyadic batch while it is visited. */
static alf_status visit_source(const tour *t, alf_source *source, alf_bench_instance *instance, bool pooled,
                               alf_error *err)
{
  alf_affinity raw = {0};
  alf_status status = pooled ? pool(source, &raw, err) : alf_source_next(source, &raw, err);
  if (status == ALF_OK)
    status = alf_affinity_take(&raw, ALF_DYADIC, &instance->batch, err);
  alf_affinity_free(&raw);
  if (status == ALF_OK)
    status = t->visit(t->context, instance, err);
  alf_affinity_free(&instance->batch);
  return status;
}

static alf_status visit_synthetics(const tour *t, const synthetic *table, size_t count, alf_error *err)
{
  alf_status status = ALF_OK;
  for (size_t i = 0; i < count && status == ALF_OK; i++) {
    const synthetic *s = &table[i];
    int tokens = t->options->quick ? s->quick_tokens : s->tokens;
    alf_bench_instance instance = {.topk = s->topk, .against = s->against};
    alf_source *source = NULL;
    if (tokens == 0)
      continue;
    snprintf(instance.name, sizeof instance.name, "%s:T=%d,E=%d,%s", s->family, tokens, s->experts, s->parameters);
    status = alf_source_open(&source, instance.name, (uint64_t)t->options->seed, err);
    if (status == ALF_OK)
      status = visit_source(t, source, &instance, false, err);
    alf_source_close(source);
  }
  return status;
}

static const char *without_folders(const char *input)
{
  const char *slash = strrchr(input, '/');
  return slash && slash[1] ? slash + 1 : input;
}

static alf_status visit_input(const tour *t, const char *input, alf_error *err)
{
  alf_source *source = NULL;
  alf_status status = alf_cli_open(&source, input, t->options, err);
  const alf_source_info *info = status == ALF_OK ? alf_source_describe(source) : NULL;
  bool pooled = info && info->batches > MOST_LAYERS;
  int64_t rows = !info ? 0 : pooled ? 1 : info->batches;
  int64_t cells = info ? info->tokens * info->experts * (pooled ? info->batches : 1) : 0;
  for (int64_t b = 0; b < rows && status == ALF_OK; b++) {
    alf_bench_instance instance = {.topk = (int32_t)t->options->topk, .against = W | L | (cells <= SMALL ? C : 0)};
    const char *name = without_folders(input);
    if (pooled)
      snprintf(instance.name, sizeof instance.name, "%.150s, all %lld", name, (long long)info->batches);
    else if (rows > 1)
      snprintf(instance.name, sizeof instance.name, "%.150s@%lld", name, (long long)b);
    else
      snprintf(instance.name, sizeof instance.name, "%.150s", name);
    status = visit_source(t, source, &instance, pooled, err);
  }
  alf_source_close(source);
  return status;
}

static alf_status visit_traces(const tour *t, alf_error *err)
{
  alf_status status = ALF_OK;
  for (size_t i = 0; i < sizeof traces / sizeof *traces && status == ALF_OK; i++) {
    char path[ALF_DEMO_PATH];
    status = alf_demo_data_path(traces[i], path, err);
    if (status == ALF_OK)
      status = visit_input(t, path, err);
  }
  return status;
}

alf_status alf_bench_check_inputs(const alf_cli_options *options, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int i = 0; i < options->arguments && status == ALF_OK; i++) {
    alf_source *source = NULL;
    status = alf_cli_open(&source, options->argument[i], options, err);
    alf_source_close(source);
  }
  return status;
}

alf_status alf_bench_each_instance(const alf_cli_options *options, alf_bench_visit visit, void *context, alf_error *err)
{
  tour t = {options, visit, context};
  alf_status status = visit_synthetics(&t, synthetics, sizeof synthetics / sizeof *synthetics, err);
  for (int i = 0; i < options->arguments && status == ALF_OK; i++)
    status = visit_input(&t, options->argument[i], err);
  return status == ALF_OK && options->arguments == 0 ? visit_traces(&t, err) : status;
}

alf_status alf_bench_each_large(const alf_cli_options *options, alf_bench_visit visit, void *context, alf_error *err)
{
  tour t = {options, visit, context};
  return visit_synthetics(&t, large, sizeof large / sizeof *large, err);
}
