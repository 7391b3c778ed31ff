/* Rules and schedules with their parameters, as the command line names them. */
#ifndef ALF_CLI_CHOICE_H
#define ALF_CLI_CHOICE_H

#include "alf/verify.h"

/* alf_rule_read and alf_schedule_read for the options of those names: ALF_EINVAL names the option, and offers what is
   near where there is none of that name. */
alf_status alf_cli_read_rule(const char *text, const alf_rule **rule, double *values, alf_error *err);
alf_status alf_cli_read_schedule(const char *text, const alf_schedule **schedule, double *values, alf_error *err);

/* alf_format_read for --format; NULL: none. */
alf_status alf_cli_read_format(const char *text, alf_format *format, alf_error *err);

/* What reports call the rule, the schedule and the format of a cell: the canonical texts; an empty one for no format. */
typedef struct alf_cli_cell_text {
  char rule[ALF_CHOICE_TEXT], schedule[ALF_CHOICE_TEXT], format[ALF_CHOICE_TEXT];
} alf_cli_cell_text;

alf_cli_cell_text alf_cli_describe(const alf_cell *cell);

#endif
