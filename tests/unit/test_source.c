/* Sources: specifications, and .npy traces batch by batch. */
#include "support.h"

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

static void test_unknown_inputs(void **state)
{
  (void)state;
  const char *inputs[] = {"",    "x", "x.npx", "x.npy.gz", "unifrom:T=4", "Uniform",
                          "x@3", ":", "a:b",   "@",        "npy",         "x.npyz:k"};
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    alf_error err = {0};
    assert_fails(open_only(inputs[i], &err), ALF_EINVAL, &err, "expected FILE.npy, FILE.npy@BATCH, FILE.npz:KEY");
    assert_non_null(strstr(err.text, "uniform, softmax, gauss_sigmoid, beta, truncated_normal, mixture, grid, "
                                     "dirichlet, drift, early, adversarial"));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_stream),         cmocka_unit_test(test_memory_is_reused),
      cmocka_unit_test(test_named_batch),    cmocka_unit_test(test_matrix_is_one_batch),
      cmocka_unit_test(test_not_finite),     cmocka_unit_test(test_shapes_refused),
      cmocka_unit_test(test_files_refused),  cmocka_unit_test(test_shrunk_file),
      cmocka_unit_test(test_unknown_inputs),
  };
  return cmocka_run_group_tests(tests, alf_test_folder_setup, alf_test_folder_teardown);
}
