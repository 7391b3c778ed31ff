/* Step-size schedules: how the step size falls with the number of updates. */
#ifndef ALF_SCHEDULE_H
#define ALF_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "alf/parameter.h"

/* One schedule: one file in solvers/routing/schedules and one line in solvers/routing/registry.c. */
typedef struct alf_schedule {
  const char *name;
  const char *summary; /* one line */
  bool constant;       /* factor is 1 for every n: limit cycles are possible */
  /* What u is multiplied by in update n = 1, 2, …: 0..1. value: its parameters, in the order of its table. */
  double (*factor)(int64_t n, const double *value);
  const alf_parameter *parameters; /* at most ALF_MAX_PARAMETERS; NULL: none */
} alf_schedule;

/* Null-terminated table. */
extern const alf_schedule *const alf_schedules[];

/* NULL when there is none of that name. */
const alf_schedule *alf_schedule_find(const char *name);

/* As alf_rule_read. */
alf_status alf_schedule_read(const char *text, const alf_schedule **schedule, double *values, alf_error *err);

#endif
