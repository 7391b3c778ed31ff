/* The library's tables by name, for `alflab list` and for the errors about unknown names. */
#ifndef ALF_CLI_CATALOGUE_H
#define ALF_CLI_CATALOGUE_H

#include "alf/claim.h"
#include "alf/parameter.h"
#include "run/experiment.h"

#define ALF_CLI_MAX_ENTRIES 64

typedef struct alf_cli_entry {
  const char *name, *summary;
  const alf_parameter *parameters; /* NULL: entries of this table have none */
  const alf_key *keys;             /* of a kind of experiment, else NULL */
} alf_cli_entry;

/* One table of the library. */
typedef struct alf_cli_section {
  const char *name; /* "solvers" */
  const char *one;  /* "solver" */
  /* Entry i; a NULL name behind the last one. */
  alf_cli_entry (*entry)(int i);
} alf_cli_section;

/* Ends with a NULL name. */
extern const alf_cli_section alf_cli_sections[];

/* Number i of all claims: those that are watched along an iteration, then those about online runs; NULL behind them. */
const alf_claim *alf_cli_claim_at(int i);

/* NULL when there is none of that name. */
const alf_cli_section *alf_cli_section_find(const char *name);

/* ALF_EINVAL with "SHOWN VALUE: no such ONE; nearest: …"; `shown` is "--solver " or empty. */
alf_status alf_cli_fail_name(const char *shown, const char *value, const char *section, alf_error *err);

#endif
