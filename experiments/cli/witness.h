/* Counterexamples as files that replay bit for bit. */
#ifndef ALF_CLI_WITNESS_H
#define ALF_CLI_WITNESS_H

#include "alf/hunt.h"

/* A claim, the trial that refutes it, and what was seen then. */
typedef struct alf_cli_witness {
  const alf_claim *claim;
  alf_trial trial;
  alf_verdict verdict;
  double margin; /* NaN: none */
  int64_t worst_step;
} alf_cli_witness;

/* Writes JSON: numbers of the instance are whole grid units, reals have 17 digits. Errors: ALF_EIO, ALF_ENOMEM. */
alf_status alf_cli_witness_write(const alf_cli_witness *witness, const char *path, alf_error *err);

/* Errors: ALF_EIO; ALF_EFORMAT naming the file, the field, its value and what was expected; ALF_ENOMEM. */
alf_status alf_cli_witness_read(alf_cli_witness *witness, const char *path, alf_error *err);

#endif
