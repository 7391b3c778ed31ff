/* Synthetic families as a source: parses "key=value,…" against the family's table and calls its fill. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/random.h"
#include "core/philox.h"
#include "data/reader.h"
#include "data/text.h"

enum { TOKENS, EXPERTS, BATCHES, SEED, COMMON };

const alf_parameter alf_family_common[] = {
    [TOKENS] = {"T", 1024, 1, 0x1p40, 1, "tokens of a batch"},
    [EXPERTS] = {"E", 64, 2, ALF_MAX_EXPERTS, 1, "experts"},
    [BATCHES] = {"batches", 1, 1, 0x1p47, 1, "length of the stream"},
    [SEED] = {"seed", 0, 0, 0x1p64, 1, "stream of random numbers (default: that of the settings)"},
    [COMMON] = {0}};

typedef struct family_state {
  const alf_family *family;
  alf_family_call call;
  gsl_rng rng; /* not from gsl_rng_alloc, whose error handler aborts when memory is out */
  alf_philox philox;
  double common[COMMON];
  double own[ALF_MAX_PARAMETERS];
  bool common_given[COMMON], own_given[ALF_MAX_PARAMETERS];
} family_state;

static int find_parameter(const alf_parameter *table, const char *name)
{
  for (int i = 0; table[i].name; i++)
    if (strcmp(table[i].name, name) == 0)
      return i;
  return -1;
}

static alf_status refuse_parameter(const family_state *s, const char *key, alf_error *err)
{
  char shown[48], names[200] = "";
  alf_printable(shown, sizeof shown, key, strlen(key));
  for (const alf_parameter *p = alf_family_common; p->name; p++)
    alf_list_append(names, sizeof names, p->name);
  for (const alf_parameter *p = s->family->parameters; p->name; p++)
    alf_list_append(names, sizeof names, p->name);
  return alf_fail(err, ALF_EINVAL, "%s: parameter '%s': expected KEY=VALUE with a key of: %s", s->family->name, shown,
                  names);
}

/* Parses one value and checks it against its record. */
static alf_status parse_value(const family_state *s, const alf_parameter *parameter, const char *text, double *value,
                              alf_error *err)
{
  alf_error cause = {0};
  uint64_t whole = 0;
  alf_status status;
  if (parameter->integral) {
    status = alf_parse_whole(text, parameter->name, (uint64_t)parameter->maximum, &whole, &cause);
    *value = (double)whole;
  } else {
    status = alf_parse_real(text, parameter->name, value, &cause);
  }
  if (status == ALF_OK && *value >= parameter->minimum && *value <= parameter->maximum)
    return ALF_OK;
  char shown[64];
  alf_printable(shown, sizeof shown, text, strlen(text));
  return alf_fail(err, ALF_EINVAL, "%s: %s '%s': expected a %s in %.15g..%.15g", s->family->name, parameter->name,
                  shown, parameter->integral ? "whole number" : "number", parameter->minimum, parameter->maximum);
}

/* Seeds use all 64 bits, more than a double has. */
static alf_status parse_seed(family_state *s, const char *text, alf_error *err)
{
  alf_error cause = {0};
  if (alf_parse_whole(text, alf_family_common[SEED].name, UINT64_MAX, &s->call.seed, &cause) == ALF_OK)
    return ALF_OK;
  return alf_fail(err, ALF_EINVAL, "%s: %s", s->family->name, cause.text);
}

/* One "key=value". */
static alf_status parse_assignment(family_state *s, char *text, alf_error *err)
{
  char *equals = strchr(text, '=');
  if (!equals)
    return refuse_parameter(s, text, err);
  *equals = '\0';
  int common = find_parameter(alf_family_common, text), own = find_parameter(s->family->parameters, text);
  if (common < 0 && own < 0)
    return refuse_parameter(s, text, err);
  bool *given = common >= 0 ? &s->common_given[common] : &s->own_given[own];
  if (*given)
    return alf_fail(err, ALF_EINVAL, "%s: %s: given twice, expected once", s->family->name, text);
  *given = true;
  if (common == SEED)
    return parse_seed(s, equals + 1, err);
  if (common >= 0)
    return parse_value(s, &alf_family_common[common], equals + 1, &s->common[common], err);
  return parse_value(s, &s->family->parameters[own], equals + 1, &s->own[own], err);
}

static alf_status parse_parameters(family_state *s, char *text, alf_error *err)
{
  for (int i = 0; i < COMMON; i++)
    s->common[i] = alf_family_common[i].fallback;
  for (int i = 0; s->family->parameters[i].name; i++)
    s->own[i] = s->family->parameters[i].fallback;
  alf_status status = ALF_OK;
  while (text && status == ALF_OK) {
    char *comma = strchr(text, ',');
    if (comma)
      *comma = '\0';
    status = parse_assignment(s, text, err);
    text = comma ? comma + 1 : NULL;
  }
  return status;
}

static void family_close(void *state)
{
  free(state);
}

static alf_status family_read(void *state, int64_t batch, void *values, alf_error *err)
{
  family_state *s = state;
  s->call.batch = batch;
  return s->family->fill(&s->call, values, err);
}

static alf_status family_open(family_state *s, char *parameters, alf_error *err)
{
  alf_status status = parse_parameters(s, parameters, err);
  if (status != ALF_OK)
    return status;
  s->call.tokens = (int64_t)s->common[TOKENS];
  s->call.experts = (int32_t)s->common[EXPERTS];
  s->call.batches = (int64_t)s->common[BATCHES];
  s->call.value = s->own;
  s->rng = (gsl_rng){.type = alf_rng_philox, .state = &s->philox};
  s->call.rng = &s->rng;
  return ALF_OK;
}

alf_status alf_reader_family(alf_reader *reader, const alf_family *family, char *parameters, uint64_t seed,
                             alf_error *err)
{
  family_state *s = calloc(1, sizeof *s);
  if (!s)
    return alf_fail_memory(err, sizeof *s);
  s->family = family;
  s->call.seed = seed;
  *reader = (alf_reader){.state = s, .read = family_read, .close = family_close};
  alf_status status = family_open(s, parameters, err);
  if (status != ALF_OK) {
    family_close(s);
    *reader = (alf_reader){0};
    return status;
  }
  reader->info = (alf_source_info){.kind = family->name,
                                   .batches = s->call.batches,
                                   .tokens = s->call.tokens,
                                   .experts = s->call.experts,
                                   .dtype = ALF_FLOAT64};
  return ALF_OK;
}
