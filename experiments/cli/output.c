#include "cli/output.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void alf_cli_row(const char *key, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  printf("%-20s ", key);
  vprintf(format, arguments);
  putchar('\n');
  va_end(arguments);
}

json_t *alf_cli_json_real(double value)
{
  return isfinite(value) ? json_real(value) : json_null();
}

json_t *alf_cli_json_text(const char *text)
{
  json_t *whole = json_string(text);
  if (whole)
    return whole;
  char *copy = strdup(text);
  for (char *c = copy; c && *c; c++)
    if ((unsigned char)*c > 0x7f)
      *c = '?';
  whole = copy ? json_string(copy) : NULL;
  free(copy);
  return whole;
}

static void keep_or_drop(json_t **container, int failed)
{
  if (!failed)
    return;
  json_decref(*container);
  *container = NULL;
}

void alf_cli_json_append(json_t **container, json_t *item)
{
  keep_or_drop(container, json_array_append_new(*container, item));
}

void alf_cli_json_set(json_t **container, const char *key, json_t *item)
{
  keep_or_drop(container, json_object_set_new(*container, key, item));
}

alf_status alf_cli_print_json(json_t *object, alf_error *err)
{
  if (!object)
    return alf_fail(err, ALF_ENOMEM, "out of memory: the JSON object could not be built");
  if (!json_dumpf(object, stdout, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17)))
    putchar('\n');
  json_decref(object);
  return ALF_OK;
}

/* The reader has closed the pipe: errno may long be lost, poll still knows. */
static bool is_broken_pipe(void)
{
  struct pollfd out = {.fd = STDOUT_FILENO};
  return errno == EPIPE || (poll(&out, 1, 0) == 1 && (out.revents & POLLERR));
}

alf_status alf_cli_flush(alf_error *err)
{
  errno = 0;
  if (!fflush(stdout) && !ferror(stdout))
    return ALF_OK;
  if (is_broken_pipe()) {
    *err = (alf_error){.code = ALF_EIO};
    return ALF_EIO;
  }
  return alf_fail(err, ALF_EIO, "standard output: writing failed");
}
