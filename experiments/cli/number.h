/* Numbers on the command line: the whole text counts, in every locale. */
#ifndef ALF_CLI_NUMBER_H
#define ALF_CLI_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* A finite real. */
bool alf_cli_read_real(const char *text, double *value);

/* A whole number of at most 2^53 in absolute value; 1e3 is one, too. */
bool alf_cli_read_integer(const char *text, int64_t *value);

/* "A:B" with 0 <= A < B. */
bool alf_cli_read_range(const char *text, int64_t *from, int64_t *to);

#endif
