#include "regret_stream.h"

#include <gsl/gsl_errno.h>

#include "alf/random.h"

alf_status alf_regret_stream_open(alf_regret_stream *s, const char *input, uint64_t seed, int64_t repetition,
                                  int64_t steps, alf_error *err)
{
  const alf_family_call *call;
  *s = (alf_regret_stream){.first = repetition * steps};
  alf_status status = alf_source_open(&s->source, input, seed, err);
  if (status != ALF_OK)
    return status;
  const alf_family *family = alf_source_family(s->source, &call);
  if (!family)
    return ALF_OK;
  gsl_set_error_handler_off(); /* else GSL aborts where memory is out */
  s->family = family;
  s->call = *call;
  s->rng = s->call.rng = gsl_rng_alloc(alf_rng_philox);
  if (!family->stationary) {
    s->call.seed += (uint64_t)repetition; /* batches are numbered from 0: what they hold may depend on it */
    s->first = 0;
  }
  return s->rng ? ALF_OK : alf_fail_memory(err, sizeof *s->rng);
}

static alf_status read_file(alf_regret_stream *s, alf_affinity *batch, alf_error *err)
{
  alf_affinity raw = {0};
  alf_status status = alf_source_next(s->source, &raw, err);
  if (status == ALF_EEND) {
    alf_source_rewind(s->source);
    status = alf_source_next(s->source, &raw, err);
  }
  if (status == ALF_OK) {
    alf_affinity_free(batch);
    status = alf_affinity_take(&raw, ALF_FLOAT64, batch, err);
  }
  alf_affinity_free(&raw);
  return status;
}

alf_status alf_regret_stream_next(alf_regret_stream *s, int64_t n, alf_affinity *batch, alf_error *err)
{
  if (!s->family)
    return read_file(s, batch, err);
  alf_status status = ALF_OK;
  if (!batch->storage)
    status = alf_affinity_alloc(batch, ALF_FLOAT64, s->call.tokens, s->call.experts, err);
  s->call.batch = s->first + n;
  return status == ALF_OK ? s->family->fill(&s->call, batch->storage, err) : status;
}

void alf_regret_stream_close(alf_regret_stream *s)
{
  alf_source_close(s->source);
  if (s->rng)
    gsl_rng_free(s->rng);
  *s = (alf_regret_stream){0};
}
