#include "run/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static alf_status read_all(FILE *file, const char *path, char **text, size_t *length, alf_error *err)
{
  size_t room = 0;
  *length = 0;
  do {
    char *grown = *length + 1 < room ? *text : realloc(*text, room = 2 * room + 65536);
    if (!grown)
      return alf_fail_memory(err, room);
    *text = grown;
    *length += fread(*text + *length, 1, room - 1 - *length, file);
  } while (!feof(file) && !ferror(file));
  (*text)[*length] = '\0';
  return ferror(file) ? alf_fail(err, ALF_EIO, "%.300s: %s", path, strerror(errno)) : ALF_OK;
}

alf_status alf_file_read(const char *path, char **text, size_t *length, alf_error *err)
{
  *text = NULL;
  FILE *file = fopen(path, "rb");
  if (!file)
    return alf_fail(err, ALF_EIO, "%.300s: %s", path, strerror(errno));
  alf_status status = read_all(file, path, text, length, err);
  fclose(file);
  return status;
}
