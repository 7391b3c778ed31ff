#include "bench/instances.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/demo.h"
#include "cli/input.h"

enum {
  MOST_LAYERS = 8,   /* a file of more batches is a stream */
  SMALL = 4096 * 64, /* cells up to which CLP takes part */
};

static const char *const traces[] = {"router_start_layer0.npy", "router_unbalanced_step160.npy",
                                     "router_sign_step200.npy", "router_sign_stream_layer1.npy"};

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

/* Frees `raw`, or hands it over. */
static alf_status to_single(alf_affinity *raw, alf_affinity *single, alf_error *err)
{
  if (raw->dtype == ALF_FLOAT32) {
    *single = *raw;
    *raw = (alf_affinity){0};
    return ALF_OK;
  }
  alf_status status = alf_affinity_alloc(single, ALF_FLOAT32, raw->tokens, raw->experts, err);
  const double *from = raw->values;
  float *to = single->storage;
  int64_t cells = raw->tokens * raw->experts;
  for (int64_t c = 0; c < cells && status == ALF_OK; c++) {
    to[c] = (float)from[c];
    if (isinf(to[c]))
      status = alf_fail(err, ALF_ERANGE, "token %lld, expert %lld: %g: expected what single precision can hold",
                        (long long)(c / raw->experts), (long long)(c % raw->experts), from[c]);
  }
  alf_affinity_free(raw);
  return status;
}

/* The instance keeps only the batch of the tour's type while it is visited. */
static alf_status visit_source(const alf_bench_tour *t, alf_source *source, alf_bench_instance *instance, bool pooled,
                               alf_error *err)
{
  alf_affinity raw = {0};
  alf_status status = pooled ? pool(source, &raw, err) : alf_source_next(source, &raw, err);
  if (status == ALF_OK)
    status = t->dtype == ALF_FLOAT32 ? to_single(&raw, &instance->batch, err)
                                     : alf_affinity_take(&raw, t->dtype, &instance->batch, err);
  alf_affinity_free(&raw);
  if (status == ALF_OK)
    status = t->visit(t->context, instance, err);
  alf_affinity_free(&instance->batch);
  return status;
}

alf_status alf_bench_each_synthetic(const alf_bench_tour *t, const alf_bench_synthetic *table, size_t count,
                                    alf_error *err)
{
  alf_status status = ALF_OK;
  for (size_t i = 0; i < count && status == ALF_OK; i++) {
    const alf_bench_synthetic *s = &table[i];
    int tokens = t->options->quick ? s->quick_tokens : s->tokens;
    alf_bench_instance instance = {.topk = s->topk, .against = s->against};
    alf_source *source = NULL;
    if (tokens == 0)
      continue;
    snprintf(instance.name, sizeof instance.name, "%s:T=%d,E=%d%s%s", s->family, tokens, s->experts,
             s->parameters[0] ? "," : "", s->parameters);
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

static alf_status visit_input(const alf_bench_tour *t, const char *input, alf_error *err)
{
  alf_source *source = NULL;
  alf_status status = alf_cli_open(&source, input, t->options, err);
  const alf_source_info *info = status == ALF_OK ? alf_source_describe(source) : NULL;
  bool pooled = info && info->batches > MOST_LAYERS;
  int64_t rows = !info ? 0 : pooled ? 1 : info->batches;
  int64_t cells = info ? info->tokens * info->experts * (pooled ? info->batches : 1) : 0;
  for (int64_t b = 0; b < rows && status == ALF_OK; b++) {
    alf_bench_instance instance = {.topk = (int32_t)t->options->topk, .against = ALF_BENCH_WARM | ALF_BENCH_LEMON};
    instance.against |= cells <= SMALL ? ALF_BENCH_CLP : 0;
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

static alf_status visit_traces(const alf_bench_tour *t, alf_error *err)
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

alf_status alf_bench_each_input(const alf_bench_tour *t, alf_error *err)
{
  alf_status status = ALF_OK;
  for (int i = 0; i < t->options->arguments && status == ALF_OK; i++)
    status = visit_input(t, t->options->argument[i], err);
  return status == ALF_OK && t->options->arguments == 0 ? visit_traces(t, err) : status;
}
