/* What every group measures the same way: the machine's pace, and memory. */
#ifndef ALF_BENCH_MACHINE_H
#define ALF_BENCH_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include "alf/status.h"
#include "core/deadline.h"

/* Seconds of a fixed piece of integer work: compares moments and machines. */
double alf_bench_calibrate(void);

/* Seconds that the threads of this process have been busy so far. */
double alf_bench_processor_seconds(void);

/* Bytes of the largest resident set of this process so far (getrusage). */
int64_t alf_bench_largest_resident(void);

/* alf_child_run after memory that this process has freed but kept was given back: the child would use it unseen. */
alf_status alf_bench_in_child(alf_status (*body)(void *context, void *result, alf_error *err), void *context,
                              void *result, size_t bytes, alf_deadline deadline, const char *what, alf_error *err);

#endif
