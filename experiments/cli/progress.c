#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/input.h"

#define INTERVAL 0.2

alf_cli_progress alf_cli_progress_start(const char *what, int64_t total, bool quiet)
{
  double now = alf_cli_seconds();
  return (alf_cli_progress){!quiet && isatty(STDERR_FILENO), what, total, now, now + INTERVAL};
}

void alf_cli_progress_tick(alf_cli_progress *progress, int64_t done)
{
  if (!progress->shown)
    return;
  double now = alf_cli_seconds();
  if (now < progress->next)
    return;
  fprintf(stderr, "\r%lld of %lld %s", (long long)done, (long long)progress->total, progress->what);
  if (done > 0) { /* before that nothing is known */
    double rate = (double)done / (now - progress->start);
    fprintf(stderr, ", %.3g/s, %.0f s left", rate, (double)(progress->total - done) / rate);
  }
  fputs("\033[K", stderr);
  progress->next = now + INTERVAL;
}

void alf_cli_progress_end(alf_cli_progress *progress)
{
  if (progress->shown && alf_cli_seconds() >= progress->start + INTERVAL)
    fprintf(stderr, "\r\033[K");
  progress->shown = false;
}
