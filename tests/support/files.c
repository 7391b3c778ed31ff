#include "files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

int alf_test_folder_setup(void **state)
{
  const char *parent = getenv("TMPDIR");
  char *folder = malloc(ALF_TEST_PATH);
  if (!folder)
    return -1;
  snprintf(folder, ALF_TEST_PATH, "%s/alflab-test-XXXXXX", parent && *parent ? parent : "/tmp");
  *state = folder;
  return mkdtemp(folder) ? 0 : -1;
}

int alf_test_folder_teardown(void **state)
{
  DIR *folder = opendir(*state);
  if (!folder)
    return -1;
  for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      remove(alf_test_path(state, entry->d_name));
  closedir(folder);
  int failed = rmdir(*state);
  free(*state);
  return failed;
}

const char *alf_test_path(void **state, const char *name)
{
  static char paths[4][2 * ALF_TEST_PATH];
  static int turn;
  char *path = paths[turn++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", (const char *)*state, name);
  return path;
}

void alf_test_write(const char *path, const void *bytes, size_t length)
{
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, length, file), length);
  assert_int_equal(fclose(file), 0);
}

size_t alf_test_npy(unsigned char *out, size_t size, int version, const char *header, const void *data, size_t length)
{
  size_t text = strlen(header), prefix = version == 1 ? 10 : 12;
  assert_true(prefix + text + length <= size);
  memcpy(out, "\x93NUMPY", 6);
  out[6] = (unsigned char)version;
  out[7] = 0;
  for (size_t i = 8; i < prefix; i++)
    out[i] = (unsigned char)(text >> 8 * (i - 8) & 0xff);
  memcpy(out + prefix, header, text);
  if (length > 0)
    memcpy(out + prefix + text, data, length);
  return prefix + text + length;
}
