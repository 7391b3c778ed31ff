#include "cli/words.h"

#include <stdbool.h>
#include <string.h>

/* The comma that ends the first word, or NULL. */
static char *word_end(char *text)
{
  bool bracketed = false;
  for (; *text && (bracketed || *text != ','); text++)
    bracketed = *text == '[' || (bracketed && *text != ']');
  return *text ? text : NULL;
}

alf_status alf_cli_split(alf_cli_words *list, const char *option, const char *text, alf_error *err)
{
  list->count = 0;
  if (strlen(text) >= sizeof list->text)
    return alf_fail(err, ALF_EINVAL, "%s: the list is too long", option);
  strcpy(list->text, text);
  char *rest = list->text;
  for (bool more = true; more;) {
    char *comma = word_end(rest);
    if (list->count == ALF_CLI_MOST_WORDS)
      return alf_fail(err, ALF_EINVAL, "%s: expected at most %d values", option, ALF_CLI_MOST_WORDS);
    list->word[list->count++] = rest;
    more = comma != NULL;
    if (more) {
      *comma = '\0';
      rest = comma + 1;
    }
  }
  return ALF_OK;
}
