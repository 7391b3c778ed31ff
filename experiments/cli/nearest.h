/* What to offer when a name is not known. */
#ifndef ALF_CLI_NEAREST_H
#define ALF_CLI_NEAREST_H

#include <stddef.h>

/* Writes "nearest: a, b" with the names that are close to `word`, or "expected one of a, b, c, …" with all of them when
   none is. `names` ends with NULL; `prefix` is put before each name. */
void alf_cli_nearest(const char *word, const char *const *names, const char *prefix, char *text, size_t size);

#endif
