#include "bench/machine.h"

#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>

#include "cli/input.h"
#include "exact/child.h"
#include "measure/pace.h"

double alf_bench_calibrate(void)
{
  double start = alf_cli_seconds();
  alf_pace_work();
  return alf_cli_seconds() - start;
}

int64_t alf_bench_largest_resident(void)
{
  struct rusage usage = {0};
  getrusage(RUSAGE_SELF, &usage);
  return 1024 * (int64_t)usage.ru_maxrss;
}

alf_status alf_bench_in_child(alf_status (*body)(void *context, void *result, alf_error *err), void *context,
                              void *result, size_t bytes, alf_deadline deadline, const char *what, alf_error *err)
{
  malloc_trim(0);
  fflush(NULL);
  return alf_child_run(body, context, result, bytes, deadline, what, err);
}
