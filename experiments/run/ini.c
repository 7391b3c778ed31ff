#include "run/ini.h"

#include <ini.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/grow.h"
#include "data/text.h"
#include "run/check.h"

/* inih asks for one line after the other. */
typedef struct reading {
  alf_ini *ini;
  const char *rest;
  int line, too_long; /* too_long: a line that does not fit inih's buffer, 0: none */
} reading;

static char *next_line(char *buffer, int size, void *opaque)
{
  reading *r = opaque;
  size_t length = strcspn(r->rest, "\n");
  if (!*r->rest || r->too_long)
    return NULL;
  r->line++;
  if (length + 2 > (size_t)size) {
    r->too_long = r->line;
    return NULL;
  }
  memcpy(buffer, r->rest, length);
  strcpy(buffer + length, "\n");
  r->rest += length + (r->rest[length] == '\n');
  return buffer;
}

static bool push(alf_ini *ini, const char *section, const char *key, const char *value, int line)
{
  int64_t room = ini->room;
  alf_ini_entry *grown = alf_grow(ini->entry, &room, ini->count + 1, sizeof *grown);
  if (!grown) {
    ini->memory.missing = ini->memory.missing ? ini->memory.missing : sizeof *grown;
    return false;
  }
  ini->room = room;
  ini->entry = grown;
  ini->entry[ini->count++] = (alf_ini_entry){alf_memory_text(&ini->memory, section), alf_memory_text(&ini->memory, key),
                                             alf_memory_text(&ini->memory, value), line};
  return ini->memory.missing == 0;
}

static int take(void *opaque, const char *section, const char *key, const char *value)
{
  reading *r = opaque;
  return push(r->ini, section, key, value, r->line);
}

alf_status alf_ini_add(alf_ini *ini, const char *path, const char *text, alf_error *err)
{
  reading r = {.ini = ini, .rest = text};
  int line = ini_parse_stream(next_line, &r, take, &r);
  if (ini->memory.missing || line < 0)
    return alf_fail_memory(err, ini->memory.missing);
  if (line > 0)
    return alf_fail(err, ALF_EFORMAT, "%.300s: line %d: expected [section] or key = value", path, line);
  if (r.too_long)
    return alf_fail(err, ALF_EFORMAT, "%.300s: line %d: is too long: go on in an indented line", path, r.too_long);
  return ALF_OK;
}

static alf_status add_part(alf_ini *ini, const char *section, char *part, alf_error *err)
{
  char *equals = strchr(part, '='), shown[100];
  alf_printable(shown, sizeof shown, part, strlen(part));
  if (!equals)
    return alf_fail(err, ALF_EINVAL, "--set %s: expected KEY=VALUE;...", shown);
  *equals = '\0';
  return push(ini, section, alf_trim(part), alf_trim(equals + 1), 0) ? ALF_OK : alf_memory_check(&ini->memory, err);
}

alf_status alf_ini_add_set(alf_ini *ini, const char *section, const char *set, alf_error *err)
{
  char *copy = strdup(set);
  alf_status status = copy ? ALF_OK : alf_fail_memory(err, strlen(set) + 1);
  for (char *part = copy; part && status == ALF_OK;) {
    char *end = strchr(part, ';');
    if (end)
      *end = '\0';
    if (*part || end)
      status = add_part(ini, section, part, err);
    part = end ? end + 1 : NULL;
    part = part && !*part ? NULL : part; /* a semicolon may end the list */
  }
  free(copy);
  return status;
}

void alf_ini_free(alf_ini *ini)
{
  free(ini->entry);
  alf_memory_free(&ini->memory);
  *ini = (alf_ini){0};
}
