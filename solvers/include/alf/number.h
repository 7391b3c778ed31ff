/* Numbers in user input, independent of the locale. */
#ifndef ALF_NUMBER_H
#define ALF_NUMBER_H

#include <stdint.h>

#include "alf/status.h"

/* Parses all of `text` as a decimal number; `what` names it in messages. "1e3" is a number, "nan", "0x10", " 1" and ""
   are not. Errors: ALF_EINVAL, also when the value is too large for a double. */
alf_status alf_parse_real(const char *text, const char *what, double *value, alf_error *err);

/* The same for whole numbers 0..maximum, exact to the last digit: "1e3" and "2.50e1" are whole, "1.5" is not. */
alf_status alf_parse_whole(const char *text, const char *what, uint64_t maximum, uint64_t *value, alf_error *err);

#endif
