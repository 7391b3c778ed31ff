/* Synthetic families as a source: parses "key=value,…" against the family's table and calls its fill. */
#include <stdlib.h>

#include "alf/number.h"
#include "alf/random.h"
#include "core/philox.h"
#include "data/parameter.h"
#include "data/reader.h"

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
} family_state;

/* Seeds use all 64 bits, more than a double has. */
static alf_status read_seed(family_state *s, const char *text, alf_error *err)
{
  alf_error cause = {0};
  if (!text || alf_parse_whole(text, alf_family_common[SEED].name, UINT64_MAX, &s->call.seed, &cause) == ALF_OK)
    return ALF_OK;
  return alf_fail(err, ALF_EINVAL, "%s: %s", s->family->name, cause.text);
}

static alf_status read_parameters(family_state *s, char *text, alf_error *err)
{
  alf_given given[] = {{.table = alf_family_common}, {.table = s->family->parameters}};
  alf_status status = alf_given_sort(s->family->name, text, given, 2, err);
  if (status == ALF_OK)
    status = read_seed(s, given[0].text[SEED], err);
  given[0].text[SEED] = NULL;
  if (status == ALF_OK)
    status = alf_given_values(s->family->name, &given[0], s->common, err);
  return status == ALF_OK ? alf_given_values(s->family->name, &given[1], s->own, err) : status;
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
  alf_status status = read_parameters(s, parameters, err);
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
  *reader = (alf_reader){.state = s, .read = family_read, .close = family_close, .family = family, .call = &s->call};
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
