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

/* Whether `path` is, or would become, an .npy file in that directory. */
static bool is_member(const char *directory, const char *path)
{
  struct stat about;
  size_t length = strlen(path);
  if (stat(directory, &about) != 0 || !S_ISDIR(about.st_mode) || length < 4 || strcmp(path + length - 4, ".npy"))
    return false;
  char *parent = strdup(path), *slash = parent ? strrchr(parent, '/') : NULL;
  if (slash)
    slash[slash == parent] = '\0'; /* "/x.npy" lies in "/" */
  bool found = parent && is_same_file(directory, slash ? parent : ".");
  free(parent);
  return found;
}

static bool is_read_as(const char *name, const char *path)
{
  return is_same_file(name, path) || is_member(name, path);
}

/* An input may go on behind the name of its file or directory, with @BATCH or :KEY, a rule with its parameters. */
static bool reads(const char *input, const char *path)
{
  if (!input || is_read_as(input, path))
    return input != NULL;
  bool found = false;
  char *name = strdup(input);
  for (char *end = name; end && *end && !found; end++) {
    char held = *end;
    if (held != '@' && held != ':' && held != '[')
      continue;
    *end = '\0';
    found = is_read_as(name, path);
    *end = held;
  }
  free(name);
  return found;
}

typedef struct output {
  const char *option, *path;
} output;

static alf_status refuse(const output *o, const char *what, alf_error *err)
{
  return alf_fail(err, ALF_EINVAL, "%s %.400s: is the file of %s: expected another one", o->option, o->path, what);
}

static alf_status check_output(const output *o, const alf_cli_options *options, alf_error *err)
{
  for (int i = 0; i < options->arguments; i++)
    if (reads(options->argument[i], o->path))
      return refuse(o, "INPUT", err);
  if (reads(options->against, o->path))
    return refuse(o, "--against", err);
  if (reads(options->store, o->path))
    return refuse(o, "--store", err);
  if (reads(options->base, o->path))
    return refuse(o, "--check", err);
  if (options->rule && alf_rule_is_file(options->rule) && reads(options->rule, o->path))
    return refuse(o, "--rule", err);
  return reads(options->capacities, o->path) ? refuse(o, "--capacities", err) : ALF_OK;
}

/* Both are written to regular files that need not exist yet. */
static bool collide(const output *a, const output *b)
{
  struct stat about;
  if (stat(a->path, &about) == 0 && !S_ISREG(about.st_mode))
    return false;
  return !strcmp(a->path, b->path) || is_same_file(a->path, b->path);
}

alf_status alf_cli_check_overwrite(const alf_cli_options *options, alf_error *err)
{
  const output outputs[] = {{"--csv", options->csv},       {"--loads", options->loads}, {"--shifts", options->shifts},
                            {"--export", options->export}, {"--save", options->save},   {"--out", options->out}};
  for (int i = 0; i < (int)(sizeof outputs / sizeof *outputs); i++) {
    const output *o = &outputs[i];
    if (o->path && check_output(o, options, err) != ALF_OK)
      return ALF_EINVAL;
    for (int j = 0; o->path && j < i; j++)
      if (outputs[j].path && collide(o, &outputs[j]))
        return refuse(o, outputs[j].option, err);
  }
  return ALF_OK;
}

alf_status alf_cli_check_copy(const char *input, const char *copy, alf_error *err)
{
  return reads(input, copy) ? alf_fail(err, ALF_EINVAL, "%.400s: is the file of INPUT: expected another one", copy)
                            : ALF_OK;
}
