#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shipped.h"

#define LONGEST_COMPLAINT 2000

extern char **environ;

/* What a run of gnuplot left behind. */
typedef struct outcome {
  int spawn_error; /* errno of the start; 0: it ran */
  int status;      /* as waitpid gives it */
  char complaint[LONGEST_COMPLAINT];
} outcome;

/* What would make a figure depend on who draws it. */
static bool is_personal(const char *entry)
{
  static const char *const prefixes[] = {"LC_", "LANG", "GNUPLOT", "GNUTERM", "GDFONTPATH", NULL};
  for (int i = 0; prefixes[i]; i++)
    if (!strncmp(entry, prefixes[i], strlen(prefixes[i])))
      return true;
  return false;
}

/* The environment without that, and with a locale in which gnuplot reads scripts as UTF-8; the entries are not copied.
   NULL when memory ran out. */
static char **environment(void)
{
  static char locale[] = "LC_ALL=C.UTF-8";
  size_t count = 0, kept = 0;
  while (environ[count])
    count++;
  char **entries = calloc(count + 2, sizeof *entries);
  for (size_t i = 0; entries && i < count; i++)
    if (!is_personal(environ[i]))
      entries[kept++] = environ[i];
  if (entries)
    entries[kept] = locale;
  return entries;
}

/* Keeps the first part, drains the rest: gnuplot must not block on a full pipe. */
static void read_all(int fd, char *text, size_t size)
{
  size_t used = 0;
  char chunk[512];
  for (;;) {
    ssize_t count = read(fd, chunk, sizeof chunk);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      break;
    size_t room = size - 1 - used, taken = (size_t)count < room ? (size_t)count : room;
    memcpy(text + used, chunk, taken);
    used += taken;
  }
  text[used] = '\0';
}

static int spawn(char *const *arguments, int complaints, pid_t *child)
{
  posix_spawn_file_actions_t actions;
  int failed = posix_spawn_file_actions_init(&actions);
  if (failed)
    return failed;
  char **entries = environment();
  if (!entries)
    failed = ENOMEM;
  if (!failed)
    failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (!failed)
    failed = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  if (!failed)
    failed = posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO);
  if (!failed)
    failed = posix_spawnp(child, arguments[0], &actions, NULL, arguments, entries);
  free(entries);
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

static void run(char *const *arguments, outcome *result)
{
  int ends[2];
  pid_t child = 0;
  *result = (outcome){0};
  if (pipe(ends)) {
    result->spawn_error = errno;
    return;
  }
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  result->spawn_error = spawn(arguments, ends[1], &child);
  close(ends[1]);
  if (!result->spawn_error) {
    read_all(ends[0], result->complaint, sizeof result->complaint);
    while (waitpid(child, &result->status, 0) < 0 && errno == EINTR)
      ;
  }
  close(ends[0]);
}

/* gnuplot shows the command, then a caret below it, then `"x.gp" line 3: what is wrong` or, since 6, `"x.gp",
   line 3`. */
static bool is_verdict(const char *line)
{
  return !strncmp(line, "line ", 5) || strstr(line, "\" line ") || strstr(line, "\", line ") || strstr(line, "arning");
}

/* The line that says what is wrong, else the first that says anything. */
static const char *essence(char *complaint)
{
  char *best = NULL, *rest = complaint;
  for (char *line = strtok_r(rest, "\n", &rest); line; line = strtok_r(rest, "\n", &rest)) {
    line += strspn(line, " \t");
    if (!best && *line && *line != '^')
      best = line;
    if (is_verdict(line))
      return line;
  }
  return best ? best : "unknown reason";
}

static alf_status judge(outcome *result, const char *what, alf_error *err)
{
  if (result->spawn_error == ENOENT || (WIFEXITED(result->status) && WEXITSTATUS(result->status) == 127))
    return alf_fail(err, ALF_EPROGRAM, "gnuplot is not in PATH, and figures need it: install gnuplot-nox");
  if (result->spawn_error == ENOMEM)
    return alf_fail(err, ALF_ENOMEM, "out of memory: gnuplot cannot be started");
  if (result->spawn_error)
    return alf_fail(err, ALF_EPROGRAM, "gnuplot cannot be started: %s", strerror(result->spawn_error));
  if (WIFSIGNALED(result->status))
    return alf_fail(err, ALF_EPROGRAM, "%s: gnuplot was ended by signal %d", what, WTERMSIG(result->status));
  if (result->complaint[0]) {
    const char *said = essence(result->complaint);
    return alf_fail(err, ALF_EPROGRAM, "%s%sgnuplot says: %.300s", *said == '"' ? "" : what, *said == '"' ? "" : ": ",
                    said);
  }
  if (WEXITSTATUS(result->status))
    return alf_fail(err, ALF_EPROGRAM, "%s: gnuplot ended with %d", what, WEXITSTATUS(result->status));
  return ALF_OK;
}

alf_status alf_plot_check(alf_error *err)
{
  char program[] = "gnuplot", version[] = "--version";
  char *arguments[] = {program, version, NULL};
  outcome result;
  run(arguments, &result);
  return judge(&result, "--version", err);
}

/* Writes text as a gnuplot string. A path that gnuplot would take for a pipe or a home folder is made plain by "./". */
static void put_path(FILE *to, const char *variable, const char *path)
{
  fprintf(to, "%s='%s", variable, *path == '/' ? "" : "./");
  for (; *path; path++) {
    if (*path == '\'') /* doubled within single quotes */
      putc('\'', to);
    putc(*path, to);
  }
  fprintf(to, "'; ");
}

/* The assignments that a script starts from; the caller frees them. NULL when memory ran out. */
static char *variables(const char *folder, const char *csv, const char *out, alf_plot_format format)
{
  size_t size = 2 * (strlen(folder) + strlen(csv) + strlen(out)) + 100;
  char *text = malloc(size);
  FILE *to = text ? fmemopen(text, size, "w") : NULL;
  if (!to) {
    free(text);
    return NULL;
  }
  put_path(to, "folder", folder);
  put_path(to, "csv", csv);
  put_path(to, "out", out);
  fprintf(to, "format='%s'", format == ALF_PLOT_SVG ? "svg" : "png");
  if (fclose(to) == 0)
    return text;
  free(text);
  return NULL;
}

static alf_status run_script(const char *folder, const char *script, const char *csv, const char *out,
                             alf_plot_format format, alf_error *err)
{
  char program[] = "gnuplot", defaults[] = "-d", command[] = "-e";
  char *before = variables(folder, csv, out, format), *copy = strdup(script);
  outcome result;
  alf_status status = before && copy ? ALF_OK : alf_fail_memory(err, strlen(csv) + strlen(out) + strlen(script));
  if (status == ALF_OK) {
    char *arguments[] = {program, defaults, command, before, copy, NULL};
    run(arguments, &result);
    status = judge(&result, script, err);
  }
  free(before);
  free(copy);
  return status;
}

static alf_status check_readable(const char *path, alf_error *err)
{
  return access(path, R_OK) == 0 ? ALF_OK : alf_fail(err, ALF_EIO, "%s: %s", path, strerror(errno));
}

static alf_status draw(const char *folder, const char *script, const char *csv, const char *out, char *temporary,
                       alf_plot_format format, alf_error *err)
{
  alf_status status = check_readable(script, err);
  if (status == ALF_OK)
    status = check_readable(csv, err);
  if (status == ALF_OK)
    status = run_script(folder, script, csv, temporary, format, err);
  if (status == ALF_OK && rename(temporary, out) != 0)
    status = alf_fail(err, ALF_EIO, "%s: %s", out, strerror(errno));
  if (status != ALF_OK)
    unlink(temporary);
  return status;
}

alf_status alf_plot_draw(const char *name, const char *csv, const char *out, alf_plot_format format, alf_error *err)
{
  char folder[ALF_SHIPPED_PATH];
  alf_status status = alf_shipped_folder("ALFLAB_PLOTS", "plots", folder, err);
  if (status != ALF_OK)
    return status;
  size_t size = strlen(folder) + strlen(name) + strlen(out) + 40;
  char *script = malloc(size), *temporary = malloc(size);
  if (script && temporary) {
    snprintf(script, size, "%s/%s.gp", folder, name);
    snprintf(temporary, size, "%s.%ld.tmp", out, (long)getpid());
    status = draw(folder, script, csv, out, temporary, format, err);
  } else {
    status = alf_fail_memory(err, size);
  }
  free(script);
  free(temporary);
  return status;
}
