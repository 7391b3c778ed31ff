/* Sources: specifications, and .npy traces batch by batch. */
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

/* A 3 x 4 x 2 trace whose cells count up from 0, in either type. */
static const char *counting_trace(void **state, const char *name, alf_dtype dtype)
{
  const int64_t shape[3] = {3, 4, 2};
  const char *path = alf_test_path(state, name);
  double doubles[24];
  float floats[24];
  alf_error err = {0};
  for (int i = 0; i < 24; i++) {
    doubles[i] = i;
    floats[i] = (float)i;
  }
  const void *values = dtype == ALF_FLOAT32 ? (const void *)floats : (const void *)doubles;
  assert_ok(alf_npy_write(path, dtype, 3, shape, values, &err), &err);
  return path;
}

/* Asserts that the next batch is number `batch` of the counting trace. */
static void assert_counting_batch(alf_source *source, alf_affinity *batch, int number)
{
  alf_error err = {0};
  assert_ok(alf_source_next(source, batch, &err), &err);
  for (int c = 0; c < 8; c++)
    assert_true(alf_affinity_get(batch, c / 2, c % 2) == 8 * number + c);
}

static void test_stream(void **state)
{
  for (int type = 0; type < 2; type++) {
    alf_dtype dtype = type ? ALF_FLOAT64 : ALF_FLOAT32;
    alf_error err = {0};
    alf_source *source;
    alf_affinity batch = {0};
    assert_ok(alf_source_open(&source, counting_trace(state, "stream.npy", dtype), 0, &err), &err);
    const alf_source_info *info = alf_source_describe(source);
    assert_string_equal(info->kind, "npy");
    assert_true(info->batches == 3 && info->tokens == 4 && info->experts == 2 && info->dtype == dtype);
    for (int pass = 0; pass < 2; pass++) {
      for (int b = 0; b < 3; b++)
        assert_counting_batch(source, &batch, b);
      assert_fails(alf_source_next(source, &batch, &err), ALF_EEND, &err, "no further batch after 3");
      assert_fails(alf_source_next(source, &batch, &err), ALF_EEND, &err, "no further batch");
      alf_source_rewind(source);
    }
    assert_counting_batch(source, &batch, 0);
    alf_source_rewind(source);
    assert_counting_batch(source, &batch, 0);
    alf_affinity_free(&batch);
    alf_source_close(source);
  }
  alf_source_close(NULL);
}

static void test_memory_is_reused(void **state)
{
  alf_error err = {0};
  alf_source *source;
  alf_affinity batch = {0}, other = {0};
  assert_ok(alf_source_open(&source, counting_trace(state, "reuse.npy", ALF_FLOAT32), 0, &err), &err);
  assert_counting_batch(source, &batch, 0);
  const void *storage = batch.storage;
  assert_counting_batch(source, &batch, 1);
  assert_ptr_equal(batch.storage, storage);
  assert_ok(alf_affinity_alloc(&other, ALF_FLOAT32, 4, 3, &err), &err);
  assert_fails(alf_source_next(source, &other, &err), ALF_EINVAL, &err, "expected 4 x 2");
  alf_affinity_free(&other);
  assert_ok(alf_affinity_alloc(&other, ALF_FLOAT64, 4, 2, &err), &err);
  assert_fails(alf_source_next(source, &other, &err), ALF_EINVAL, &err, "of the source's type");
  alf_affinity_free(&other);
  assert_counting_batch(source, &batch, 2);
  alf_affinity_free(&batch);
  alf_source_close(source);
}

static void test_named_batch(void **state)
{
  alf_error err = {0};
  alf_source *source;
  alf_affinity batch = {0};
  char input[2 * ALF_TEST_PATH];
  snprintf(input, sizeof input, "%s@2", counting_trace(state, "odd@name.npy", ALF_FLOAT32));
  assert_ok(alf_source_open(&source, input, 0, &err), &err);
  assert_int_equal(alf_source_describe(source)->batches, 1);
  for (int pass = 0; pass < 2; pass++) {
    assert_counting_batch(source, &batch, 2);
    assert_fails(alf_source_next(source, &batch, &err), ALF_EEND, &err, "@2: no further batch after 1");
    alf_source_rewind(source);
  }
  alf_affinity_free(&batch);
  alf_source_close(source);
  const char *bad[] = {"3", "-1", "", "x", "1.5", "2@0", "99999999999999999999"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    snprintf(input, sizeof input, "%s@%s", alf_test_path(state, "odd@name.npy"), bad[i]);
    assert_int_equal(open_only(input, &err), ALF_EINVAL);
  }
  snprintf(input, sizeof input, "%s@3", alf_test_path(state, "odd@name.npy"));
  assert_fails(open_only(input, &err), ALF_EINVAL, &err, "batch '3': expected a whole number in 0..2");
}

static void test_matrix_is_one_batch(void **state)
{
  const double values[6] = {1, 2, 3, 4, 5, 6};
  const int64_t shape[2] = {2, 3};
  const char *path = alf_test_path(state, "matrix.npy");
  alf_error err = {0};
  alf_source *source;
  alf_affinity batch = {0};
  char input[2 * ALF_TEST_PATH];
  assert_ok(alf_npy_write(path, ALF_FLOAT64, 2, shape, values, &err), &err);
  for (int named = 0; named < 2; named++) {
    snprintf(input, sizeof input, "%s%s", path, named ? "@0" : "");
    assert_ok(alf_source_open(&source, input, 0, &err), &err);
    assert_int_equal(alf_source_describe(source)->batches, 1);
    assert_ok(alf_source_next(source, &batch, &err), &err);
    assert_memory_equal(batch.values, values, sizeof values);
    assert_fails(alf_source_next(source, &batch, &err), ALF_EEND, &err, "after 1");
    alf_source_close(source);
  }
  alf_affinity_free(&batch);
  snprintf(input, sizeof input, "%s@1", path);
  assert_fails(open_only(input, &err), ALF_EINVAL, &err, "0..0");
}

/* Not finite: the batch's number in the file, the token, the expert, the value; and the same again when asked again. */
static void test_not_finite(void **state)
{
  const char *path = alf_test_path(state, "nan.npy");
  const int64_t shape[3] = {2, 3, 2};
  const double bad[] = {NAN, INFINITY, -INFINITY};
  const char *shown[] = {"nan, expected a finite", "affinity inf", "affinity -inf"};
  for (int i = 0; i < 6; i++) {
    alf_dtype dtype = i < 3 ? ALF_FLOAT64 : ALF_FLOAT32;
    double doubles[12] = {[9] = bad[i % 3]};
    float floats[12] = {[9] = (float)bad[i % 3]};
    alf_error err = {0};
    alf_source *source;
    alf_affinity batch = {0};
    assert_ok(alf_npy_write(path, dtype, 3, shape, i < 3 ? (const void *)doubles : floats, &err), &err);
    assert_ok(alf_source_open(&source, path, 0, &err), &err);
    assert_ok(alf_source_next(source, &batch, &err), &err);
    for (int again = 0; again < 2; again++) {
      assert_fails(alf_source_next(source, &batch, &err), ALF_EFORMAT, &err, "nan.npy: batch 1, token 1, expert 1: ");
      assert_non_null(strstr(err.text, shown[i % 3]));
    }
    alf_affinity_free(&batch);
    alf_source_close(source);
  }
}

static void write_shape(const char *path, const char *shape, size_t data)
{
  static const unsigned char zeros[70000];
  static unsigned char file[80000];
  char header[128];
  snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': %s}", shape);
  alf_test_write(path, file, alf_test_npy(file, sizeof file, 1, header, zeros, data));
}

static void test_shapes_refused(void **state)
{
  const struct {
    const char *shape, *words;
    size_t data;
  } cases[] = {{"(12,)", "found 1 axis of length 12", 48},
               {"(12, 1)", "1 experts, expected 2..4096", 48},
               {"(2, 4097)", "4097 experts, expected 2..4096", 32776},
               {"(3, 4, 1)", "1 experts", 48},
               {"(1, 3, 2, 2)", "4", 48},
               {"()", "shape", 4},
               {"(0, 4)", "length 1 or more", 0},
               {"(4, 4)", "truncated", 63},
               {"(4, 4)", "trailing bytes", 65}};
  const char *path = alf_test_path(state, "shape.npy");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    alf_error err = {0};
    write_shape(path, cases[i].shape, cases[i].data);
    assert_fails(open_only(path, &err), ALF_EFORMAT, &err, cases[i].words);
    assert_non_null(strstr(err.text, "shape.npy: "));
  }
  alf_error err = {0};
  write_shape(path, "(4, 4096)", 65536);
  assert_ok(open_only(path, &err), &err);
}

static void test_files_refused(void **state)
{
  alf_error err = {0};
  assert_fails(open_only(alf_test_path(state, "missing.npy"), &err), ALF_EIO, &err, "missing.npy: No such file");
  assert_fails(open_only(alf_test_path(state, "missing.npz:key"), &err), ALF_EIO, &err, "No such file");
  const char *pipe = alf_test_path(state, "pipe.npy");
  assert_int_equal(mkfifo(pipe, 0600), 0);
  assert_fails(open_only(pipe, &err), ALF_EIO, &err, "is not a regular file");
  const char *empty = alf_test_path(state, "empty.npy");
  alf_test_write(empty, "", 0);
  assert_fails(open_only(empty, &err), ALF_EFORMAT, &err, "magic");
  const char *secret = counting_trace(state, "secret.npy", ALF_FLOAT32);
  assert_int_equal(chmod(secret, 0), 0);
  if (geteuid() != 0)
    assert_fails(open_only(secret, &err), ALF_EIO, &err, "Permission denied");
}

/* The size is checked at open; what happens to the file afterwards must still be noticed. */
static void test_shrunk_file(void **state)
{
  alf_error err = {0};
  alf_source *source;
  alf_affinity batch = {0};
  const char *path = counting_trace(state, "shrunk.npy", ALF_FLOAT64);
  assert_ok(alf_source_open(&source, path, 0, &err), &err);
  assert_counting_batch(source, &batch, 0);
  assert_int_equal(truncate(path, 128 + 2 * 64 - 8), 0);
  assert_fails(alf_source_next(source, &batch, &err), ALF_EIO, &err,
               "batch 1: found 56 bytes, expected 64: the file has shrunk");
  alf_source_rewind(source);
  assert_counting_batch(source, &batch, 0);
  alf_affinity_free(&batch);
  alf_source_close(source);
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

static void test_unknown_inputs(void **state)
{
  (void)state;
  const char *inputs[] = {"",    "x", "x.npx", "x.npy.gz", "unifrom:T=4", "Uniform",
                          "x@3", ":", "a:b",   "@",        "npy",         "x.npyz:k"};
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    alf_error err = {0};
    assert_fails(open_only(inputs[i], &err), ALF_EINVAL, &err, "expected FILE.npy, FILE.npy@BATCH, FILE.npz:KEY");
    assert_non_null(strstr(err.text, "uniform, softmax, gauss_sigmoid, grid, dirichlet, drift, early, adversarial"));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_stream),
      cmocka_unit_test(test_memory_is_reused),
      cmocka_unit_test(test_named_batch),
      cmocka_unit_test(test_matrix_is_one_batch),
      cmocka_unit_test(test_not_finite),
      cmocka_unit_test(test_shapes_refused),
      cmocka_unit_test(test_files_refused),
      cmocka_unit_test(test_shrunk_file),
      cmocka_unit_test(test_unknown_inputs),
      cmocka_unit_test(test_directory),
      cmocka_unit_test(test_directory_of_two_types),
      cmocka_unit_test(test_directory_refused),
      cmocka_unit_test(test_directory_that_changes),
  };
  return cmocka_run_group_tests(tests, alf_test_folder_setup, alf_test_folder_teardown);
}
