#define _XOPEN_SOURCE 700 /* realpath */

#include "shipped.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of the running program, without a slash behind it. */
static alf_status find_program(char folder[ALF_SHIPPED_PATH], alf_error *err)
{
  ssize_t length = readlink("/proc/self/exe", folder, ALF_SHIPPED_PATH);
  if (length < 0)
    return alf_fail(err, ALF_EIO, "/proc/self/exe, the path of the program: %s", strerror(errno));
  if (length == ALF_SHIPPED_PATH)
    return alf_fail(err, ALF_EINVAL, "the path of the program: expected at most %d characters", ALF_SHIPPED_PATH - 1);
  folder[length] = '\0';
  *strrchr(folder, '/') = '\0';
  return ALF_OK;
}

alf_status alf_shipped_folder(const char *variable, const char *name, char path[ALF_SHIPPED_PATH], alf_error *err)
{
  /* As seen from an installed program, from that of a build folder, and from the tests of a build folder. */
  static const char *const shares[] = {ALF_SHARE_FROM_BIN, "share/alflab", "../share/alflab", NULL};
  const char *named = getenv(variable);
  char program[ALF_SHIPPED_PATH], tried[ALF_SHIPPED_PATH + 80];
  if (named && *named)
    return snprintf(path, ALF_SHIPPED_PATH, "%s", named) < ALF_SHIPPED_PATH
               ? ALF_OK
               : alf_fail(err, ALF_EINVAL, "%s=%.200s...: expected a path of at most %d characters", variable, named,
                          ALF_SHIPPED_PATH - 1);
  alf_status status = find_program(program, err);
  if (status != ALF_OK)
    return status;
  for (int i = 0; shares[i]; i++) {
    snprintf(tried, sizeof tried, "%s/%s/%s", program, shares[i], name);
    if (realpath(tried, path))
      return ALF_OK;
  }
  return alf_fail(err, ALF_EIO, "%.300s/%s/%s, which comes with the program: %s; %s can name another folder", program,
                  shares[0], name, strerror(errno), variable);
}
