#include "cli/demo.h"
#include "cli/input.h"
#include "shipped.h"

alf_status alf_demo_data_path(const char *name, char path[ALF_DEMO_PATH], alf_error *err)
{
  char folder[ALF_SHIPPED_PATH];
  alf_status status = alf_shipped_folder("ALFLAB_DATA", "data", folder, err);
  if (status != ALF_OK)
    return status;
  int length = snprintf(path, ALF_DEMO_PATH, "%s/%s", folder, name);
  return length < ALF_DEMO_PATH ? ALF_OK
                                : alf_fail(err, ALF_EINVAL, "%.200s...: expected a path of at most %d characters",
                                           folder, ALF_DEMO_PATH - 1);
}

alf_status alf_demo_read(const char *input, const alf_cli_options *options, alf_affinity *batch, alf_error *err)
{
  alf_source *source = NULL;
  alf_status status = alf_cli_open(&source, input, options, err);
  if (status == ALF_OK)
    status = alf_input_next(source, NULL, ALF_DYADIC, batch, err);
  alf_source_close(source);
  return status;
}
