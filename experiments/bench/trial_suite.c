#include "bench/trial_suite.h"

#include <stdio.h>
#include <string.h>

#include "cli/demo.h"
#include "cli/input.h"
#include "cli/interrupt.h"

enum {
  UPDATES = 200,
  QUICK_UPDATES = 60,
  MOST_LAYERS = 8, /* a source of more batches is a stream */
  MOST_BATCHES = 1000
};

/* A family with its shape, or the name of a trace without one. */
typedef struct entry {
  const char *family, *parameters;
  int tokens, experts, topk;
  alf_trial_class class;
  bool formats;
} entry;

/* Formats are compared on few experts with a target of 512 slots: bfloat16 counts to 256. */
static const entry suite[] = {
    {"uniform", "", 512, 64, 8, ALF_TRIAL_BATCH, false},
    {"softmax", ",skew=1", 1024, 64, 8, ALF_TRIAL_BATCH, false},
    {"softmax", ",skew=3", 512, 64, 8, ALF_TRIAL_BATCH, false},
    {"softmax", ",skew=1", 2048, 16, 4, ALF_TRIAL_BATCH, true},
    {"gauss_sigmoid", ",skew=0.5", 512, 64, 8, ALF_TRIAL_BATCH, false},
    {"grid", ",levels=8", 512, 64, 8, ALF_TRIAL_BATCH, false},
    {"early", ",noise=0.001", 512, 64, 6, ALF_TRIAL_BATCH, false},
    {"router_unbalanced_step160.npy@1", NULL, 0, 0, 6, ALF_TRIAL_BATCH, false},
    {"router_sign_step200.npy@1", NULL, 0, 0, 6, ALF_TRIAL_BATCH, false},
    {"softmax", ",skew=1", 1024, 64, 8, ALF_TRIAL_FRESH, false},
    {"softmax", ",skew=1", 2048, 16, 4, ALF_TRIAL_FRESH, true},
    {"gauss_sigmoid", ",skew=0.5", 1024, 64, 8, ALF_TRIAL_FRESH, false},
    {"drift", ",skew=1,period=200", 1024, 64, 8, ALF_TRIAL_DRIFT, false},
    {"drift", ",skew=1,period=20", 1024, 64, 8, ALF_TRIAL_DRIFT, false},
    {"router_sign_stream_layer1.npy", NULL, 0, 0, 6, ALF_TRIAL_STREAM, false},
};

static const entry quick_suite[] = {
    {"softmax", ",skew=1", 512, 16, 4, ALF_TRIAL_BATCH, true},
    {"grid", ",levels=8", 256, 16, 4, ALF_TRIAL_BATCH, false},
    {"softmax", ",skew=1", 256, 16, 4, ALF_TRIAL_FRESH, false},
    {"drift", ",skew=1,period=20", 256, 16, 4, ALF_TRIAL_DRIFT, false},
    {"router_sign_stream_layer1.npy", NULL, 0, 0, 6, ALF_TRIAL_STREAM, false},
};

enum { SUITE = sizeof suite / sizeof *suite, QUICK_SUITE = sizeof quick_suite / sizeof *quick_suite };

/* Who takes instances. */
typedef struct tour {
  const alf_cli_options *options;
  alf_trial_visit visit;
  void *context;
} tour;

alf_trial_settings alf_trial_settings_of(const alf_cli_options *options)
{
  return (alf_trial_settings){.threads = (int)options->threads, .coarse = options->quick, .stop = alf_cli_interrupted};
}

/* Reads the next batches of the source, as many as the instance has, and lends them. */
static alf_status visit(const tour *t, alf_source *source, alf_trial_instance *instance, alf_error *err)
{
  alf_trial_settings settings = alf_trial_settings_of(t->options);
  alf_status status = alf_trial_instance_read(instance, source, &settings, err);
  if (status == ALF_OK)
    status = t->visit(t->context, instance, err);
  alf_trial_instance_free(instance);
  return status;
}

static int64_t usual_updates(const alf_cli_options *options)
{
  return options->quick ? QUICK_UPDATES : UPDATES;
}

static alf_status visit_family(const tour *t, const entry *e, alf_error *err)
{
  alf_trial_instance instance = {
      .class = e->class, .topk = e->topk, .formats = e->formats, .updates = usual_updates(t->options), .batches = 1};
  char batches[40] = "";
  if (e->class != ALF_TRIAL_BATCH)
    instance.batches = instance.updates + 1;
  if (instance.batches > 1)
    snprintf(batches, sizeof batches, ",batches=%lld", (long long)instance.batches);
  snprintf(instance.name, sizeof instance.name, "%s:T=%d,E=%d%s%s", e->family, e->tokens, e->experts, e->parameters,
           batches);
  alf_source *source = NULL;
  alf_status status = alf_source_open(&source, instance.name, (uint64_t)t->options->seed, err);
  if (status == ALF_OK)
    status = visit(t, source, &instance, err);
  alf_source_close(source);
  return status;
}

static const char *without_folders(const char *input)
{
  const char *slash = strrchr(input, '/');
  return slash && slash[1] ? slash + 1 : input;
}

/* The batches of an open source one by one, or together where it is a stream. */
static alf_status visit_batches(const tour *t, alf_source *source, const char *name, int topk, alf_error *err)
{
  int64_t batches = alf_source_describe(source)->batches;
  alf_status status = ALF_OK;
  if (batches > MOST_LAYERS) {
    batches = batches > MOST_BATCHES ? MOST_BATCHES : batches;
    int64_t usual = usual_updates(t->options);
    alf_trial_instance stream = {
        .class = ALF_TRIAL_STREAM, .topk = topk, .updates = batches > usual ? batches - 1 : usual, .batches = batches};
    snprintf(stream.name, sizeof stream.name, "%.150s", name);
    return visit(t, source, &stream, err);
  }
  for (int64_t b = 0; b < batches && status == ALF_OK; b++) {
    alf_trial_instance layer = {
        .class = ALF_TRIAL_BATCH, .topk = topk, .updates = usual_updates(t->options), .batches = 1};
    if (batches > 1)
      snprintf(layer.name, sizeof layer.name, "%.150s@%lld", name, (long long)b);
    else
      snprintf(layer.name, sizeof layer.name, "%.150s", name);
    status = visit(t, source, &layer, err);
  }
  return status;
}

static alf_status visit_input(const tour *t, const char *input, int topk, alf_error *err)
{
  alf_source *source = NULL;
  alf_status status = alf_cli_open(&source, input, t->options, err);
  if (status == ALF_OK)
    status = visit_batches(t, source, without_folders(input), topk, err);
  alf_source_close(source);
  return status;
}

static alf_status visit_trace(const tour *t, const entry *e, alf_error *err)
{
  char path[ALF_DEMO_PATH];
  alf_status status = alf_demo_data_path(e->family, path, err);
  return status == ALF_OK ? visit_input(t, path, e->topk, err) : status;
}

int alf_trial_suite_size(const alf_cli_options *options)
{
  return options->arguments ? options->arguments : options->quick ? QUICK_SUITE : SUITE;
}

alf_status alf_trial_each_instance(const alf_cli_options *options, alf_trial_visit take, void *context, alf_error *err)
{
  tour t = {options, take, context};
  const entry *table = options->quick ? quick_suite : suite;
  alf_status status = ALF_OK;
  for (int i = 0; i < options->arguments && status == ALF_OK; i++)
    status = visit_input(&t, options->argument[i], (int)options->topk, err);
  for (int i = 0; !options->arguments && i < alf_trial_suite_size(options) && status == ALF_OK; i++)
    status = table[i].parameters ? visit_family(&t, &table[i], err) : visit_trace(&t, &table[i], err);
  return status;
}
