#include "moe/config.h"

#include <ini.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum kind { INT32, INT64, REAL, FLAG, TEXT, STEPS } kind;

/* One key: where it goes and what it may be. */
typedef struct key {
  const char *name;
  kind kind;
  size_t field;
  double least, most;
} key;

#define AT(field) offsetof(alf_moe_config, field)

static const key keys[] = {{"model.width", INT32, AT(shape.width), 2, 65536},
                           {"model.heads", INT32, AT(shape.heads), 1, 1024},
                           {"model.layers", INT32, AT(shape.layers), 1, 1000},
                           {"model.experts", INT32, AT(shape.experts), 2, ALF_MAX_EXPERTS},
                           {"model.topk", INT32, AT(shape.topk), 1, ALF_MAX_EXPERTS - 1},
                           {"model.hidden", INT32, AT(shape.hidden), 1, 65536},
                           {"model.shared", INT32, AT(shape.shared), 0, 64},
                           {"model.context", INT32, AT(shape.context), 2, 65536},
                           {"model.sigmoid", FLAG, AT(shape.sigmoid), 0, 1},
                           {"training.sequences", INT32, AT(shape.sequences), 1, 65536},
                           {"training.steps", INT64, AT(steps), 1, 1e12},
                           {"training.warm_up", INT64, AT(warm_up), 1, 1e12},
                           {"training.rate", REAL, AT(rate), 0, 10},
                           {"training.least_rate", REAL, AT(least_rate), 0, 1},
                           {"training.first", REAL, AT(first), 0, 0.999999},
                           {"training.second", REAL, AT(second), 0, 0.999999},
                           {"training.decay", REAL, AT(decay), 0, 10},
                           {"training.clip", REAL, AT(clip), 0, 1e9},
                           {"training.seed", INT64, AT(seed), 0, 9e15},
                           {"training.validate_every", INT64, AT(validate_every), 1, 1e12},
                           {"training.validation_batches", INT64, AT(validation_batches), 1, 1e6},
                           {"training.checkpoint_every", INT64, AT(checkpoint_every), 0, 1e12},
                           {"training.measure_every", INT64, AT(measure_every), 1, 1e12},
                           {"balance.rule", TEXT, AT(rule), 0, 0},
                           {"balance.schedule", TEXT, AT(schedule), 0, 0},
                           {"balance.u", REAL, AT(u), 0, 1e15},
                           {"balance.auxiliary", REAL, AT(shape.auxiliary), 0, 1e9},
                           {"data.text", TEXT, AT(text), 0, 0},
                           {"data.validation", REAL, AT(validation), 1e-6, 0.9},
                           {"output.trace", STEPS, AT(trace), 0, 0},
                           {0}};

alf_moe_config alf_moe_config_default(void)
{
  return (alf_moe_config){.shape = {.vocabulary = 256,
                                    .width = 128,
                                    .heads = 4,
                                    .layers = 4,
                                    .experts = 64,
                                    .topk = 6,
                                    .hidden = 32,
                                    .shared = 2,
                                    .context = 128,
                                    .sequences = 16},
                          .steps = 1000,
                          .warm_up = 50,
                          .validate_every = 100,
                          .validation_batches = 8,
                          .measure_every = 1,
                          .rate = 3e-3,
                          .least_rate = 0.1,
                          .first = 0.9,
                          .second = 0.95,
                          .decay = 0.1,
                          .clip = 1,
                          .validation = 0.05,
                          .rule = "sign",
                          .schedule = "constant",
                          .text = "/usr/share/dictd/gcide.dict.dz"};
}

/* Told the keys of its section, or the sections. */
static alf_status refuse_key(const char *name, alf_error *err)
{
  char known[400] = "";
  size_t used = 0, section = strcspn(name, ".") + 1;
  for (const key *k = keys; k->name && used < sizeof known; k++)
    if (strncmp(k->name, name, section) == 0)
      used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", k->name);
  if (!used)
    strcpy(known, "those of the sections model, training, balance, data, output");
  return alf_fail(err, ALF_EINVAL, "%.60s: no such key; expected one of %s", name, known);
}

static alf_status refuse_value(const key *k, const char *value, const char *what, alf_error *err)
{
  return alf_fail(err, ALF_EINVAL, "%s = %.60s: expected %s in %.15g..%.15g", k->name, value, what, k->least, k->most);
}

/* "0, 10, 160": whole numbers, ascending. */
static alf_status set_steps(alf_moe_config *c, const char *name, const char *value, alf_error *err)
{
  const char *rest = value;
  c->traces = 0;
  while (*rest) {
    char *end;
    long long step = strtoll(rest, &end, 10);
    bool ascends = c->traces == 0 || step > c->trace[c->traces - 1];
    if (end == rest || step < 0 || !ascends || c->traces == ALF_MOE_TRACES)
      return alf_fail(err, ALF_EINVAL, "%s = %.100s: expected at most %d steps, ascending, with commas between", name,
                      value, ALF_MOE_TRACES);
    c->trace[c->traces++] = step;
    rest = end + strspn(end, ", ");
  }
  return ALF_OK;
}

static alf_status set_number(alf_moe_config *c, const key *k, const char *value, alf_error *err)
{
  char *end;
  double number = strtod(value, &end);
  bool whole = k->kind != REAL;
  if (end == value || *end || !(number >= k->least && number <= k->most) || (whole && number != floor(number)))
    return refuse_value(k, value, whole ? "a whole number" : "a number", err);
  char *field = (char *)c + k->field;
  int32_t small = (int32_t)(k->kind == INT32 ? number : 0);
  int64_t large = (int64_t)number;
  bool flag = number != 0;
  if (k->kind == INT32)
    memcpy(field, &small, sizeof small);
  else if (k->kind == INT64)
    memcpy(field, &large, sizeof large);
  else if (k->kind == FLAG)
    memcpy(field, &flag, sizeof flag);
  else
    memcpy(field, &number, sizeof number);
  return ALF_OK;
}

alf_status alf_moe_config_set(alf_moe_config *c, const char *name, const char *value, alf_error *err)
{
  const key *k = keys;
  while (k->name && strcmp(k->name, name) != 0)
    k++;
  if (!k->name)
    return refuse_key(name, err);
  if (k->kind == STEPS)
    return set_steps(c, name, value, err);
  if (k->kind != TEXT)
    return set_number(c, k, value, err);
  if (strlen(value) >= ALF_MOE_TEXT || !*value)
    return alf_fail(err, ALF_EINVAL, "%s: expected a text of 1 to %d bytes", name, ALF_MOE_TEXT - 1);
  strcpy((char *)c + k->field, value);
  return ALF_OK;
}

typedef struct reading {
  alf_moe_config *config;
  const char *path;
  alf_error cause;
} reading;

static int take(void *opaque, const char *section, const char *name, const char *value)
{
  reading *r = opaque;
  char full[200];
  snprintf(full, sizeof full, "%.90s.%.90s", section, name);
  return r->cause.code != ALF_OK || alf_moe_config_set(r->config, full, value, &r->cause) == ALF_OK;
}

alf_status alf_moe_config_read(alf_moe_config *config, const char *path, alf_error *err)
{
  reading r = {config, path, {0}};
  *config = alf_moe_config_default();
  int line = ini_parse(path, take, &r);
  if (line == -1)
    return alf_fail(err, ALF_EIO, "%.300s: cannot be opened", path);
  if (line < 0)
    return alf_fail(err, ALF_ENOMEM, "%.300s: out of memory", path);
  if (r.cause.code != ALF_OK)
    return alf_fail(err, ALF_EFORMAT, "%.200s: line %d: %.280s", path, line, r.cause.text);
  if (line > 0)
    return alf_fail(err, ALF_EFORMAT, "%.300s: line %d: expected [section] or key = value", path, line);
  if (alf_moe_check_shape(&config->shape, &r.cause) != ALF_OK)
    return alf_fail(err, ALF_EFORMAT, "%.200s: %.280s", path, r.cause.text);
  return ALF_OK;
}

alf_status alf_moe_config_balance(const alf_moe_config *c, alf_balance_settings *b, alf_error *err)
{
  *b = (alf_balance_settings){0};
  alf_status status = alf_rule_read(c->rule, &b->rule, b->rule_value, err);
  if (status == ALF_OK)
    status = alf_schedule_read(c->schedule, &b->schedule, b->schedule_value, err);
  if (status == ALF_OK)
    b->u = c->u > 0 ? c->u : alf_rule_usual_u(b->rule);
  return status;
}

static int print_value(const alf_moe_config *c, const key *k, char *text, size_t size)
{
  const char *field = (const char *)c + k->field;
  int32_t small;
  int64_t large;
  double real;
  bool flag;
  int used = 0;
  switch (k->kind) {
  case INT32:
    memcpy(&small, field, sizeof small);
    return snprintf(text, size, "%d", small);
  case INT64:
    memcpy(&large, field, sizeof large);
    return snprintf(text, size, "%lld", (long long)large);
  case REAL:
    memcpy(&real, field, sizeof real);
    return snprintf(text, size, "%.17g", real);
  case FLAG:
    memcpy(&flag, field, sizeof flag);
    return snprintf(text, size, "%d", flag);
  case TEXT:
    return snprintf(text, size, "%s", field);
  case STEPS:
    for (int t = 0; t < c->traces && (size_t)used < size; t++)
      used += snprintf(text + used, size - (size_t)used, "%s%lld", t ? ", " : "", (long long)c->trace[t]);
  }
  return used;
}

void alf_moe_config_print(const alf_moe_config *c, char *text, size_t size)
{
  char section[32] = "";
  size_t used = 0;
  for (const key *k = keys; k->name && used + 1100 < size; k++) {
    size_t length = strcspn(k->name, ".");
    char value[1024] = "";
    print_value(c, k, value, sizeof value);
    if (strncmp(section, k->name, length) != 0 || section[length]) {
      memcpy(section, k->name, length);
      section[length] = '\0';
      used += (size_t)snprintf(text + used, size - used, "%s[%s]\n", used ? "\n" : "", section);
    }
    used += (size_t)snprintf(text + used, size - used, "%s = %s\n", k->name + length + 1, value);
  }
}
