/* The rules that bench --group rules compares. */
#ifndef ALF_BENCH_TRIAL_RULES_H
#define ALF_BENCH_TRIAL_RULES_H

#include "cli/options.h"
#include "trial/rules.h"

/* Those of --rule, else all of the table. A rule that is named without a bracket and has a decisive parameter of its own
   is tried with several values of it, but not with --quick. Errors: those of alf_cli_read_rule; ALF_EINVAL. */
alf_status alf_trial_rules_read(alf_trial_rules *rules, const alf_cli_options *options, alf_error *err);

#endif
