#include "cli/choice.h"

#include "cli/catalogue.h"

/* A text that was refused: because of its name, of what is in its brackets, or of the file that it names. */
static alf_status refuse(const char *option, const char *text, bool known, const char *section, const alf_error *cause,
                         alf_error *err)
{
  char name[ALF_CHOICE_TEXT];
  alf_choice_name(text, name);
  return known || cause->code != ALF_EINVAL ? alf_fail(err, cause->code, "%s%s", option, cause->text)
                                            : alf_cli_fail_name(option, name, section, err);
}

alf_status alf_cli_read_rule(const char *text, const alf_rule **rule, double *values, alf_error *err)
{
  alf_error cause = {0};
  if (alf_rule_read(text, rule, values, &cause) == ALF_OK)
    return ALF_OK;
  return refuse("--rule ", text, *rule, "rules", &cause, err);
}

alf_status alf_cli_read_schedule(const char *text, const alf_schedule **schedule, double *values, alf_error *err)
{
  alf_error cause = {0};
  if (alf_schedule_read(text, schedule, values, &cause) == ALF_OK)
    return ALF_OK;
  return refuse("--schedule ", text, *schedule, "schedules", &cause, err);
}

alf_status alf_cli_read_format(const char *text, alf_format *format, alf_error *err)
{
  alf_error cause = {0};
  alf_status status = alf_format_read(text, format, &cause);
  return status == ALF_OK ? ALF_OK : alf_fail(err, status, "--%s", cause.text); /* it begins with "format" */
}

alf_cli_cell_text alf_cli_describe(const alf_cell *cell)
{
  alf_cli_cell_text text;
  alf_choice_print(cell->rule->name, cell->rule->parameters, cell->rule_values, text.rule);
  alf_choice_print(cell->schedule->name, cell->schedule->parameters, cell->schedule_values, text.schedule);
  alf_format_print(cell->format, text.format);
  return text;
}
