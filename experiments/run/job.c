#include "run/job.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "core/grow.h"
#include "measure/input.h"
#include "measure/pace.h"
#include "run/folder.h"

/* What a process says in the end; the outcome's bytes follow. */
typedef struct letter {
  int64_t length; /* of the outcome */
  alf_error err;
} letter;

/* Ctrl-C reaches every process of a terminal, but it is the parent who decides; and nobody outlives it. */
static void leave_parents_ways(pid_t parent)
{
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  if (getppid() != parent)
    _exit(1);
}

static bool write_all(int to, const void *bytes, size_t count)
{
  const char *from = bytes;
  while (count > 0) {
    ssize_t written = write(to, from, count);
    if (written < 0 && errno != EINTR)
      return false;
    from += written > 0 ? written : 0;
    count -= written > 0 ? (size_t)written : 0;
  }
  return true;
}

/* A run with its time, and the pace before and after it. */
typedef struct timing {
  double seconds, pace;
} timing;

static alf_status run_timed(const alf_experiment *kind, const alf_experiment_cell *cell, alf_outcome *outcome,
                            timing *taken, alf_error *err)
{
  double before = alf_pace_seconds(), start = alf_processor_seconds();
  alf_status status = kind->run(cell, outcome, err);
  taken->seconds = alf_processor_seconds() - start;
  taken->pace = fmin(before, alf_pace_seconds());
  return status;
}

/* The fastest of several runs, which all have the same outcome: none goes on from files that another one has left. */
static alf_status run_often(const alf_experiment *kind, const alf_experiment_cell *cell, int times,
                            alf_outcome *outcome, alf_error *err)
{
  timing best = {.seconds = INFINITY, .pace = 1}, taken;
  alf_status status = ALF_OK;
  for (int i = 0; status == ALF_OK && i < times; i++) {
    alf_outcome_free(outcome);
    if (cell->folder)
      alf_folder_remove(cell->folder);
    status = run_timed(kind, cell, outcome, &taken, err);
    if (taken.seconds / taken.pace < best.seconds / best.pace)
      best = taken;
  }
  alf_outcome_real(outcome, "processor_seconds", best.seconds);
  alf_outcome_real(outcome, "calibration_seconds", best.pace);
  return status;
}

static void work(const alf_plan *plan, int64_t c, const alf_job_settings *settings, int to)
{
  letter said = {0};
  alf_outcome outcome = {0};
  alf_named *setting = calloc((size_t)plan->config->keys, sizeof *setting);
  if (!setting)
    _exit(1);
  alf_experiment_cell cell = alf_plan_cell_at(plan, c, setting);
  cell.folder = settings->folder;
  const alf_experiment *kind = plan->config->experiment;
  said.err.code = settings->timings ? run_often(kind, &cell, settings->timings, &outcome, &said.err)
                                    : kind->run(&cell, &outcome, &said.err);
  if (said.err.code == ALF_OK && outcome.failed)
    alf_fail(&said.err, ALF_ENOMEM, "out of memory: the outcome could not be built");
  said.length = said.err.code == ALF_OK ? outcome.length : 0;
  bool told = write_all(to, &said, sizeof said) && write_all(to, outcome.bytes, (size_t)said.length);
  _exit(!told);
}

static void note_time(char text[32])
{
  time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

alf_status alf_job_start(alf_job *job, const alf_plan *plan, int64_t c, const alf_job_settings *settings,
                         alf_error *err)
{
  int ends[2];
  pid_t parent = getpid();
  *job = (alf_job){.cell = c, .start = alf_seconds()};
  job->end = settings->timeout > 0 ? job->start + settings->timeout : INFINITY;
  note_time(job->started);
  if (pipe(ends) != 0)
    return alf_fail(err, ALF_EIO, "no pipe to a cell: %s", strerror(errno));
  pid_t process = fork();
  if (process == 0) {
    leave_parents_ways(parent);
    close(ends[0]);
    work(plan, c, settings, ends[1]);
  }
  close(ends[1]);
  if (process < 0) {
    alf_fail(err, ALF_EIO, "no process for a cell: %s", strerror(errno));
    close(ends[0]);
    return ALF_EIO;
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  job->process = process;
  job->pipe = ends[0];
  return ALF_OK;
}

void alf_job_kill(const alf_job *job)
{
  if (job->process > 0)
    kill(job->process, SIGKILL);
}

/* False: no more will come; 1: nothing at the moment. */
static bool read_some(alf_job *job)
{
  enum { PIECE = 65536 };
  alf_outcome *m = &job->message;
  char *grown = alf_grow(m->bytes, &m->room, m->length + PIECE, 1);
  m->failed = m->failed || !grown;
  if (m->failed) { /* what is lost cannot be made up for */
    alf_job_kill(job);
    return false;
  }
  m->bytes = grown;
  ssize_t count = read(job->pipe, m->bytes + m->length, PIECE);
  m->length += count > 0 ? count : 0;
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

static alf_status explain_death(const alf_job *job, int how, alf_error *err)
{
  if (job->timed_out)
    return alf_fail(err, ALF_ETIMEOUT, "not done after %g seconds (--timeout)", job->end - job->start);
  if (job->message.failed)
    return alf_fail(err, ALF_ENOMEM, "out of memory: its outcome could not be read");
  if (WIFSIGNALED(how))
    return alf_fail(err, ALF_ESOLVER, "its process died of signal %d (%s)", WTERMSIG(how), strsignal(WTERMSIG(how)));
  return alf_fail(err, ALF_ESOLVER, "its process ended with exit status %d and no outcome",
                  WIFEXITED(how) ? WEXITSTATUS(how) : -1);
}

bool alf_job_read(alf_job *job, alf_job_result *result)
{
  const alf_outcome *m = &job->message;
  int64_t before;
  letter said;
  int how = 0;
  do {
    before = m->length;
    if (!read_some(job))
      break;
    if (m->length == before)
      return false;
  } while (true);
  while (waitpid(job->process, &how, 0) < 0 && errno == EINTR) {
  }
  job->process = 0;
  *result = (alf_job_result){0};
  if (m->length >= (int64_t)sizeof said)
    memcpy(&said, m->bytes, sizeof said);
  if (m->failed || m->length < (int64_t)sizeof said || m->length != (int64_t)sizeof said + said.length) {
    result->status = explain_death(job, how, &result->err);
    return true;
  }
  result->status = said.err.code;
  result->err = said.err;
  result->outcome = (alf_outcome){.bytes = m->bytes + sizeof said, .length = said.length};
  return true;
}

void alf_job_free(alf_job *job)
{
  close(job->pipe);
  alf_outcome_free(&job->message);
  *job = (alf_job){0};
}
