/* The .npy header reader, case by case, and the writer against the bytes of the format. */
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alf/npy.h"
#include "files.h"

#define SIZE 4096

/* Parses header text followed by `data` zero bytes. */
static alf_status parse(int version, const char *text, size_t data, alf_npy_header *header, alf_error *err)
{
  static const unsigned char zeros[SIZE / 2];
  unsigned char file[SIZE];
  size_t length = alf_test_npy(file, sizeof file, version, text, zeros, data);
  return alf_npy_parse(file, length, (int64_t)length, "x.npy", header, err);
}

static void test_accepted(void **state)
{
  (void)state;
  const struct {
    const char *text;
    size_t data;
    alf_dtype dtype;
    int dims;
    int64_t shape[3];
  } cases[] = {
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }   \n", 48, ALF_FLOAT32, 2, {3, 4}},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }\n", 96, ALF_FLOAT64, 2, {3, 4}},
      {"{'shape': (2, 3, 4), 'descr': '<f4', 'fortran_order': False}", 96, ALF_FLOAT32, 3, {2, 3, 4}},
      {"{'fortran_order': False, 'shape': (5,), 'descr': '<f8'}\n", 40, ALF_FLOAT64, 1, {5}},
      {"{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(1,2,)}", 8, ALF_FLOAT32, 2, {1, 2}},
      {" { 'descr' : '<f4' ,\n'fortran_order' : False , 'shape' : ( 1 , 2 ) } ", 8, ALF_FLOAT32, 2, {1, 2}},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4L), }\n", 48, ALF_FLOAT32, 2, {3, 4}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int version = 1; version <= 3; version++) {
      alf_error err = {0};
      alf_npy_header header = {0};
      assert_ok(parse(version, cases[i].text, cases[i].data, &header, &err), &err);
      assert_int_equal(header.dtype, cases[i].dtype);
      assert_int_equal(header.dims, cases[i].dims);
      assert_memory_equal(header.shape, cases[i].shape, sizeof header.shape);
      assert_int_equal(header.data_offset, strlen(cases[i].text) + (version == 1 ? 10 : 12));
      assert_int_equal(header.data_bytes, cases[i].data);
    }
}

/* Each refused text, what the message must name, and the bytes of data behind it. */
static const struct {
  const char *text, *words;
  size_t data;
} refused[] = {
    {"{'descr': '<f2', 'fortran_order': False, 'shape': (3, 4)}", "descr: found \"'<f2'", 24},
    {"{'descr': '>f4', 'fortran_order': False, 'shape': (3, 4)}", "expected '<f4' (float32) or '<f8'", 48},
    {"{'descr': '<i4', 'fortran_order': False, 'shape': (3, 4)}", "descr: found \"'<i4'", 48},
    {"{'descr': '<c8', 'fortran_order': False, 'shape': (3, 4)}", "descr: found \"'<c8'", 96},
    {"{'descr': '|O', 'fortran_order': False, 'shape': (3, 4)}", "descr: found \"'|O'", 48},
    {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3, 4)}", "descr: found \"[('a'", 48},
    {"{'descr': '<f4 ', 'fortran_order': False, 'shape': (3, 4)}", "descr", 48},
    {"{'descr': '<f4, 'fortran_order': False, 'shape': (3, 4)}", "descr", 48},
    {"{'descr': <f4, 'fortran_order': False, 'shape': (3, 4)}", "descr", 48},
    {"{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4)}", "fortran_order: found \"True", 48},
    {"{'descr': '<f4', 'fortran_order': 0, 'shape': (3, 4)}", "expected False (C order", 48},
    {"{'descr': '<f4', 'fortran_order': Fal", "fortran_order", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "shape: found \"()", 4},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (12)}", "shape: found \"(12)", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': 12}", "a tuple of 1 to 3 axes", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': [3, 4]}", "shape: found \"[3, 4]", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 3, 4)}", "shape: found \"(1, 1, 3, 4)", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4)}", "axes of length 1 or more", 0},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 0)}", "shape: found \"0)", 0},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 4)}", "shape: found \"-3", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3., 4)}", "shape", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3 4)}", "shape", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "shape", 4},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4", "shape", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808, 4)}", "an axis below 2^63", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2305843009213693952, 1)}", "exceeds 2^63 bytes", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "exceeds 2^63 bytes", 0},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}", "found 47 bytes, expected 48", 47},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}", "truncated", 0},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}", "found 49 bytes, expected 48", 49},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}", "trailing bytes", 96},
    {"{'descr': '<f4', 'fortran_order': False}", "shape: missing", 48},
    {"{'shape': (3, 4), 'fortran_order': False}", "descr: missing", 48},
    {"{'descr': '<f4', 'shape': (3, 4)}", "fortran_order: missing", 48},
    {"{}", "descr: missing", 48},
    {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}", "each once", 48},
    {"{'descr': '<f4', 'order': False, 'shape': (3, 4)}", "found \"'order'", 48},
    {"{'descr' '<f4', 'fortran_order': False, 'shape': (3, 4)}", "header", 48},
    {"{'descr': '<f4' 'fortran_order': False, 'shape': (3, 4)}", "expected ',' or '}'", 48},
    {"{, 'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}", "header", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)", "header", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)} x", "nothing after the dict", 48},
    {"['descr']", "a Python dict literal", 48},
    {"", "a Python dict literal", 48},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': \n\n\x01(3, 4)}", "shape: found \"?(3, 4)", 48},
};

static void test_refused(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    alf_error err = {0};
    alf_npy_header header = {.dims = 77};
    alf_status status = parse(1 + (int)i % 3, refused[i].text, refused[i].data, &header, &err);
    assert_fails(status, ALF_EFORMAT, &err, refused[i].words);
    assert_true(strncmp(err.text, "x.npy: ", 7) == 0);
    assert_int_equal(header.dims, 77);
  }
}

static const char good[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}";

static void test_preamble_refused(void **state)
{
  (void)state;
  unsigned char file[SIZE];
  alf_npy_header header;
  alf_error err = {0};
  size_t length = alf_test_npy(file, sizeof file, 1, good, NULL, 0);
  assert_fails(alf_npy_parse(file, 0, 0, "x", &header, &err), ALF_EFORMAT, &err, "magic");
  assert_fails(alf_npy_parse(file, 9, 9, "x", &header, &err), ALF_EFORMAT, &err, "magic");
  assert_fails(alf_npy_parse(file, 10, 10, "x", &header, &err), ALF_EFORMAT, &err, "what the file holds");
  file[0] = 'N';
  assert_fails(alf_npy_parse(file, length, 500, "x", &header, &err), ALF_EFORMAT, &err, "\\x93NUMPY");
  const unsigned char versions[][2] = {{0, 0}, {4, 0}, {1, 1}, {255, 255}};
  for (int i = 0; i < 4; i++) {
    length = alf_test_npy(file, sizeof file, 1, good, NULL, 0);
    memcpy(file + 6, versions[i], 2);
    assert_fails(alf_npy_parse(file, length, 500, "x", &header, &err), ALF_EFORMAT, &err, "expected 1.0, 2.0 or 3.0");
  }
  alf_test_npy(file, sizeof file, 2, good, NULL, 0);
  assert_fails(alf_npy_parse(file, 11, 11, "x", &header, &err), ALF_EFORMAT, &err, "header length");
}

/* A header that says it has 10 GB (or 4 GB, what the field can hold) is refused by its length alone, in a file that
   would be large enough too. */
static void test_absurd_header_length(void **state)
{
  (void)state;
  unsigned char file[SIZE];
  alf_npy_header header;
  alf_error err = {0};
  size_t length = alf_test_npy(file, sizeof file, 2, good, NULL, 0);
  memset(file + 8, 0xff, 4);
  assert_fails(alf_npy_parse(file, length, (int64_t)length, "x", &header, &err), ALF_EFORMAT, &err, "4294967295");
  assert_fails(alf_npy_parse(file, length, INT64_C(10000000000), "x", &header, &err), ALF_EFORMAT, &err,
               "the limit of this reader");
  /* Inside the limit and the file, but past what the caller read. */
  alf_test_npy(file, sizeof file, 1, good, NULL, 0);
  assert_fails(alf_npy_parse(file, 20, 500, "x", &header, &err), ALF_EFORMAT, &err, "header length");
}

static size_t read_back(const char *path, unsigned char *out, size_t size)
{
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  size_t length = fread(out, 1, size, file);
  fclose(file);
  return length;
}

/* The bytes numpy.save writes for the same array: version 1.0, data at a multiple of 64. */
static void test_write_bytes(void **state)
{
  const float values[6] = {1, -2, 0.5f, 4, 5, 6};
  const int64_t shape[2] = {3, 2};
  unsigned char file[SIZE];
  alf_error err = {0};
  const char *path = alf_test_path(state, "bytes.npy");
  assert_ok(alf_npy_write(path, ALF_FLOAT32, 2, shape, values, &err), &err);
  assert_int_equal(read_back(path, file, sizeof file), 128 + sizeof values);
  assert_memory_equal(file, "\x93NUMPY\x01\x00\x76\x00", 10);
  static const char text[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }";
  assert_memory_equal(file + 10, text, sizeof text - 1);
  for (size_t i = 10 + sizeof text - 1; i < 127; i++)
    assert_int_equal(file[i], ' ');
  assert_int_equal(file[127], '\n');
  assert_memory_equal(file + 128, values, sizeof values);
}

static void test_write_and_parse(void **state)
{
  double values[24];
  for (int i = 0; i < 24; i++)
    values[i] = i;
  const int64_t shapes[][3] = {{24}, {6, 4}, {2, 3, 4}};
  for (int dims = 1; dims <= 3; dims++) {
    unsigned char file[SIZE];
    alf_npy_header header;
    alf_error err = {0};
    const char *path = alf_test_path(state, "array.npy");
    assert_ok(alf_npy_write(path, ALF_FLOAT64, dims, shapes[dims - 1], values, &err), &err);
    size_t length = read_back(path, file, sizeof file);
    assert_ok(alf_npy_parse(file, length, (int64_t)length, "array.npy", &header, &err), &err);
    assert_int_equal(header.dims, dims);
    assert_int_equal(header.dtype, ALF_FLOAT64);
    assert_memory_equal(header.shape, shapes[dims - 1], (size_t)dims * sizeof(int64_t));
    assert_int_equal(header.data_offset % 64, 0);
    assert_memory_equal(file + header.data_offset, values, sizeof values);
  }
}

/* Entries of the folder whose name ends in .tmp. */
static int leftovers(const char *path)
{
  int count = 0;
  DIR *folder = opendir(path);
  for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
    count += strstr(entry->d_name, ".tmp") != NULL;
  closedir(folder);
  return count;
}

static void test_write_refused(void **state)
{
  const double values[4] = {0};
  const int64_t shape[4] = {2, 2, 1, 1}, empty[2] = {2, 0}, huge[2] = {INT64_C(1) << 40, INT64_C(1) << 40};
  const char *path = alf_test_path(state, "refused.npy");
  alf_error err = {0};
  assert_fails(alf_npy_write(path, ALF_DYADIC, 2, shape, values, &err), ALF_EINVAL, &err, "dtype 2");
  assert_fails(alf_npy_write(path, ALF_FLOAT64, 0, shape, values, &err), ALF_EINVAL, &err, "0 axes");
  assert_fails(alf_npy_write(path, ALF_FLOAT64, 4, shape, values, &err), ALF_EINVAL, &err, "4 axes: expected 1 to 3");
  assert_fails(alf_npy_write(path, ALF_FLOAT64, 2, empty, values, &err), ALF_EINVAL, &err, "axis 1 has length 0");
  assert_fails(alf_npy_write(path, ALF_FLOAT64, 2, huge, values, &err), ALF_EINVAL, &err, "below 2^63 bytes");
  assert_int_not_equal(access(path, F_OK), 0);
  const char *missing = alf_test_path(state, "no/such/folder.npy");
  assert_fails(alf_npy_write(missing, ALF_FLOAT64, 2, shape, values, &err), ALF_EIO, &err, "No such file");
  /* The rename fails because the target is a folder: nothing half-written may stay behind. */
  assert_fails(alf_npy_write(*state, ALF_FLOAT64, 2, shape, values, &err), ALF_EIO, &err, "cannot write");
  char temporary[2 * ALF_TEST_PATH];
  snprintf(temporary, sizeof temporary, "%s.%ld.tmp", (const char *)*state, (long)getpid());
  assert_int_not_equal(access(temporary, F_OK), 0);
  assert_int_equal(leftovers(*state), 0);
}

/* The same bytes as an array that was known in full, whatever the number of rows. */
static void test_rows(void **state)
{
  double values[1200];
  for (int i = 0; i < 1200; i++)
    values[i] = i / 7.0;
  for (int count = 1; count <= 400; count += 133) {
    unsigned char grown[3 * SIZE], whole[3 * SIZE];
    const int64_t shape[2] = {count, 3};
    alf_error err = {0};
    alf_npy_rows rows = {0};
    const char *path = alf_test_path(state, "rows.npy"), *other = alf_test_path(state, "whole.npy");
    assert_ok(alf_npy_rows_open(&rows, path, 3, &err), &err);
    for (int r = 0; r < count; r++)
      alf_npy_rows_append(&rows, values + (ptrdiff_t)3 * r);
    assert_ok(alf_npy_rows_commit(&rows, &err), &err);
    alf_npy_rows_close(&rows);
    assert_ok(alf_npy_write(other, ALF_FLOAT64, 2, shape, values, &err), &err);
    size_t length = read_back(path, grown, sizeof grown);
    assert_int_equal(length, 128 + 24 * count);
    assert_int_equal(read_back(other, whole, sizeof whole), length);
    assert_memory_equal(grown, whole, length);
  }
}

static void test_rows_refused(void **state)
{
  const double row[2] = {1, 2};
  alf_error err = {0};
  alf_npy_rows rows = {0};
  alf_npy_rows_close(&rows);
  const char *missing = alf_test_path(state, "no/such/folder.npy");
  assert_fails(alf_npy_rows_open(&rows, missing, 2, &err), ALF_EIO, &err, "No such file");
  alf_npy_rows_close(&rows);
  assert_ok(alf_npy_rows_open(&rows, "/dev/full", 2, &err), &err);
  for (int i = 0; i < 1000; i++)
    alf_npy_rows_append(&rows, row);
  assert_fails(alf_npy_rows_commit(&rows, &err), ALF_EIO, &err, "/dev/full: cannot write: No space left");
  alf_npy_rows_close(&rows);
  /* What was not committed is gone. */
  const char *path = alf_test_path(state, "dropped.npy");
  assert_ok(alf_npy_rows_open(&rows, path, 2, &err), &err);
  alf_npy_rows_append(&rows, row);
  alf_npy_rows_close(&rows);
  assert_int_not_equal(access(path, F_OK), 0);
  assert_int_equal(leftovers(*state), 0);
}

/* The number of rows cannot be put in front of what has gone through a pipe. */
static void test_rows_into_a_pipe(void **state)
{
  const char *path = alf_test_path(state, "pipe");
  alf_error err = {0};
  alf_npy_rows rows = {0};
  assert_int_equal(mkfifo(path, 0600), 0);
  int reader = open(path, O_RDONLY | O_NONBLOCK); /* else opening it for writing would wait */
  assert_fails(alf_npy_rows_open(&rows, path, 2, &err), ALF_EIO, &err, "pipe: cannot write: is a pipe");
  close(reader);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_accepted),         cmocka_unit_test(test_refused),
      cmocka_unit_test(test_preamble_refused), cmocka_unit_test(test_absurd_header_length),
      cmocka_unit_test(test_write_bytes),      cmocka_unit_test(test_write_and_parse),
      cmocka_unit_test(test_write_refused),    cmocka_unit_test(test_rows),
      cmocka_unit_test(test_rows_refused),     cmocka_unit_test(test_rows_into_a_pipe),
  };
  return cmocka_run_group_tests(tests, alf_test_folder_setup, alf_test_folder_teardown);
}
