#include "alf/new_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static alf_status fail_file(const alf_new_file *new_file, alf_error *err)
{
  return alf_fail(err, ALF_EIO, "%s: cannot write: %s", new_file->path, errno ? strerror(errno) : "unknown reason");
}

/* Renaming onto a device would replace it. */
static bool is_special(const char *path)
{
  struct stat info;
  return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

alf_status alf_new_file_open(alf_new_file *new_file, const char *path, alf_error *err)
{
  *new_file = (alf_new_file){.path = path};
  if (!is_special(path)) {
    size_t size = strlen(path) + 32;
    new_file->temporary = malloc(size);
    if (!new_file->temporary)
      return alf_fail_memory(err, size);
    snprintf(new_file->temporary, size, "%s.%ld.tmp", path, (long)getpid());
  }
  errno = 0;
  new_file->file = fopen(new_file->temporary ? new_file->temporary : path, "wb");
  return new_file->file ? ALF_OK : fail_file(new_file, err);
}

alf_status alf_new_file_commit(alf_new_file *new_file, alf_error *err)
{
  bool failed = ferror(new_file->file) != 0; /* errno is then that of the last write, or nearly so */
  errno = failed ? errno : 0;
  failed = fclose(new_file->file) != 0 || failed;
  new_file->file = NULL;
  if (failed || (new_file->temporary && rename(new_file->temporary, new_file->path) != 0)) {
    alf_status status = fail_file(new_file, err);
    if (new_file->temporary)
      unlink(new_file->temporary);
    return status;
  }
  return ALF_OK;
}

void alf_new_file_close(alf_new_file *new_file)
{
  if (new_file->file) {
    fclose(new_file->file);
    if (new_file->temporary)
      unlink(new_file->temporary);
  }
  free(new_file->temporary);
  *new_file = (alf_new_file){0};
}
