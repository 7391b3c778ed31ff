#include "cli/interrupt.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
  static const char note[] = "alflab: ending the current step; Ctrl-C again ends at once\n";
  (void)signal_number;
  interrupted = 1;
  if (write(STDERR_FILENO, note, sizeof note - 1) < 0)
    return;
}

void alf_cli_catch_interrupt(void)
{
  struct sigaction action = {0}, before = {0};
  /* A shell's background jobs ignore Ctrl-C, and should go on doing so. */
  if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
    return;
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigaction(SIGINT, &action, NULL);
}

bool alf_cli_interrupted(void)
{
  return interrupted != 0;
}
