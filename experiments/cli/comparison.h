/* How comparisons of two stores are reported: by alflab compare and by the gate, alflab bench --check. */
#ifndef ALF_CLI_COMPARISON_H
#define ALF_CLI_COMPARISON_H

#include "cli/options.h"
#include "run/compare.h"

/* Prints the report, as text or JSON. `base` and `fresh` are what the two are called. Returns the exit code: 1 where
   anything is worse. */
int alf_cli_report_comparison(const alf_comparison *comparison, const char *base, const char *fresh,
                              const alf_cli_options *options, alf_error *err);

#endif
