/* Reading "key=value,…" against tables of parameters. `owner` is what messages call the family, rule or schedule. */
#ifndef ALF_DATA_PARAMETER_H
#define ALF_DATA_PARAMETER_H

#include <stddef.h>

#include "alf/parameter.h"

/* A table, and the text of each value that was given; NULL: not given. */
typedef struct alf_given {
  const alf_parameter *table;
  const char *text[ALF_MAX_PARAMETERS];
} alf_given;

/* Cuts "key=value,…" up in place and sorts the values into `tables` (count of them). text NULL: nothing given.
   Errors: ALF_EINVAL for what is no key=value of a known key, or given twice. */
alf_status alf_given_sort(const char *owner, char *text, alf_given *tables, int count, alf_error *err);

/* Parses one value and checks it against its record. Errors: ALF_EINVAL. */
alf_status alf_parameter_parse(const char *owner, const alf_parameter *parameter, const char *text, double *value,
                               alf_error *err);

/* Values that were given, defaults for the rest; value has room for the table. Errors: those of alf_parameter_parse. */
alf_status alf_given_values(const char *owner, const alf_given *given, double *value, alf_error *err);

/* The values of a choice "NAME" or "NAME[KEY=VALUE,…]"; value has room for ALF_MAX_PARAMETERS. Errors: ALF_EINVAL. */
alf_status alf_choice_values(const char *text, const char *owner, const alf_parameter *table, double *value,
                             alf_error *err);

/* "key=value,…" of the values that differ from their defaults, as alf_choice_print; "" when none does. */
void alf_values_print(const alf_parameter *table, const double *values, char text[ALF_CHOICE_TEXT]);

/* Takes values over from a caller, the defaults when `given` is NULL. Errors: ALF_EINVAL for one out of its range. */
alf_status alf_parameter_take(const char *owner, const alf_parameter *table, const double *given, double *value,
                              alf_error *err);

#endif
