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

/* `rules` is a comma list as of --rule: a rule of another name than the built-in ones is looked for in the files of it,
   since a witness is to run no code of its own. Errors: ALF_EIO; ALF_EFORMAT naming the file, the field, its value and
   what was expected; those of the list and its files; ALF_ENOMEM. */
alf_status alf_cli_witness_read(alf_cli_witness *witness, const char *path, const char *rules, alf_error *err);

#endif
