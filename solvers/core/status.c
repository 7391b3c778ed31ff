#include "alf/status.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

static const char *const messages[] = {
#define MESSAGE(name, message) [name] = message,
    ALF_STATUS_LIST(MESSAGE)};

const char *alf_status_message(alf_status status)
{
  size_t count = sizeof messages / sizeof *messages;
  return (size_t)status < count ? messages[status] : "unknown status";
}

/* A file name may hold a newline: the text stays one line. */
static void make_printable(char *text)
{
  for (; *text; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7f)
      *text = '?';
}

alf_status alf_fail(alf_error *err, alf_status code, const char *format, ...)
{
  if (err) {
    va_list arguments;
    va_start(arguments, format);
    err->code = code;
    vsnprintf(err->text, sizeof err->text, format, arguments);
    va_end(arguments);
    make_printable(err->text);
  }
  return code;
}

alf_status alf_fail_memory(alf_error *err, unsigned long long bytes)
{
  return alf_fail(err, ALF_ENOMEM, "out of memory: %llu bytes more were needed", bytes);
}
