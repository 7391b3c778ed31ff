/* Directories of .npy files as sources. */
#include "support.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alf/npy.h"
#include "alf/source.h"
#include "files.h"

static alf_status open_only(const char *input, alf_error *err)
{
  alf_source *source;
  alf_status status = alf_source_open(&source, input, 0, err);
  if (status != ALF_OK)
    assert_null(source);
  alf_source_close(source);
  return status;
}

static void write_shape(const char *path, const char *shape, size_t data)
{
  static const unsigned char zeros[64];
  unsigned char file[256];
  char header[128];
  snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': %s}", shape);
  alf_test_write(path, file, alf_test_npy(file, sizeof file, 1, header, zeros, data));
}

/* Writes `batches` batches of 2 x 2 (0: a matrix) into a file of a directory; every cell of batch b is first + b. */
static void write_member(const char *directory, const char *name, alf_dtype dtype, int batches, double first)
{
  const int64_t shape[3] = {batches, 2, 2};
  int rows = batches ? batches : 1;
  double doubles[16];
  float floats[16];
  char path[2 * ALF_TEST_PATH];
  alf_error err = {0};
  for (int c = 0; c < 4 * rows; c++) {
    doubles[c] = first + c / 4;
    floats[c] = (float)doubles[c];
  }
  const void *values = dtype == ALF_FLOAT32 ? (const void *)floats : (const void *)doubles;
  snprintf(path, sizeof path, "%s/%s", directory, name);
  assert_ok(alf_npy_write(path, dtype, batches ? 3 : 2, shape + (batches ? 0 : 1), values, &err), &err);
}

static void make_directory(void **state, const char *name, char path[ALF_TEST_PATH])
{
  snprintf(path, ALF_TEST_PATH, "%s", alf_test_path(state, name));
  assert_int_equal(mkdir(path, 0700), 0);
}

static void remove_directory(const char *path)
{
  char file[2 * ALF_TEST_PATH];
  DIR *directory = opendir(path);
  for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
    snprintf(file, sizeof file, "%s/%.200s", path, entry->d_name);
    if (entry->d_name[0] != '.' || entry->d_name[1] == 'h')
      assert_int_equal(remove(file), 0);
  }
  closedir(directory);
  assert_int_equal(rmdir(path), 0);
}

/* Asserts that the next batch holds `value` in each of its cells, and comes from that file. */
static void assert_member_batch(alf_source *source, alf_affinity *batch, double value, const char *file)
{
  alf_error err = {0};
  assert_ok(alf_source_next(source, batch, &err), &err);
  for (int c = 0; c < 4; c++)
    assert_true(alf_affinity_get(batch, c / 2, c % 2) == value);
  assert_non_null(strstr(alf_source_file(source), file));
}

/* Byte order: capitals before small letters, 10 before 9. What is not a visible .npy file is left out. */
static void test_directory(void **state)
{
  char path[ALF_TEST_PATH], other[2 * ALF_TEST_PATH];
  make_directory(state, "run@1.npy", path);
  write_member(path, "b9.npy", ALF_FLOAT32, 0, 3);
  write_member(path, "b10.npy", ALF_FLOAT32, 2, 1);
  write_member(path, "Z.npy", ALF_FLOAT32, 1, 0);
  write_member(path, ".hidden.npy", ALF_FLOAT32, 0, 99);
  snprintf(other, sizeof other, "%s/notes.txt", path);
  alf_test_write(other, "x", 1);
  alf_error err = {0};
  alf_source *source;
  alf_affinity batch = {0};
  for (int slash = 0; slash < 2; slash++) {
    snprintf(other, sizeof other, "%s%s", path, slash ? "/" : "");
    assert_ok(alf_source_open(&source, other, 0, &err), &err);
    const alf_source_info *info = alf_source_describe(source);
    assert_string_equal(info->kind, "directory");
    assert_true(info->batches == 4 && info->tokens == 2 && info->experts == 2 && info->dtype == ALF_FLOAT32);
    for (int pass = 0; pass < 2; pass++) {
      assert_member_batch(source, &batch, 0, "run@1.npy/Z.npy");
      assert_member_batch(source, &batch, 1, "run@1.npy/b10.npy");
      assert_member_batch(source, &batch, 2, "run@1.npy/b10.npy");
      assert_member_batch(source, &batch, 3, "run@1.npy/b9.npy");
      assert_fails(alf_source_next(source, &batch, &err), ALF_EEND, &err, "no further batch after 4");
      alf_source_rewind(source);
    }
    alf_source_close(source);
  }
  for (int named = 0; named < 4; named++) {
    snprintf(other, sizeof other, "%s@%d", path, named);
    assert_ok(alf_source_open(&source, other, 0, &err), &err);
    assert_int_equal(alf_source_describe(source)->batches, 1);
    assert_member_batch(source, &batch, named, named == 0 ? "Z.npy" : named == 3 ? "b9.npy" : "b10.npy");
    alf_source_close(source);
  }
  snprintf(other, sizeof other, "%s@4", path);
  assert_fails(open_only(other, &err), ALF_EINVAL, &err, "batch '4': expected a whole number in 0..3");
  alf_affinity_free(&batch);
  remove_directory(path);
}

/* A float64 file makes all of them float64; the others are widened. */
static void test_directory_of_two_types(void **state)
{
  char path[ALF_TEST_PATH];
  make_directory(state, "types", path);
  write_member(path, "a.npy", ALF_FLOAT32, 2, 0.5);
  write_member(path, "b.npy", ALF_FLOAT64, 0, 0.1);
  alf_error err = {0};
  alf_source *source;
  alf_affinity batch = {0};
  assert_ok(alf_source_open(&source, path, 0, &err), &err);
  assert_int_equal(alf_source_describe(source)->dtype, ALF_FLOAT64);
  for (int pass = 0; pass < 2; pass++) {
    assert_member_batch(source, &batch, 0.5, "a.npy");
    assert_member_batch(source, &batch, 1.5, "a.npy");
    assert_member_batch(source, &batch, 0.1, "b.npy");
    alf_source_rewind(source);
  }
  alf_affinity_free(&batch);
  alf_source_close(source);
  remove_directory(path);
}

/* One line that names the file. */
static void test_directory_refused(void **state)
{
  char path[ALF_TEST_PATH], other[2 * ALF_TEST_PATH];
  make_directory(state, "bad", path);
  alf_error err = {0};
  assert_fails(open_only(path, &err), ALF_EIO, &err, "bad: is a directory without .npy files");
  write_member(path, "a.npy", ALF_FLOAT32, 0, 1);
  snprintf(other, sizeof other, "%s/b.npy", path);
  write_shape(other, "(3, 2)", 24);
  assert_fails(open_only(path, &err), ALF_EFORMAT, &err,
               "bad/b.npy: shape: found 3 tokens x 2 experts, expected 2 x 2");
  assert_non_null(strstr(err.text, "bad/a.npy"));
  write_shape(other, "(2, 3)", 24);
  assert_fails(open_only(path, &err), ALF_EFORMAT, &err, "found 2 tokens x 3 experts");
  alf_test_write(other, "no array", 8);
  assert_fails(open_only(path, &err), ALF_EFORMAT, &err, "bad/b.npy: magic");
  assert_int_equal(remove(other), 0);
  assert_int_equal(mkdir(other, 0700), 0);
  assert_fails(open_only(path, &err), ALF_EIO, &err, "bad/b.npy: is a directory, expected a file");
  assert_int_equal(rmdir(other), 0);
  assert_int_equal(symlink("nowhere", other), 0);
  assert_fails(open_only(path, &err), ALF_EIO, &err, "bad/b.npy: No such file");
  assert_int_equal(remove(other), 0);
  write_member(path, "b\n.npy", ALF_FLOAT32, 2, NAN);
  alf_source *source;
  alf_affinity batch = {0};
  assert_ok(alf_source_open(&source, path, 0, &err), &err);
  assert_member_batch(source, &batch, 1, "a.npy");
  assert_fails(alf_source_next(source, &batch, &err), ALF_EFORMAT, &err, "bad/b?.npy: batch 0, token 0, expert 0: ");
  alf_affinity_free(&batch);
  alf_source_close(source);
  remove_directory(path);
}

/* A file that is exchanged while the stream is read. */
static void test_directory_that_changes(void **state)
{
  char path[ALF_TEST_PATH], other[2 * ALF_TEST_PATH];
  make_directory(state, "change", path);
  write_member(path, "a.npy", ALF_FLOAT32, 0, 1);
  write_member(path, "b.npy", ALF_FLOAT32, 2, 2);
  alf_error err = {0};
  alf_source *source;
  alf_affinity batch = {0};
  snprintf(other, sizeof other, "%s/b.npy", path);
  assert_ok(alf_source_open(&source, path, 0, &err), &err);
  assert_member_batch(source, &batch, 1, "a.npy");
  write_shape(other, "(3, 2, 2)", 48);
  for (int again = 0; again < 2; again++)
    assert_fails(alf_source_next(source, &batch, &err), ALF_EIO, &err, "change/b.npy: shape or descr has changed");
  assert_int_equal(remove(other), 0);
  assert_fails(alf_source_next(source, &batch, &err), ALF_EIO, &err, "change/b.npy: No such file");
  write_member(path, "b.npy", ALF_FLOAT32, 2, 2);
  assert_member_batch(source, &batch, 2, "b.npy");
  assert_member_batch(source, &batch, 3, "b.npy");
  alf_affinity_free(&batch);
  alf_source_close(source);
  remove_directory(path);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_directory),
      cmocka_unit_test(test_directory_of_two_types),
      cmocka_unit_test(test_directory_refused),
      cmocka_unit_test(test_directory_that_changes),
  };
  return cmocka_run_group_tests(tests, alf_test_folder_setup, alf_test_folder_teardown);
}
