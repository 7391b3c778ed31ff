/* The lines of an .ini, in order. */
#ifndef ALF_RUN_INI_H
#define ALF_RUN_INI_H

#include "core/memory.h"

typedef struct alf_ini_entry {
  const char *section, *key, *value;
  int line; /* 1, 2, …; 0: from the command line */
} alf_ini_entry;

/* Zero-initialise. Texts are in `memory`, entries are owned. */
typedef struct alf_ini {
  alf_memory memory;
  long long count, room;
  alf_ini_entry *entry;
} alf_ini;

/* Adds the lines of a text, which `path` is the name of. Errors: ALF_EFORMAT naming path and line, ALF_ENOMEM. */
alf_status alf_ini_add(alf_ini *ini, const char *path, const char *text, alf_error *err);

/* Adds "KEY=VALUE;…" to that section. Errors: ALF_EINVAL, ALF_ENOMEM. */
alf_status alf_ini_add_set(alf_ini *ini, const char *section, const char *set, alf_error *err);

void alf_ini_free(alf_ini *ini);

#endif
