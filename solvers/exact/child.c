#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "exact/child.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "core/deadline.h"

/* What parent and child share; the result follows. */
struct mailbox {
  volatile sig_atomic_t finished; /* the child wrote everything */
  alf_status status;
  alf_error err;
  _Alignas(16) unsigned char result[];
};

/* The parent's handlers only make sense there, and a child must not outlive a parent that was killed. */
static void leave_parents_ways(void)
{
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
}

/* Waits for the child, ever less often, and kills it at the deadline. False when it was killed. */
static bool wait_for_child(pid_t child, alf_deadline deadline, int *how)
{
  struct timespec pause = {0, 100000};
  bool in_time = true;
  for (;;) {
    pid_t ended = waitpid(child, how, in_time ? WNOHANG : 0);
    if (ended == child || (ended < 0 && errno != EINTR))
      return in_time;
    if (ended < 0 || !in_time)
      continue;
    if (alf_deadline_left_ms(deadline) == 0) {
      kill(child, SIGKILL);
      in_time = false;
      continue;
    }
    nanosleep(&pause, NULL);
    pause.tv_nsec = pause.tv_nsec < 5000000 ? 2 * pause.tv_nsec : pause.tv_nsec;
  }
}

static alf_status explain_death(int how, const char *what, alf_error *err)
{
  if (!WIFSIGNALED(how))
    return alf_fail(err, ALF_ESOLVER, "%s: its process ended with exit status %d and no result", what,
                    WIFEXITED(how) ? WEXITSTATUS(how) : -1);
  int number = WTERMSIG(how);
  if (number == SIGINT || number == SIGTERM)
    return alf_fail(err, ALF_EINTERRUPTED, "%s: interrupted by signal %d (%s)", what, number, strsignal(number));
  return alf_fail(err, ALF_ESOLVER, "%s: its process died of signal %d (%s)", what, number, strsignal(number));
}

static alf_status collect(const struct mailbox *box, bool in_time, int how, void *result, size_t bytes,
                          const char *what, alf_error *err)
{
  if (!in_time && !box->finished)
    return alf_fail(err, ALF_ETIMEOUT, "%s: time limit reached", what);
  if (!box->finished)
    return explain_death(how, what, err);
  memcpy(result, box->result, bytes);
  if (box->status && err)
    *err = box->err;
  return box->status;
}

alf_status alf_child_run(alf_status (*body)(void *context, void *result, alf_error *err), void *context, void *result,
                         size_t bytes, alf_deadline deadline, const char *what, alf_error *err)
{
  size_t size = sizeof(struct mailbox) + bytes;
  struct mailbox *box = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (box == MAP_FAILED)
    return alf_fail_memory(err, size);
  pid_t child = fork();
  if (child == 0) {
    leave_parents_ways();
    box->status = body(context, box->result, &box->err);
    box->finished = 1;
    _exit(0);
  }
  alf_status status;
  if (child < 0) {
    status = alf_fail(err, ALF_ESOLVER, "%s: no process for it: %s", what, strerror(errno));
  } else {
    int how = 0;
    bool in_time = wait_for_child(child, deadline, &how);
    status = collect(box, in_time, how, result, bytes, what, err);
  }
  munmap(box, size);
  return status;
}
