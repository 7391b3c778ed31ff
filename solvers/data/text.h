/* Names in user input. */
#ifndef ALF_DATA_TEXT_H
#define ALF_DATA_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "alf/number.h"

/* A copy of `text` fit for a one-line message: control characters become '?', and of a long text the end is kept.
   NULL when out of memory. The caller frees. */
char *alf_message_copy(const char *text);

/* Copies at most `size - 1` of `length` bytes, control characters as '?', and a terminator. */
void alf_printable(char *out, size_t size, const char *text, size_t length);

/* Appends `item` to the list in `out`, after ", " when it is not the first; "…" when there is no room for it. */
void alf_list_append(char *out, size_t size, const char *item);

#endif
