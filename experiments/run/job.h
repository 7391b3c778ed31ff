/* One cell at work in a process of its own. */
#ifndef ALF_RUN_JOB_H
#define ALF_RUN_JOB_H

#include <sys/types.h>

#include "run/plan.h"

typedef struct alf_job {
  pid_t process;     /* 0: none */
  int pipe;          /* what the process says, until it ends */
  int64_t cell;      /* its number in the plan */
  double start, end; /* seconds; end: when it is to be killed */
  bool timed_out;
  char started[32];    /* UTC */
  alf_outcome message; /* bytes that have come so far */
} alf_job;

/* What became of a job that has ended. */
typedef struct alf_job_result {
  alf_status status; /* ALF_OK; ALF_ETIMEOUT when it was killed; ALF_ESOLVER when it died; else the error of the cell */
  alf_error err;
  alf_outcome outcome; /* of ALF_OK; points into the job */
} alf_job_result;

/* Starts cell number c; *job is zeroed. `folder` is that of the cell, or NULL. Errors: ALF_EIO, ALF_ENOMEM. */
alf_status alf_job_start(alf_job *job, const alf_plan *plan, int64_t c, const char *folder, double timeout,
                         alf_error *err);

/* Takes what has come, without waiting. True once the process has ended and *result says how; alf_job_free is then due. */
bool alf_job_read(alf_job *job, alf_job_result *result);

void alf_job_kill(const alf_job *job);

/* The process is there no more. */
void alf_job_free(alf_job *job);

#endif
