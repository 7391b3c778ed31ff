#include "cli/interrupt.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
  static const char note[] = "alflab: ending the current step; once more ends at once\n";
  (void)signal_number;
  interrupted = 1;
  if (write(STDERR_FILENO, note, sizeof note - 1) < 0)
    return;
}

/* What is ignored from outside stays ignored: Ctrl-C by a shell's background jobs, SIGHUP under nohup. */
static void catch_signal(int signal_number)
{
  struct sigaction action = {0}, before = {0};
  if (sigaction(signal_number, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
    return;
  action.sa_handler = on_interrupt;
  action.sa_flags = (int)SA_RESETHAND | SA_RESTART;
  sigaction(signal_number, &action, NULL);
}

void alf_cli_catch_interrupt(void)
{
  catch_signal(SIGINT);
  catch_signal(SIGTERM);
  catch_signal(SIGHUP);
  signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a write that fails */
}

bool alf_cli_interrupted(void)
{
  return interrupted != 0;
}
