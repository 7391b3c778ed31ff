#include "cli/input.h"

#include <stdio.h>
#include <sys/resource.h>

#include "measure/input.h"

alf_status alf_cli_open(alf_source **source, const char *input, const alf_cli_options *options, alf_error *err)
{
  alf_status status = alf_source_open(source, input, (uint64_t)options->seed, err);
  if (status != ALF_OK || options->topk == 0)
    return status;
  int32_t experts = alf_source_describe(*source)->experts;
  if (options->topk < experts)
    return ALF_OK;
  return alf_fail(err, ALF_EINVAL, "--topk %lld: expected 1..%d for %d experts", (long long)options->topk, experts - 1,
                  experts);
}

double alf_cli_seconds(void)
{
  return alf_seconds();
}

/* "VmHWM: N kB". Not ru_maxrss, which starts from that of the process that started this one. */
static int64_t own_peak(void)
{
  FILE *status = fopen("/proc/self/status", "r");
  char line[256];
  long long kilobytes = 0;
  while (status && !kilobytes && fgets(line, sizeof line, status))
    if (sscanf(line, "VmHWM: %lld", &kilobytes) != 1)
      kilobytes = 0;
  if (status)
    fclose(status);
  struct rusage usage = {0};
  if (!kilobytes && getrusage(RUSAGE_SELF, &usage) == 0)
    kilobytes = usage.ru_maxrss;
  return 1024 * kilobytes;
}

static int64_t own_start;

void alf_cli_peak_start(void)
{
  own_start = own_peak();
}

int64_t alf_cli_peak_bytes(void)
{
  struct rusage children = {0};
  getrusage(RUSAGE_CHILDREN, &children);
  int64_t own = own_peak(), largest_child = 1024 * (int64_t)children.ru_maxrss;
  return (own > largest_child ? own : largest_child) - own_start;
}
