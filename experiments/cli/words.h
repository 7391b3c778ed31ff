/* Comma lists on the command line. */
#ifndef ALF_CLI_WORDS_H
#define ALF_CLI_WORDS_H

#include "alf/status.h"

#define ALF_CLI_MOST_WORDS 32

/* A list, cut up: commas in brackets are those of parameters. */
typedef struct alf_cli_words {
  int count;
  char *word[ALF_CLI_MOST_WORDS]; /* point into text */
  char text[1024];
} alf_cli_words;

/* Cuts `text`, the value of that option. Errors: ALF_EINVAL for a list that is too long. */
alf_status alf_cli_split(alf_cli_words *list, const char *option, const char *text, alf_error *err);

#endif
