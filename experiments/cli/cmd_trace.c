#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/npy.h"
#include "cli/catalogue.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/number.h"
#include "cli/output.h"
#include "cli/overwrite.h"

/* What trace info says about the values of all batches. */
typedef struct summary {
  double minimum, maximum, total;
  double smallest_row, largest_row; /* sums over the experts of one token */
} summary;

static void summarise(const alf_affinity *batch, summary *s)
{
  for (int64_t i = 0; i < batch->tokens; i++) {
    double row = 0;
    for (int32_t k = 0; k < batch->experts; k++) {
      double value = alf_affinity_get(batch, i, k);
      s->minimum = fmin(s->minimum, value);
      s->maximum = fmax(s->maximum, value);
      row += value;
    }
    s->total += row;
    s->smallest_row = fmin(s->smallest_row, row);
    s->largest_row = fmax(s->largest_row, row);
  }
}

static alf_status print_info(const alf_source_info *info, const summary *s, bool json, alf_error *err)
{
  const char *dtype = info->dtype == ALF_FLOAT32 ? "f4" : "f8";
  double mean = s->total / ((double)info->batches * (double)info->tokens * info->experts);
  if (json)
    return alf_cli_print_json(json_pack("{ss ss sI sI si sf sf sf sf sf}", "kind", info->kind, "dtype", dtype,
                                        "batches", (json_int_t)info->batches, "tokens", (json_int_t)info->tokens,
                                        "experts", (int)info->experts, "minimum", s->minimum, "maximum", s->maximum,
                                        "mean", mean, "min_row_sum", s->smallest_row, "max_row_sum", s->largest_row),
                              err);
  alf_cli_row("kind", "%s", info->kind);
  alf_cli_row("dtype", "%s", dtype);
  alf_cli_row("batches", "%lld", (long long)info->batches);
  alf_cli_row("tokens", "%lld", (long long)info->tokens);
  alf_cli_row("experts", "%d", info->experts);
  alf_cli_row("minimum", "%.9g", s->minimum);
  alf_cli_row("maximum", "%.9g", s->maximum);
  alf_cli_row("mean", "%.9g", mean);
  alf_cli_row("min_row_sum", "%.9g", s->smallest_row);
  alf_cli_row("max_row_sum", "%.9g", s->largest_row);
  return ALF_OK;
}

static int run_info(const alf_cli_options *options, alf_error *err)
{
  alf_source *source = NULL;
  alf_affinity batch = {0};
  summary s = {INFINITY, -INFINITY, 0, INFINITY, -INFINITY};
  alf_status status = alf_cli_open(&source, options->argument[0], options, err);
  while (status == ALF_OK && (status = alf_source_next(source, &batch, err)) == ALF_OK)
    summarise(&batch, &s);
  if (status == ALF_EEND) {
    *err = (alf_error){0};
    status = print_info(alf_source_describe(source), &s, options->json, err);
  }
  alf_affinity_free(&batch);
  alf_source_close(source);
  return alf_cli_exit_code(status);
}

/* Part of a source: `tokens` tokens of the batches from..to − 1, as elements of `dtype`. */
typedef struct selection {
  int64_t from, to, tokens;
  alf_dtype dtype;
} selection;

static void copy_values(const alf_affinity *batch, const selection *part, unsigned char *target)
{
  int64_t count = part->tokens * batch->experts;
  size_t size = part->dtype == ALF_FLOAT32 ? sizeof(float) : sizeof(double);
  if (batch->dtype == part->dtype) {
    memcpy(target, batch->values, (size_t)count * size);
    return;
  }
  for (int64_t i = 0; i < count; i++) {
    double value = alf_affinity_get(batch, i / batch->experts, (int32_t)(i % batch->experts));
    if (part->dtype == ALF_FLOAT32)
      ((float *)(void *)target)[i] = (float)value;
    else
      ((double *)(void *)target)[i] = value;
  }
}

static alf_status read_selection(alf_source *source, const selection *part, unsigned char *values, alf_error *err)
{
  size_t size = part->dtype == ALF_FLOAT32 ? sizeof(float) : sizeof(double);
  size_t stride = (size_t)part->tokens * (size_t)alf_source_describe(source)->experts * size;
  alf_affinity batch = {0};
  alf_status status = ALF_OK;
  for (int64_t b = 0; status == ALF_OK && b < part->to; b++) {
    status = alf_cli_interrupted() ? alf_fail(err, ALF_EINTERRUPTED, "interrupted: nothing was written")
                                   : alf_source_next(source, &batch, err);
    if (status == ALF_OK && b >= part->from)
      copy_values(&batch, part, values + (size_t)(b - part->from) * stride);
  }
  alf_affinity_free(&batch);
  return status;
}

/* One batch gives a 2-D array, several give a 3-D one. */
static alf_status write_selection(alf_source *source, const selection *part, const char *path, alf_error *err)
{
  int64_t shape[3] = {part->to - part->from, part->tokens, alf_source_describe(source)->experts};
  int dims = shape[0] > 1 ? 3 : 2;
  size_t bytes = part->dtype == ALF_FLOAT32 ? sizeof(float) : sizeof(double);
  for (int i = 0; i < 3; i++)
    if (__builtin_mul_overflow(bytes, (size_t)shape[i], &bytes))
      return alf_fail(err, ALF_ENOMEM, "%s: %lld batches of %lld tokens exceed the address space", path,
                      (long long)shape[0], (long long)shape[1]);
  unsigned char *values = malloc(bytes);
  if (!values)
    return alf_fail_memory(err, bytes);
  alf_status status = read_selection(source, part, values, err);
  if (status == ALF_OK)
    status = alf_npy_write(path, part->dtype, dims, shape + 3 - dims, values, err);
  free(values);
  return status;
}

static alf_status select_part(const alf_cli_options *options, const alf_source_info *info, selection *part,
                              alf_error *err)
{
  *part = (selection){0, info->batches, info->tokens, info->dtype};
  if (options->tokens > info->tokens)
    return alf_fail(err, ALF_EINVAL, "--tokens %lld: expected 1..%lld", (long long)options->tokens,
                    (long long)info->tokens);
  if (options->tokens)
    part->tokens = options->tokens;
  if (options->batches && (!alf_cli_read_range(options->batches, &part->from, &part->to) || part->to > info->batches))
    return alf_fail(err, ALF_EINVAL, "--batches %s: expected A:B with 0 <= A < B <= %lld", options->batches,
                    (long long)info->batches);
  return ALF_OK;
}

static int run_cut(const alf_cli_options *options, alf_error *err)
{
  alf_source *source = NULL;
  selection part = {0};
  alf_status status = alf_cli_check_copy(options->argument[0], options->argument[1], err);
  if (status == ALF_OK)
    status = alf_cli_open(&source, options->argument[0], options, err);
  if (status == ALF_OK)
    status = select_part(options, alf_source_describe(source), &part, err);
  if (status == ALF_OK)
    status = write_selection(source, &part, options->argument[1], err);
  alf_source_close(source);
  return alf_cli_exit_code(status);
}

static alf_status check_family(const char *spec, alf_error *err)
{
  char name[64] = "";
  snprintf(name, sizeof name, "%.*s", (int)strcspn(spec, ":"), spec);
  for (int i = 0; alf_families[i]; i++)
    if (!strcmp(alf_families[i]->name, name))
      return ALF_OK;
  return alf_cli_fail_name("", name, "sources", err);
}

static int run_synth(const alf_cli_options *options, alf_error *err)
{
  bool single = !strcmp(options->dtype, "f4");
  if (!single && strcmp(options->dtype, "f8"))
    return alf_cli_exit_code(alf_fail(err, ALF_EINVAL, "--dtype %s: expected f4 or f8", options->dtype));
  alf_source *source = NULL;
  alf_status status = check_family(options->argument[0], err);
  if (status == ALF_OK)
    status = alf_cli_open(&source, options->argument[0], options, err);
  if (status == ALF_OK) {
    const alf_source_info *info = alf_source_describe(source);
    selection all = {0, info->batches, info->tokens, single ? ALF_FLOAT32 : ALF_FLOAT64};
    status = write_selection(source, &all, options->argument[1], err);
  }
  alf_source_close(source);
  return alf_cli_exit_code(status);
}

const alf_cli_command alf_cli_command_trace_info = {
    .name = "trace info",
    .summary = "Shape and range of the affinities of an input; checks every value",
    .arguments = "INPUT",
    .fewest = 1,
    .most = 1,
    .run = run_info,
};

const alf_cli_command alf_cli_command_trace_cut = {
    .name = "trace cut",
    .summary = "Cut a smaller trace out of a larger one",
    .arguments = "INPUT OUT.npy",
    .fewest = 2,
    .most = 2,
    .details = "The element type stays. One batch gives a 2-D array, several give a 3-D one.",
    .run = run_cut,
};

const alf_cli_command alf_cli_command_trace_synth = {
    .name = "trace synth",
    .summary = "Write a synthetic family as an .npy file",
    .arguments = "FAMILY OUT.npy",
    .fewest = 2,
    .most = 2,
    .details = "FAMILY is a family with its parameters, uniform:T=1024,E=64,seed=1; see alflab list sources.",
    .run = run_synth,
};
