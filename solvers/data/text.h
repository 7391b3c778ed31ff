/* Numbers and names in user input. Independent of the locale. */
#ifndef ALF_DATA_TEXT_H
#define ALF_DATA_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "alf/status.h"

/* Parses all of `text` as a decimal number; `what` names it in messages. "1e3" is a number, "nan", "0x10", " 1" and ""
   are not. Errors: ALF_EINVAL, also when the value is too large for a double. */
alf_status alf_parse_real(const char *text, const char *what, double *value, alf_error *err);

/* The same for whole numbers 0..maximum, exact to the last digit: "1e3" and "2.50e1" are whole, "1.5" is not. */
alf_status alf_parse_whole(const char *text, const char *what, uint64_t maximum, uint64_t *value, alf_error *err);

/* A copy of `text` fit for a one-line message: control characters become '?', and of a long text the end is kept.
   NULL when out of memory. The caller frees. */
char *alf_message_copy(const char *text);

/* Copies at most `size - 1` of `length` bytes, control characters as '?', and a terminator. */
void alf_printable(char *out, size_t size, const char *text, size_t length);

/* Appends `item` to the list in `out`, after ", " when it is not the first; "…" when there is no room for it. */
void alf_list_append(char *out, size_t size, const char *item);

#endif
