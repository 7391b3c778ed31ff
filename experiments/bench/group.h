/* alflab bench: groups of measurements, their table, and the records that they leave. */
#ifndef ALF_BENCH_GROUP_H
#define ALF_BENCH_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"

/* What was measured of one entrant on one instance: a line of the CSV, an object of the JSON. */
typedef struct alf_bench_record {
  const char *instance; /* input as `alflab solve` takes it, without folders */
  int64_t tokens;
  int32_t experts, topk;
  const char *settings; /* of all entrants: "sign constant u=0.001"; "": none */
  const char *entrant;  /* solver, way to iterate, … */
  int threads;
  const char
      *status;   /* "certified", "uncertified", "optimal" by a referee's word, "timeout", "absent", "failed"; "done" */
  int runs;      /* of which the fastest counts */
  int64_t steps; /* of an iteration, in those seconds; -1: none */
  double looked_at;           /* share of the tokens that an iteration looked at in its steps; NaN: none */
  double seconds;             /* NaN: none; after a timeout what it had taken by then */
  double calibration_seconds; /* fixed integer work, timed between the runs: compares moments and machines */
  double certificate_seconds; /* NaN: none */
  int64_t peak_bytes;         /* beyond the batch; -1: not measured */
  double objective;           /* affinity units; NaN: none */
  const char *agreement;      /* with the first entrant: "exact", "rounded" to a referee's digits, "differs", or "" */
} alf_bench_record;

/* Where the groups of a run put what they find. Opaque. */
typedef struct alf_bench_report alf_bench_report;

/* Adds a record to CSV and JSON, those that are wanted. */
void alf_bench_put(alf_bench_report *report, const alf_bench_record *record);

/* Whether groups print their tables on stdout: not with --json. */
bool alf_bench_prints(const alf_bench_report *report);

/* Makes the exit code say that results differ (1), or that something failed or was not proven (4). */
void alf_bench_refute(alf_bench_report *report);
void alf_bench_fail(alf_bench_report *report);

typedef struct alf_bench_group {
  const char *name;
  const char *summary; /* one line */
  /* Measures, prints its table row by row, and puts records. Inputs on the command line are its to read. An error ends
     the run; what was put until then stays. */
  alf_status (*run)(const alf_cli_options *options, alf_bench_report *report, alf_error *err);
} alf_bench_group;

/* A group is one file in this folder, which defines alf_bench_group_NAME, and one line here. */
#define ALF_BENCH_GROUPS(X)                                                                                            \
  X(exact)                                                                                                             \
  X(iterate)                                                                                                           \
  X(train)

/* Null-terminated table. */
extern const alf_bench_group *const alf_bench_groups[];

/* Runs the group of that name, or all when it is NULL, and finishes CSV and JSON. Returns the exit code. Errors:
   ALF_EINVAL for an unknown group; ALF_EIO when the CSV cannot be written; those of the groups. */
int alf_bench_run(const char *name, const alf_cli_options *options, alf_error *err);

#endif
