#include "bench/machine.h"

#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "cli/input.h"
#include "exact/child.h"

/* A chain of two million dependent multiplications: some milliseconds. */
double alf_bench_calibrate(void)
{
  static volatile uint64_t sink;
  double start = alf_cli_seconds();
  uint64_t x = 1;
  for (int i = 0; i < 1 << 21; i++)
    x = (x ^ (x >> 31)) * UINT64_C(0x7fb5d329728ea185);
  sink = x;
  (void)sink;
  return alf_cli_seconds() - start;
}

double alf_bench_processor_seconds(void)
{
  struct timespec t = {0};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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
