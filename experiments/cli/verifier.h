/* The cells of a grid on one batch after the other: what alflab verify and alflab demo share. */
#ifndef ALF_CLI_VERIFIER_H
#define ALF_CLI_VERIFIER_H

#include <pthread.h>

#include "cli/progress.h"
#include "cli/verify.h"

typedef struct alf_cli_verifier {
  const alf_cli_options *options; /* claim, rule, schedule, step_sizes, topk, steps, float_mode, timeout, threads … */
  alf_cli_grid grid;
  alf_verify_settings settings; /* from the options; may be changed between prepare and the first input */
  alf_cli_verdicts verdicts;    /* of the batch at hand */
  const alf_family *family;     /* behind the input, with its call; NULL: a file */
  const alf_family_call *call;
  alf_instance instance;
  alf_affinity raw, batch, real;
  alf_affinity judged; /* a view of batch without its padding: what the instance is about */
  alf_status *status;  /* cells: how each run ended */
  pthread_mutex_t lock;
  alf_cli_progress progress;
  int64_t done; /* cells of this batch */
} alf_cli_verifier;

/* Takes note of the results on one batch, which are gone after the call. */
typedef void (*alf_cli_report)(void *context, const alf_cli_verdicts *verdicts);

/* Reads the grid. `options` outlives the verifier, which is zero-initialised and to be freed whatever this returns.
   Errors: those of alf_cli_grid_read. */
alf_status alf_cli_verifier_prepare(alf_cli_verifier *verifier, const alf_cli_options *options, alf_error *err);

/* Runs every cell on every batch of INPUT, each a fixed batch of its own, and reports batch by batch. A run that left
   the grid says so in its verdicts. Errors: those of the source, ALF_ENOMEM, ALF_EINTERRUPTED. */
alf_status alf_cli_verify_input(alf_cli_verifier *verifier, const char *input, alf_cli_report report, void *context,
                                alf_error *err);

/* Only after alf_cli_verifier_prepare. */
void alf_cli_verifier_free(alf_cli_verifier *verifier);

/* One of each kind of synthetic affinities, null-terminated; meant for K = 2. */
extern const char *const alf_cli_built_in[];

#endif
