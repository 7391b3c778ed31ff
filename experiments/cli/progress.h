/* The progress line on stderr: count, rate, time left; on terminals only. */
#ifndef ALF_CLI_PROGRESS_H
#define ALF_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct alf_cli_progress {
  bool shown;       /* stderr is a terminal and --quiet was not given */
  const char *what; /* what is counted: "updates" */
  int64_t total;
  double start, next; /* seconds: when it began, when the line is due again */
} alf_cli_progress;

alf_cli_progress alf_cli_progress_start(const char *what, int64_t total, bool quiet);

/* Redraws the line at most five times a second. */
void alf_cli_progress_tick(alf_cli_progress *progress, int64_t done);

/* Clears the line. */
void alf_cli_progress_end(alf_cli_progress *progress);

#endif
