/* One value of each type of key. */
#ifndef ALF_RUN_CHECK_H
#define ALF_RUN_CHECK_H

#include "run/values.h"

/* Reads a value, checks it, and writes its canonical form; texts go to `memory`. Errors: as alf_values_add. */
alf_status alf_check_value(const alf_key *key, const char *word, const char *base, alf_memory *memory,
                           alf_key_value *value, alf_error *err);

/* A number against the range of its key. Errors: ALF_EINVAL. */
alf_status alf_check_number(const alf_key *key, double number, alf_value *value, alf_error *err);

/* Cuts blanks off both ends, in place. */
char *alf_trim(char *text);

/* A copy that lives as long as the memory; NULL when out of memory. */
char *alf_memory_text(alf_memory *memory, const char *text);

#endif
