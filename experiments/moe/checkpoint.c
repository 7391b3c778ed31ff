#include "moe/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "alf/new_file.h"
#include "moe/gemm.h"

enum { CONFIG_TEXT = 8192 };
static const char magic[16] = "alflab train 2\n"; /* with its 0 */

alf_status alf_trainer_state_alloc(alf_trainer_state *s, const alf_moe_config *c, int threads, alf_error *err)
{
  alf_balance_settings balance;
  size_t count = (size_t)alf_moe_parameters(&c->shape);
  *s = (alf_trainer_state){0};
  alf_status status = alf_moe_config_balance(c, &balance, err);
  if (status == ALF_OK)
    status = alf_moe_alloc(&s->model, &c->shape, c->seed, threads, err);
  if (status == ALF_OK)
    status = alf_balancer_alloc(&s->balancer, alf_moe_shape_of(s->model), &balance, err);
  if (status == ALF_OK)
    status = alf_moe_history_alloc(&s->history, c, err);
  if (status != ALF_OK)
    return status;
  s->mean = calloc(count, sizeof *s->mean);
  s->square = calloc(count, sizeof *s->square);
  s->cause = calloc((size_t)c->shape.layers, sizeof *s->cause);
  if (!s->mean || !s->square || !s->cause)
    status = alf_fail_memory(err, 2 * count * sizeof *s->mean);
  return status;
}

void alf_trainer_state_free(alf_trainer_state *s)
{
  alf_balancer_free(s->balancer);
  alf_moe_free(s->model);
  alf_moe_history_free(&s->history);
  free(s->mean);
  free(s->square);
  free(s->cause);
  *s = (alf_trainer_state){0};
}

static bool put(FILE *file, const void *memory, size_t size, size_t count)
{
  return fwrite(memory, size, count, file) == count;
}

static bool get(FILE *file, void *memory, size_t size, size_t count)
{
  return fread(memory, size, count, file) == count;
}

/* A layer's shift and rule, and the affinities it was routed by last. */
static bool put_layer(const alf_trainer_state *s, int32_t layer, FILE *file)
{
  const alf_moe_shape *shape = alf_moe_shape_of(s->model);
  alf_iterate_whole whole = alf_balancer_state(s->balancer, layer);
  int64_t n = alf_balancer_step(s->balancer, layer)->n;
  size_t cells = (size_t)(alf_moe_tokens(shape) * shape->experts);
  return put(file, &n, sizeof n, 1) && put(file, &whole.size, sizeof whole.size, 1) &&
         put(file, whole.bytes, 1, whole.size) &&
         put(file, alf_balancer_step(s->balancer, layer)->batch_after->values, sizeof(alf_real), cells);
}

static bool put_all(const alf_trainer_state *s, const alf_moe_config *c, FILE *file)
{
  char text[CONFIG_TEXT] = "", core[ALF_CORE_NAME] = "";
  size_t count = (size_t)alf_moe_parameters(&c->shape);
  alf_moe_config_print(c, text, sizeof text);
  snprintf(core, sizeof core, "%s", alf_gemm_core());
  bool good = put(file, magic, 1, sizeof magic) && put(file, text, 1, sizeof text) &&
              put(file, &s->text, sizeof s->text, 1) && put(file, core, 1, sizeof core) &&
              alf_moe_history_save(&s->history, file) &&
              put(file, alf_moe_parameter(s->model), sizeof(alf_real), count) &&
              put(file, s->mean, sizeof(alf_real), count) && put(file, s->square, sizeof(alf_real), count);
  for (int32_t l = 0; good && s->history.steps > 0 && l < c->shape.layers; l++)
    good = put_layer(s, l, file);
  return good;
}

alf_status alf_checkpoint_write(const alf_trainer_state *s, const alf_moe_config *c, const char *folder, alf_error *err)
{
  char path[4096];
  alf_new_file file = {0};
  snprintf(path, sizeof path, "%s/checkpoint.bin", folder);
  alf_status status = alf_new_file_open(&file, path, err);
  if (status == ALF_OK && !put_all(s, c, file.file))
    status = alf_fail(err, ALF_EIO, "%.400s: cannot be written", path);
  if (status == ALF_OK)
    status = alf_new_file_commit(&file, err);
  alf_new_file_close(&file);
  return status;
}

/* What the balancer resumes from must stay: it lies where the model has the affinities of the last batch but one, which the
   next batch does not touch. */
static alf_status get_layer(alf_trainer_state *s, int32_t layer, FILE *file, const char *path, alf_error *err)
{
  const alf_moe_shape *shape = alf_moe_shape_of(s->model);
  size_t cells = (size_t)(alf_moe_tokens(shape) * shape->experts), size = 0,
         expected = alf_balancer_state(s->balancer, layer).size;
  int64_t n = 0;
  alf_real *affinity = alf_moe_last_affinity(s->model, layer);
  void *state = malloc(expected);
  bool good = state && get(file, &n, sizeof n, 1) && get(file, &size, sizeof size, 1) && size == expected &&
              get(file, state, 1, size) && get(file, affinity, sizeof *affinity, cells);
  alf_status status = good ? alf_balancer_resume(s->balancer, layer, affinity, n, state, size, err)
                           : alf_fail(err, ALF_EFORMAT, "%.400s: ends early or is damaged", path);
  free(state);
  return status;
}

static alf_status get_all(alf_trainer_state *s, const alf_moe_config *c, FILE *file, const char *path, alf_error *err)
{
  char begin[sizeof magic] = "", text[CONFIG_TEXT] = "", own[CONFIG_TEXT] = "", core[ALF_CORE_NAME];
  uint64_t sum = 0;
  size_t count = (size_t)alf_moe_parameters(&c->shape);
  alf_moe_config_print(c, own, sizeof own);
  if (!get(file, begin, 1, sizeof begin) || memcmp(begin, magic, sizeof magic) != 0)
    return alf_fail(err, ALF_EFORMAT, "%.400s: is no checkpoint of alflab train", path);
  if (!get(file, text, 1, sizeof text) || memcmp(text, own, sizeof own) != 0)
    return alf_fail(err, ALF_EFORMAT, "%.300s: is of another config: expected that of this run", path);
  if (!get(file, &sum, sizeof sum, 1) || !get(file, core, 1, sizeof core) || sum != s->text)
    return alf_fail(err, ALF_EFORMAT, "%.300s: is of another text: expected that of this run", path);
  core[sizeof core - 1] = '\0';
  snprintf(s->other_core, sizeof s->other_core, "%s", strcmp(core, alf_gemm_core()) != 0 ? core : "");
  if (!alf_moe_history_load(&s->history, file) || !get(file, alf_moe_parameter(s->model), sizeof(alf_real), count) ||
      !get(file, s->mean, sizeof(alf_real), count) || !get(file, s->square, sizeof(alf_real), count))
    return alf_fail(err, ALF_EFORMAT, "%.400s: ends early or is damaged", path);
  alf_status status = ALF_OK;
  for (int32_t l = 0; status == ALF_OK && s->history.steps > 0 && l < c->shape.layers; l++)
    status = get_layer(s, l, file, path, err);
  return status;
}

alf_status alf_checkpoint_read(alf_trainer_state *s, const alf_moe_config *c, const char *folder, alf_error *err)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/checkpoint.bin", folder);
  FILE *file = fopen(path, "rb");
  if (!file)
    return alf_fail(err, ALF_EIO, "%.400s: cannot be opened", path);
  alf_status status = get_all(s, c, file, path, err);
  fclose(file);
  return status;
}
