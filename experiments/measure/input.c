#include "measure/input.h"

#include <time.h>

/* An error with the source that it comes from. */
static alf_status name_source(const alf_source *source, alf_status status, const alf_error *cause, alf_error *err)
{
  if (status == ALF_OK)
    return ALF_OK;
  return alf_fail(err, status, "%s: %.400s", alf_source_file(source), cause->text);
}

alf_status alf_input_next(alf_source *source, alf_affinity *raw, alf_dtype dtype, alf_affinity *batch, alf_error *err)
{
  alf_affinity own = {0};
  alf_error cause = {0};
  alf_affinity_free(batch);
  alf_status status = alf_source_next(source, raw ? raw : &own, err);
  if (status == ALF_EEND && err)
    *err = (alf_error){.code = ALF_EEND};
  if (status == ALF_ENOMEM && err) { /* all others name it */
    cause = *err;
    name_source(source, status, &cause, err);
  }
  if (status == ALF_OK && raw)
    status = name_source(source, alf_affinity_convert(raw, dtype, batch, &cause), &cause, err);
  else if (status == ALF_OK)
    status = name_source(source, alf_affinity_take(&own, dtype, batch, &cause), &cause, err);
  alf_affinity_free(&own);
  return status;
}

double alf_seconds(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
