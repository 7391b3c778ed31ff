/* The pieces of alflab verify: which cells, and how their results are shown. */
#ifndef ALF_CLI_VERIFY_H
#define ALF_CLI_VERIFY_H

#include <jansson.h>

#include "alf/verify.h"
#include "cli/choice.h"
#include "cli/options.h"

#define ALF_CLI_MAX_CLAIMS 32

/* Rules × schedules × step sizes, and the claims to be judged on each. Zero-initialise. */
typedef struct alf_cli_grid {
  const alf_claim *claim[ALF_CLI_MAX_CLAIMS + 1]; /* null-terminated */
  int claims, cells;
  alf_cell *cell;                       /* cells, rule by rule, schedule by schedule, step sizes ascending as given */
  double (*values)[ALF_MAX_PARAMETERS]; /* of the parameters of rules and schedules */
  double *crowding;                     /* step sizes for which a claim needs H(q) */
  int crowdings;
  unsigned needs;    /* what the claims need, ALF_NEEDS_… */
  bool formatted;    /* --format was given: */
  alf_format format; /* that of every cell */
} alf_cli_grid;

/* Reads --claim, --rule, --schedule, --step-size and --format (but for the last comma lists; the default is the grid of design.md).
   Errors: ALF_EINVAL naming the option and the value, ALF_ENOMEM. */
alf_status alf_cli_grid_read(alf_cli_grid *grid, const alf_cli_options *options, alf_error *err);
void alf_cli_grid_free(alf_cli_grid *grid);

/* All results on one batch. */
typedef struct alf_cli_verdicts {
  const alf_cli_grid *grid;
  const alf_instance *instance;
  const char *source; /* INPUT, with @batch where it has several */
  bool exact;
  alf_claim_result *result; /* cells × claims */
} alf_cli_verdicts;

/* Claims that are fixed by the batch count once, in cell 0. */
bool alf_cli_is_reported(const alf_cli_grid *grid, int cell, int claim);

/* Refuted before inconclusive before holds before hypothesis not met; then the smaller margin. */
bool alf_cli_is_worse(const alf_claim_result *a, const alf_claim_result *b);

/* For reading: one cell in full, or a table of all cells and the worst of each claim. */
void alf_cli_print_verdicts(const alf_cli_verdicts *verdicts);

/* What all cells of all batches say about one claim. */
typedef struct alf_cli_total {
  const alf_claim *claim;
  int count[ALF_INCONCLUSIVE + 1]; /* results by verdict */
  bool measured;                   /* some result had a margin; then: */
  alf_claim_result worst;          /* the one with the smallest */
  alf_cli_cell_text where;         /* its cell */
  double u;
  char source[600];
} alf_cli_total;

/* Zero-initialise. */
typedef struct alf_cli_totals {
  int batches, claims;
  int count[ALF_INCONCLUSIVE + 1];
  alf_cli_total claim[ALF_CLI_MAX_CLAIMS];
} alf_cli_totals;

/* Adds the results on one batch, which is to be called `source`. */
void alf_cli_totals_add(alf_cli_totals *totals, const alf_cli_verdicts *verdicts, const char *source);

/* Two lines a claim. */
void alf_cli_totals_print(const alf_cli_totals *totals);

/* For programs: appends one object a claim and cell to *list (an array). */
void alf_cli_append_verdicts(json_t **list, const alf_cli_verdicts *verdicts);

#endif
