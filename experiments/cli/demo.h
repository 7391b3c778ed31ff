/* The pieces of alflab demo, in the order in which it goes through them. */
#ifndef ALF_CLI_DEMO_H
#define ALF_CLI_DEMO_H

#include <jansson.h>
#include <stdbool.h>

#include "alf/instance.h"
#include "cli/options.h"
#include "cli/verify.h"

#define ALF_DEMO_PATH 4096

/* The path of a shipped trace, "FOLDER/name": FOLDER is what the environment names in ALFLAB_DATA, else the data that
   come with the program (shipped.h, which has the errors). */
alf_status alf_demo_data_path(const char *name, char path[ALF_DEMO_PATH], alf_error *err);

/* Reads the first batch of INPUT into *batch, which the caller zero-initialised and frees. */
alf_status alf_demo_read(const char *input, const alf_cli_options *options, alf_affinity *batch, alf_error *err);

/* A number that is known from elsewhere, up to the spread of random instances. */
typedef struct alf_demo_known {
  const char *input, *what; /* "optimum", "max load of the cycle" */
  double value, expected;
  bool certified; /* the optimum by its certificate, the cycle by its return */
  bool met;       /* certified, and near what is expected */
} alf_demo_known;

#define ALF_DEMO_KNOWN 5

/* Finds optima by GLPK's simplex alone, and limit cycles of constant sign steps. */
alf_status alf_demo_find_known(const alf_cli_options *options, alf_demo_known known[ALF_DEMO_KNOWN], alf_error *err);

/* Zero-initialise. */
typedef struct alf_demo_claims {
  const alf_cli_options *options;
  alf_cli_totals totals;
  json_t *list; /* an array that takes every result; NULL: a line is printed for every batch */
} alf_demo_claims;

/* Judges every claim on the synthetic families (K = 2) and on the shipped router affinities (K = 6), in exact
   arithmetic. --quick: on few of them, for few steps. */
alf_status alf_demo_check_claims(alf_demo_claims *claims, alf_error *err);

#endif
