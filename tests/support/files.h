/* Temporary files of tests. Include after support.h. */
#ifndef ALF_TEST_FILES_H
#define ALF_TEST_FILES_H

#include <stddef.h>
#include <stdint.h>

#define ALF_TEST_PATH 256

/* A new folder under TMPDIR (or /tmp), and its removal with all files in it. As cmocka group fixtures: the state is
   its path. */
int alf_test_folder_setup(void **state);
int alf_test_folder_teardown(void **state);

/* "FOLDER/NAME" in one of a few static buffers, which the calls use in turn. */
const char *alf_test_path(void **state, const char *name);

/* Writes a whole file. */
void alf_test_write(const char *path, const void *bytes, size_t length);

/* Composes an .npy file of the given version (1, 2 or 3) into `out`: header text as given, no padding, then the data.
   Returns its length. */
size_t alf_test_npy(unsigned char *out, size_t size, int version, const char *header, const void *data, size_t length);

#endif
