/* Runs the cells of a plan that the store does not have yet, each in a process of its own: one that crashes, hangs or is
   killed takes no other along. This process alone writes the store. */
#ifndef ALF_RUN_RUNNER_H
#define ALF_RUN_RUNNER_H

#include "run/store.h"

typedef struct alf_runner_settings {
  int jobs;           /* cells at once; 0: as many as there are processors. No result depends on it */
  double timeout;     /* seconds for a cell, which is killed then; 0: none */
  const char *folder; /* cells may leave files in folders of their own in it while they run; NULL: they may not */
  bool (*stop)(void); /* may be NULL; true kills the cells at work, whose states stay as they were */
  void (*tick)(void *context, int64_t done, int64_t of); /* may be NULL; cells of this call */
  void *context;
} alf_runner_settings;

typedef struct alf_runner_result {
  int64_t cells;     /* of the plan */
  int64_t before;    /* done before this call */
  int64_t done;      /* in this call */
  int64_t failed;    /* in this call, those that ran out of time among them */
  int64_t first;     /* number of a cell that failed: the first in the order of the plan; −1: none */
  char message[512]; /* of it */
  bool interrupted;
} alf_runner_result;

/* Enters the plan's experiment, and records every cell as soon as it has ended. A cell that fails is recorded with its
   message, and is tried again by the next call; the rest goes on. Errors: those of the store; ALF_ENOMEM; ALF_EIO when no
   process can be had. */
alf_status alf_runner_run(const alf_plan *plan, alf_store *store, const alf_runner_settings *settings,
                          alf_runner_result *result, alf_error *err);

#endif
