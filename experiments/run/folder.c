#include "run/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

alf_status alf_folder_make(const char *path, alf_error *err)
{
  char parent[4096];
  const char *slash = strrchr(path, '/');
  snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - path) : 0, path);
  if (*parent)
    mkdir(parent, 0777);
  if (mkdir(path, 0777) == 0 || errno == EEXIST)
    return ALF_OK;
  return alf_fail(err, ALF_EIO, "%.300s: cannot be made: %s", path, strerror(errno));
}

alf_status alf_folder_temporary(char *path, size_t size, alf_error *err)
{
  const char *place = getenv("TMPDIR");
  place = place && *place ? place : "/tmp";
  alf_status status = ALF_OK;
  if (snprintf(path, size, "%s/alflab-XXXXXX", place) >= (int)size)
    status = alf_fail(err, ALF_EIO, "TMPDIR=%.100s...: expected a shorter path", place);
  else if (!mkdtemp(path))
    status = alf_fail(err, ALF_EIO, "%.300s: %s", path, strerror(errno));
  if (status != ALF_OK)
    *path = '\0';
  return status;
}

void alf_folder_remove(const char *path)
{
  char name[4096];
  DIR *folder = opendir(path);
  if (!folder)
    return;
  for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
    if (snprintf(name, sizeof name, "%s/%s", path, entry->d_name) < (int)sizeof name)
      unlink(name);
  closedir(folder);
  rmdir(path);
}
