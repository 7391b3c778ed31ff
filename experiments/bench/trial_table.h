/* What bench --group rules prints of each instance. */
#ifndef ALF_BENCH_TRIAL_TABLE_H
#define ALF_BENCH_TRIAL_TABLE_H

#include "trial/sweep.h"

/* What the columns mean. */
void alf_trial_print_legend(void);

/* One line for each rule; then, where formats were compared, two tables of their effect. */
void alf_trial_print_instance(const alf_trial_sweep *sweep);

/* "smebu[beta=0.9]" */
void alf_trial_rule_text(const alf_rule *rule, const double *values, char text[ALF_CHOICE_TEXT]);

/* A space and a number, or "-" where it is not known. */
void alf_trial_print_number(int width, int digits, double value);

#endif
