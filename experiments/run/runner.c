#include "run/runner.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alf/parallel.h"
#include "measure/input.h"
#include "run/code.h"
#include "run/folder.h"
#include "run/job.h"
#include "run/parts.h"
#include "run/results.h"

#define GLANCE 200 /* ms between looks at stop and deadlines */

typedef struct runner {
  const alf_plan *plan;
  alf_store *store;
  const alf_runner_settings *settings;
  alf_runner_result *result;
  int64_t *due; /* cells to run, in order */
  int64_t count, next;
  int jobs, active; /* most at once; at work */
  alf_job *job;     /* jobs; those without a process are free */
  struct pollfd *look;
  alf_status status; /* what went wrong with the runner itself: then all ends */
  alf_error *err;
} runner;

static void free_runner(runner *r)
{
  free(r->due);
  free(r->job);
  free(r->look);
}

static bool is_over(const runner *r)
{
  return r->status != ALF_OK || r->result->interrupted;
}

/* The folder of a cell, by what it is and by the code. */
static const char *name_folder(const runner *r, int64_t c, char path[ALF_PATH])
{
  if (!r->settings->folder)
    return NULL;
  snprintf(path, ALF_PATH, "%s/%.20s-%.10s", r->settings->folder, r->plan->cell[c].key, r->plan->code);
  return path;
}

/* Cells that are not done. One that was killed right after it was recorded has left its folder. */
static void find_due(runner *r)
{
  alf_results results = {0};
  char path[ALF_PATH];
  r->status = alf_results_of_plan(&results, r->store, r->plan, r->err);
  r->due = calloc((size_t)r->plan->cells + 1, sizeof *r->due);
  if (r->status == ALF_OK && !r->due)
    r->status = alf_fail_memory(r->err, (size_t)r->plan->cells * sizeof *r->due);
  for (int64_t c = 0; r->status == ALF_OK && c < r->plan->cells; c++)
    if (results.cell[c].state != ALF_CELL_DONE)
      r->due[r->count++] = c;
    else if (r->settings->folder)
      alf_folder_remove(name_folder(r, c, path));
  r->result->before = r->plan->cells - r->count;
  alf_results_free(&results);
}

static void take_jobs(runner *r)
{
  int jobs = alf_parallel_threads(r->settings->jobs);
  r->jobs = r->count < jobs ? (int)r->count : jobs;
  r->job = calloc((size_t)r->jobs + 1, sizeof *r->job);
  r->look = calloc((size_t)r->jobs + 1, sizeof *r->look);
  if (!r->job || !r->look)
    r->status = alf_fail_memory(r->err, (size_t)r->jobs * sizeof *r->job);
}

/* A process that cannot be had now may be had when another one has ended. */
static bool start_next(runner *r)
{
  char path[ALF_PATH];
  alf_error cause = {0};
  int64_t c = r->due[r->next];
  int free_job = 0;
  while (r->job[free_job].process)
    free_job++;
  alf_status status =
      alf_job_start(&r->job[free_job], r->plan, c, name_folder(r, c, path), r->settings->timeout, &cause);
  if (status != ALF_OK && r->active == 0)
    r->status = alf_fail(r->err, status, "%s", cause.text);
  r->next += status == ALF_OK;
  r->active += status == ALF_OK;
  return status == ALF_OK;
}

static void note_failure(runner *r, int64_t c, const char *message)
{
  r->result->failed++;
  if (r->result->first >= 0 && r->result->first < c)
    return;
  r->result->first = c;
  snprintf(r->result->message, sizeof r->result->message, "%s", message);
}

static void record(runner *r, const alf_job *job, const alf_job_result *ended)
{
  char path[ALF_PATH];
  bool done = ended->status == ALF_OK;
  alf_attempt attempt = {.state = done                                              ? ALF_CELL_DONE
                                  : ended->status == ALF_ETIMEOUT && job->timed_out ? ALF_CELL_TIMEOUT
                                                                                    : ALF_CELL_FAILED,
                         .message = ended->err.text,
                         .started = job->started,
                         .commit = alf_code_commit(),
                         .seconds = alf_seconds() - job->start};
  alf_status status = alf_store_record(r->store, r->plan, job->cell, &attempt, done ? &ended->outcome : NULL, r->err);
  if (status != ALF_OK)
    r->status = status;
  else if (done)
    r->result->done++;
  else
    note_failure(r, job->cell, ended->err.text);
  if (status == ALF_OK && done && r->settings->folder)
    alf_folder_remove(name_folder(r, job->cell, path));
}

/* A job that was killed because all is over is as if it had not been. */
static void collect(runner *r, alf_job *job)
{
  alf_job_result ended;
  if (!alf_job_read(job, &ended))
    return;
  bool dropped = r->status != ALF_OK || ended.status == ALF_EINTERRUPTED || (is_over(r) && ended.status != ALF_OK);
  if (!dropped)
    record(r, job, &ended);
  alf_job_free(job);
  r->active--;
}

static void end_late_jobs(runner *r)
{
  double now = alf_seconds();
  for (int j = 0; j < r->jobs; j++) {
    alf_job *job = &r->job[j];
    if (!job->process || job->timed_out || (now < job->end && !is_over(r)))
      continue;
    job->timed_out = now >= job->end;
    alf_job_kill(job);
  }
}

static void wait_for_news(runner *r)
{
  double next = INFINITY;
  for (int j = 0; j < r->jobs; j++) {
    const alf_job *job = &r->job[j];
    r->look[j] = (struct pollfd){.fd = job->process ? job->pipe : -1, .events = POLLIN};
    next = job->process && !job->timed_out ? fmin(next, job->end) : next;
  }
  double left = 1000 * (next - alf_seconds());
  poll(r->look, (nfds_t)r->jobs, left < 0 ? 0 : left < GLANCE ? (int)left + 1 : GLANCE);
}

static void run_cells(runner *r)
{
  const alf_runner_settings *s = r->settings;
  while (r->active > 0 || (r->next < r->count && !is_over(r))) {
    r->result->interrupted = r->result->interrupted || (s->stop && s->stop());
    while (!is_over(r) && r->next < r->count && r->active < r->jobs && start_next(r)) {
    }
    end_late_jobs(r);
    if (r->active > 0)
      wait_for_news(r);
    for (int j = 0; j < r->jobs; j++)
      if (r->job[j].process)
        collect(r, &r->job[j]);
    if (s->tick)
      s->tick(s->context, r->result->done + r->result->failed, r->count);
  }
}

alf_status alf_runner_run(const alf_plan *plan, alf_store *store, const alf_runner_settings *settings,
                          alf_runner_result *result, alf_error *err)
{
  runner r = {.plan = plan, .store = store, .settings = settings, .result = result, .err = err};
  *result = (alf_runner_result){.cells = plan->cells, .first = -1};
  r.status = alf_store_enter(store, plan, err);
  if (r.status == ALF_OK)
    find_due(&r);
  if (r.status == ALF_OK)
    take_jobs(&r);
  if (r.status == ALF_OK)
    run_cells(&r);
  if (settings->folder)
    rmdir(settings->folder); /* where nothing is left in it */
  free_runner(&r);
  return r.status;
}
