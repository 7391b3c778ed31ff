#include "cli/nearest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LONGEST 48

static int smallest(int a, int b, int c)
{
  int ab = a < b ? a : b;
  return ab < c ? ab : c;
}

/* Levenshtein's distance: insertions, deletions and substitutions that turn a into b. */
static int distance(const char *a, const char *b)
{
  int row[LONGEST + 1];
  int columns = (int)strlen(b);
  for (int j = 0; j <= columns; j++)
    row[j] = j;
  for (int i = 1; a[i - 1]; i++) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= columns; j++) {
      int above = row[j];
      row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
      diagonal = above;
    }
  }
  return row[columns];
}

static bool is_near(const char *word, const char *name)
{
  size_t length = strlen(word);
  if (length < 2 || length > LONGEST || strlen(name) > LONGEST)
    return false;
  return strstr(name, word) || (strlen(name) > 2 && strstr(word, name)) ||
         distance(word, name) <= (int)(length / 3 + 1);
}

void alf_cli_nearest(const char *word, const char *const *names, const char *prefix, char *text, size_t size)
{
  bool any = false;
  for (int i = 0; names[i]; i++)
    any = any || is_near(word, names[i]);
  int used = snprintf(text, size, any ? "nearest: " : "expected one of ");
  const char *comma = "";
  for (int i = 0; names[i] && used < (int)size; i++) {
    if (any && !is_near(word, names[i]))
      continue;
    used += snprintf(text + used, size - (size_t)used, "%s%s%s", comma, prefix, names[i]);
    comma = ", ";
  }
}
