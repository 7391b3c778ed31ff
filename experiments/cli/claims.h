/* The pieces of alflab claims: what every claim says, and its verdicts on a fixed suite of inputs. */
#ifndef ALF_CLI_CLAIMS_H
#define ALF_CLI_CLAIMS_H

#include <jansson.h>
#include <stdio.h>

#include "alf/claim.h"
#include "cli/options.h"
#include "cli/verify.h"

/* Verdicts of one claim. Zeroed: none. */
typedef struct alf_cli_tally {
  int count[ALF_INCONCLUSIVE + 1];
  bool measured; /* some of those that hold or are refuted have a margin; the least: */
  double margin;
} alf_cli_tally;

/* One input. */
typedef struct alf_cli_claims_row {
  char name[64];
  alf_cli_tally tally[ALF_CLI_MAX_CLAIMS];
} alf_cli_claims_row;

/* Zero-initialise; alf_cli_claims_free copes with any state. */
typedef struct alf_cli_claims {
  int claims, rows;
  const alf_claim *claim[ALF_CLI_MAX_CLAIMS + 1]; /* of alf_claims, then of alf_online_claims */
  alf_cli_claims_row *row;
} alf_cli_claims;

/* What the suite is, in words, as Markdown. */
void alf_cli_claims_describe(FILE *out, const alf_cli_options *options);

/* Runs it. Of the options seed, threads and quiet count. Errors: those of the inputs; ALF_EINTERRUPTED, ALF_ENOMEM. */
alf_status alf_cli_claims_run(alf_cli_claims *claims, const alf_cli_options *options, alf_error *err);

void alf_cli_claims_free(alf_cli_claims *claims);

int alf_cli_tally_total(const alf_cli_tally *tally);

/* The verdict that stands for all: refuted before inconclusive before holds before hypothesis not met. */
alf_verdict alf_cli_tally_verdict(const alf_cli_tally *tally);

/* Adds one tally to another. */
void alf_cli_tally_join(alf_cli_tally *sum, const alf_cli_tally *tally);

/* Two tables in Markdown: the claims, and their verdicts on every input. */
void alf_cli_claims_print(FILE *out, const alf_cli_claims *claims, const alf_cli_options *options);

/* For programs: one object a claim. */
json_t *alf_cli_claims_json(const alf_cli_claims *claims);

#endif
