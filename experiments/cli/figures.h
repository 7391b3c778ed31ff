/* The figures of alflab figures, and what makes their numbers. */
#ifndef ALF_CLI_FIGURES_H
#define ALF_CLI_FIGURES_H

#include <stdio.h>

#include "cli/options.h"

/* One figure: plots/NAME.gp draws NAME.csv. */
typedef struct alf_cli_figure {
  const char *name, *summary;
  /* Writes the CSV, header first. */
  alf_status (*write)(FILE *csv, const alf_cli_options *options, alf_error *err);
} alf_cli_figure;

/* Ends with a NULL name. */
extern const alf_cli_figure alf_cli_figures[];

/* Gap against seconds of all solvers at training size. */
alf_status alf_cli_write_solvers(FILE *csv, const alf_cli_options *options, alf_error *err);

/* Balance, gap and speed of all rules, by default and at their best, over the suite of bench --group rules. */
alf_status alf_cli_write_rules(FILE *csv, const alf_cli_options *options, alf_error *err);

#endif
