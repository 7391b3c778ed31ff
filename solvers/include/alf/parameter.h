/* Parameters of families, rules and schedules: one record drives parsing, the range check and `alflab list`. */
#ifndef ALF_PARAMETER_H
#define ALF_PARAMETER_H

#include "alf/status.h"

typedef struct alf_parameter {
  const char *name;
  double fallback;         /* value when not given */
  double minimum, maximum; /* inclusive */
  int integral;            /* nonzero: whole numbers only */
  const char *help;
  /* Names of the values 0, 1, …, maximum, ended by NULL: texts have these, and the parameter is integral from 0 on.
     NULL: it is a number. */
  const char *const *choices;
} alf_parameter;

/* The most that one table may have. A table ends with a NULL name; NULL stands for one without any. */
#define ALF_MAX_PARAMETERS 12

int alf_parameter_count(const alf_parameter *table);

/* Room for a choice: "NAME", or "NAME[KEY=VALUE,…]". */
#define ALF_CHOICE_TEXT 512

/* What stands before the bracket of a choice. */
void alf_choice_name(const char *text, char name[ALF_CHOICE_TEXT]);

/* The canonical text of a choice: the values that differ from their defaults, in the order of the table, each with
   enough digits to read back as the same double. values NULL: all at their defaults. */
void alf_choice_print(const char *name, const alf_parameter *table, const double *values, char text[ALF_CHOICE_TEXT]);

#endif
