#include "moe/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/new_file.h"
#include "alf/npy.h"

alf_status alf_moe_history_alloc(alf_moe_history *h, const alf_moe_config *c, alf_error *err)
{
  size_t room = (size_t)c->steps, layers = (size_t)c->shape.layers, experts = (size_t)c->shape.experts;
  size_t trace = layers * (size_t)c->traces * (size_t)alf_moe_tokens(&c->shape) * experts;
  *h = (alf_moe_history){.room = c->steps,
                         .layers = c->shape.layers,
                         .experts = c->shape.experts,
                         .tokens = alf_moe_tokens(&c->shape),
                         .most_traces = c->traces};
  h->step = calloc(room, sizeof *h->step);
  h->layer = calloc(room * layers, sizeof *h->layer);
  h->load = calloc(room * layers * experts, sizeof *h->load);
  h->shift = calloc(room * layers * experts, sizeof *h->shift);
  h->trace = calloc(trace + 1, sizeof *h->trace);
  if (h->step && h->layer && h->load && h->shift && h->trace)
    return ALF_OK;
  alf_moe_history_free(h);
  return alf_fail_memory(err, 2 * room * layers * experts * sizeof(double) + trace * sizeof(float));
}

void alf_moe_history_free(alf_moe_history *h)
{
  free(h->step);
  free(h->layer);
  free(h->load);
  free(h->shift);
  free(h->trace);
  *h = (alf_moe_history){0};
}

double *alf_moe_history_row(const alf_moe_history *h, double *array, int32_t layer, int64_t step)
{
  return array + (layer * h->room + step) * h->experts;
}

float *alf_moe_history_trace(const alf_moe_history *h, int32_t layer, int trace)
{
  return h->trace + ((int64_t)layer * h->most_traces + trace) * h->tokens * h->experts;
}

static void put(FILE *csv, double value)
{
  if (isfinite(value))
    fprintf(csv, ",%.9g", value);
  else
    fputc(',', csv);
}

static void write_steps(const alf_moe_history *h, FILE *csv)
{
  fprintf(csv, "step,loss,auxiliary,rate,gradient_norm,validation\n");
  for (int64_t n = 0; n < h->steps; n++) {
    const alf_moe_step_record *r = &h->step[n];
    fprintf(csv, "%lld", (long long)n);
    put(csv, r->loss);
    put(csv, r->auxiliary);
    put(csv, r->rate);
    put(csv, r->gradient_norm);
    put(csv, r->validation);
    fputc('\n', csv);
  }
}

static void write_layers(const alf_moe_history *h, FILE *csv)
{
  fprintf(csv, "step,layer,max_violation,load_entropy,dead_experts,objective,optimum,gap,prices_inside,price_distance,"
               "price_correlation\n");
  for (int64_t j = 0; j < h->steps * h->layers; j++) {
    const alf_moe_layer_record *r = &h->layer[j];
    fprintf(csv, "%lld,%lld", (long long)(j / h->layers), (long long)(j % h->layers));
    put(csv, r->max_violation);
    put(csv, r->entropy);
    put(csv, r->dead);
    put(csv, r->objective);
    put(csv, r->optimum);
    put(csv, r->gap);
    put(csv, r->inside);
    put(csv, r->outside);
    put(csv, r->correlation);
    fputc('\n', csv);
  }
}

static alf_status write_csv(const alf_moe_history *h, const char *folder, const char *name,
                            void (*write)(const alf_moe_history *, FILE *), alf_error *err)
{
  char path[4096];
  alf_new_file file = {0};
  snprintf(path, sizeof path, "%s/%s", folder, name);
  alf_status status = alf_new_file_open(&file, path, err);
  if (status == ALF_OK) {
    write(h, file.file);
    status = alf_new_file_commit(&file, err);
  }
  alf_new_file_close(&file);
  return status;
}

static alf_status write_rows(const alf_moe_history *h, const char *folder, const char *name, int32_t layer,
                             double *array, alf_error *err)
{
  char path[4096];
  const int64_t shape[] = {h->steps, h->experts};
  snprintf(path, sizeof path, "%s/%s_layer%d.npy", folder, name, layer);
  return alf_npy_write(path, ALF_FLOAT64, 2, shape, alf_moe_history_row(h, array, layer, 0), err);
}

/* The shift that each traced batch was routed with. */
static alf_status write_trace_shifts(const alf_moe_history *h, const alf_moe_config *c, const char *folder,
                                     int32_t layer, alf_error *err)
{
  char path[4096];
  alf_npy_rows rows = {0};
  snprintf(path, sizeof path, "%s/trace_shift_layer%d.npy", folder, layer);
  alf_status status = alf_npy_rows_open(&rows, path, h->experts, err);
  for (int t = 0; status == ALF_OK && t < h->traces; t++)
    alf_npy_rows_append(&rows, alf_moe_history_row(h, h->shift, layer, c->trace[t]));
  if (status == ALF_OK)
    status = alf_npy_rows_commit(&rows, err);
  alf_npy_rows_close(&rows);
  return status;
}

static alf_status write_trace(const alf_moe_history *h, const alf_moe_config *c, const char *folder, int32_t layer,
                              alf_error *err)
{
  char path[4096];
  const int64_t shape[] = {h->traces, h->tokens, h->experts};
  if (!h->traces)
    return ALF_OK;
  snprintf(path, sizeof path, "%s/trace_layer%d.npy", folder, layer);
  alf_status status = alf_npy_write(path, ALF_FLOAT32, 3, shape, alf_moe_history_trace(h, layer, 0), err);
  return status == ALF_OK ? write_trace_shifts(h, c, folder, layer, err) : status;
}

alf_status alf_moe_history_write(const alf_moe_history *h, const alf_moe_config *c, const char *folder, alf_error *err)
{
  alf_status status = write_csv(h, folder, "steps.csv", write_steps, err);
  if (status == ALF_OK)
    status = write_csv(h, folder, "layers.csv", write_layers, err);
  for (int32_t l = 0; status == ALF_OK && h->steps > 0 && l < h->layers; l++) {
    status = write_rows(h, folder, "loads", l, h->load, err);
    if (status == ALF_OK)
      status = write_rows(h, folder, "shifts", l, h->shift, err);
    if (status == ALF_OK)
      status = write_trace(h, c, folder, l, err);
  }
  return status;
}

/* One block, to the file or from it. */
static bool pass(void *memory, size_t size, size_t count, FILE *file, bool save)
{
  return count == 0 || (save ? fwrite(memory, size, count, file) : fread(memory, size, count, file)) == count;
}

static bool pass_all(alf_moe_history *h, FILE *file, bool save)
{
  bool good = pass(&h->steps, sizeof h->steps, 1, file, save) && pass(&h->traces, sizeof h->traces, 1, file, save);
  if (!good || h->steps < 0 || h->steps > h->room || h->traces < 0 || h->traces > h->most_traces)
    return false;
  good = pass(h->step, sizeof *h->step, (size_t)h->steps, file, save) &&
         pass(h->layer, sizeof *h->layer, (size_t)(h->steps * h->layers), file, save);
  for (int32_t l = 0; good && l < h->layers; l++) {
    size_t rows = (size_t)(h->steps * h->experts), cells = (size_t)(h->traces * h->tokens * h->experts);
    good = pass(alf_moe_history_row(h, h->load, l, 0), sizeof(double), rows, file, save) &&
           pass(alf_moe_history_row(h, h->shift, l, 0), sizeof(double), rows, file, save) &&
           pass(alf_moe_history_trace(h, l, 0), sizeof(float), cells, file, save);
  }
  return good;
}

bool alf_moe_history_save(const alf_moe_history *h, FILE *file)
{
  alf_moe_history copy = *h;
  return pass_all(&copy, file, true);
}

bool alf_moe_history_load(alf_moe_history *h, FILE *file)
{
  return pass_all(h, file, false);
}
