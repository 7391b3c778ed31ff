#include "cli/csv.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static alf_status fail_file(const alf_cli_csv *csv, alf_error *err)
{
  return alf_fail(err, ALF_EIO, "%s: %s", csv->path, errno ? strerror(errno) : "writing failed");
}

/* Renaming onto a device would replace it. */
static bool is_special(const char *path)
{
  struct stat info;
  return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

alf_status alf_cli_csv_open(alf_cli_csv *csv, const char *path, alf_error *err)
{
  *csv = (alf_cli_csv){.path = path};
  if (!is_special(path)) {
    size_t size = strlen(path) + 32;
    csv->temporary = malloc(size);
    if (!csv->temporary)
      return alf_fail_memory(err, size);
    snprintf(csv->temporary, size, "%s.%ld.tmp", path, (long)getpid());
  }
  errno = 0;
  csv->file = fopen(csv->temporary ? csv->temporary : path, "w");
  return csv->file ? ALF_OK : fail_file(csv, err);
}

alf_status alf_cli_csv_commit(alf_cli_csv *csv, alf_error *err)
{
  errno = 0;
  bool failed = ferror(csv->file) != 0;
  failed = fclose(csv->file) != 0 || failed;
  csv->file = NULL;
  if (failed || (csv->temporary && rename(csv->temporary, csv->path) != 0)) {
    alf_status status = fail_file(csv, err);
    if (csv->temporary)
      unlink(csv->temporary);
    return status;
  }
  return ALF_OK;
}

void alf_cli_csv_close(alf_cli_csv *csv)
{
  if (csv->file) {
    fclose(csv->file);
    if (csv->temporary)
      unlink(csv->temporary);
  }
  free(csv->temporary);
  *csv = (alf_cli_csv){0};
}
