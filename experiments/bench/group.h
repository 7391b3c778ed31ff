/* alflab bench: groups of measurements, their table, and the records that they leave. */
#ifndef ALF_BENCH_GROUP_H
#define ALF_BENCH_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/options.h"

/* A field of a group's records: a column of the CSV, a key of the JSON. */
typedef enum alf_bench_type {
  ALF_BENCH_TEXT,   /* const char *, in quotes where it needs them */
  ALF_BENCH_QUOTED, /* const char *, always in quotes */
  ALF_BENCH_INT,    /* int or int32_t */
  ALF_BENCH_COUNT,  /* int64_t; below 0: not known, empty or null */
  ALF_BENCH_REAL    /* double; not finite: not known */
} alf_bench_type;

typedef struct alf_bench_column {
  const char *name;
  alf_bench_type type;
  size_t field; /* offset in the record */
} alf_bench_column;

/* How fast one entrant was on one instance: the record of groups that state no columns of their own. */
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

/* Adds a record, the struct that the group's columns are of, to CSV and JSON, those that are wanted. */
void alf_bench_put(alf_bench_report *report, const void *record);

/* Whether groups print their tables on stdout: not with --json. */
bool alf_bench_prints(const alf_bench_report *report);

/* Makes the exit code say that results differ (1), or that something failed or was not proven (4). */
void alf_bench_refute(alf_bench_report *report);
void alf_bench_fail(alf_bench_report *report);

typedef struct alf_bench_group {
  const char *name;
  const char *summary; /* one line */
  /* Of its records, ended by a NULL name; NULL: those of alf_bench_record. One name is one thing: where several groups
     run, the CSV has the columns of all of them, and leaves empty what a group does not have. */
  const alf_bench_column *columns;
  /* Measures, prints its table row by row, and puts records. Inputs on the command line are its to read. An error ends
     the run; what was put until then stays. */
  alf_status (*run)(const alf_cli_options *options, alf_bench_report *report, alf_error *err);
} alf_bench_group;

/* A group is one file in this folder, which defines alf_bench_group_NAME, and one line here. */
#define ALF_BENCH_GROUPS(X)                                                                                            \
  X(exact)                                                                                                             \
  X(iterate)                                                                                                           \
  X(rules)                                                                                                             \
  X(train)

/* Null-terminated table. */
extern const alf_bench_group *const alf_bench_groups[];

/* Runs the group of that name, or all when it is NULL, and finishes CSV and JSON. Returns the exit code. Errors:
   ALF_EINVAL for an unknown group; ALF_EIO when the CSV cannot be written; those of the groups. */
int alf_bench_run(const char *name, const alf_cli_options *options, alf_error *err);

#endif
