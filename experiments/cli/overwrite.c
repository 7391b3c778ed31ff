#include "cli/overwrite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alf/rule.h"

/* Whether both names lead to the same file; one that does not exist is no other's. */
static bool is_same_file(const char *a, const char *b)
{
  struct stat first, second;
  return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

/* An input may go on behind the name of its file, with @BATCH or :KEY, a rule with its parameters. */
static bool reads(const char *input, const char *path)
{
  if (!input || is_same_file(input, path))
    return input != NULL;
  bool found = false;
  char *name = strdup(input);
  for (char *end = name; end && *end && !found; end++) {
    char held = *end;
    if (held != '@' && held != ':' && held != '[')
      continue;
    *end = '\0';
    found = is_same_file(name, path);
    *end = held;
  }
  free(name);
  return found;
}

static alf_status refuse(const char *path, const char *what, alf_error *err)
{
  return alf_fail(err, ALF_EINVAL, "--csv %.400s: is the file of %s: expected another one", path, what);
}

alf_status alf_cli_check_overwrite(const alf_cli_options *options, alf_error *err)
{
  const char *csv = options->csv;
  for (int i = 0; csv && i < options->arguments; i++)
    if (reads(options->argument[i], csv))
      return refuse(csv, "INPUT", err);
  if (csv && reads(options->against, csv))
    return refuse(csv, "--against", err);
  if (csv && options->rule && alf_rule_is_file(options->rule) && reads(options->rule, csv))
    return refuse(csv, "--rule", err);
  return csv && reads(options->capacities, csv) ? refuse(csv, "--capacities", err) : ALF_OK;
}
