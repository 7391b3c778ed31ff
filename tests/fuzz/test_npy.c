/* Mutated headers, files and specifications. Fixed seed, so that a failure repeats; the case number is its replay.
   Nothing may crash (the sanitizers watch), what is refused must say so properly, and what is accepted must be what
   the contracts promise. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "alf/npy.h"
#include "alf/random.h"
#include "alf/source.h"
#include "files.h"
#include "mutate.h"

enum { HEADERS = 200000, FILES = 2000, SPECIFICATIONS = 20000 };

static const char *const words[] = {"(",
                                    ")",
                                    "{",
                                    "}",
                                    "'",
                                    "\"",
                                    ",",
                                    ":",
                                    " ",
                                    "\n",
                                    "0",
                                    "1",
                                    "-1",
                                    "()",
                                    "(3,)",
                                    "False",
                                    "True",
                                    "'<f4'",
                                    "'<f8'",
                                    "'>f4'",
                                    "'descr'",
                                    "'shape'",
                                    "L",
                                    "2147483648",
                                    "4294967296",
                                    "9223372036854775807",
                                    "9223372036854775808",
                                    "99999999999999999999",
                                    "[",
                                    "]",
                                    "'fortran_order'",
                                    "\\",
                                    "\x93NUMPY",
                                    "nan",
                                    "1e309",
                                    "=",
                                    "@",
                                    ".npy",
                                    ".npz:",
                                    "T=",
                                    "E=",
                                    "seed=",
                                    "e",
                                    "."};

static void mutate(gsl_rng *rng, alf_test_text *t)
{
  alf_test_mutate(rng, t, words, sizeof words / sizeof *words);
}

static const char *const headers[] = {
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }                    \n",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3, 4), }\n",
    "{'shape': (5,), 'fortran_order': False, 'descr': '<f8'}",
};

static alf_test_text sound_npy(size_t which, int version)
{
  static const double data[24] = {0.5, 0.25, 1, 2};
  static const size_t sizes[] = {48, 192, 40};
  alf_test_text t;
  t.length = alf_test_npy(t.bytes, ALF_TEST_TEXT, version, headers[which], data, sizes[which]);
  return t;
}

static void check_header(const alf_npy_header *header, size_t length, int64_t file_size)
{
  assert_true(header->dtype == ALF_FLOAT32 || header->dtype == ALF_FLOAT64);
  assert_true(header->dims >= 1 && header->dims <= ALF_NPY_MAX_DIMS);
  int64_t product = header->dtype == ALF_FLOAT32 ? 4 : 8;
  for (int i = 0; i < header->dims; i++) {
    assert_true(header->shape[i] >= 1);
    assert_false(__builtin_mul_overflow(product, header->shape[i], &product));
  }
  assert_int_equal(header->data_bytes, product);
  assert_int_equal(header->data_offset + header->data_bytes, file_size);
  assert_true(header->data_offset >= 10 && (size_t)header->data_offset <= length);
}

static void test_headers(void **state)
{
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  int accepted = 0;
  for (uint64_t i = 0; i < HEADERS; i++) {
    alf_rng_stream(rng, 1, 0, i);
    alf_test_text t = sound_npy(alf_test_below(rng, 3), 1 + (int)alf_test_below(rng, 3));
    int64_t size = (int64_t)t.length;
    mutate(rng, &t);
    if (alf_test_below(rng, 2))
      size = (int64_t)t.length;
    /* An exact copy on the heap: reading one byte too far is seen. */
    unsigned char *bytes = malloc(t.length + !t.length);
    memcpy(bytes, t.bytes, t.length);
    size_t length = alf_test_smaller(t.length, (size_t)size);
    alf_error err = {0};
    alf_npy_header header = {0};
    alf_status status = alf_npy_parse(bytes, length, size, "fuzz.npy", &header, &err);
    if (status == ALF_OK)
      check_header(&header, length, size);
    else
      alf_test_check_refusal(status, &err);
    accepted += status == ALF_OK;
    free(bytes);
  }
  /* Both sides are exercised: a fuzzer whose every case dies at the magic tests nothing. */
  assert_true(accepted > HEADERS / 50 && accepted < HEADERS / 2);
  gsl_rng_free(rng);
}

/* Opens and reads to the end. */
static alf_status read_through(const char *input, alf_error *err)
{
  alf_source *source;
  alf_affinity batch = {0};
  alf_status status = alf_source_open(&source, input, 0, err);
  if (status != ALF_OK)
    return status;
  alf_source_info info = *alf_source_describe(source);
  assert_true(info.batches >= 1 && info.tokens >= 1 && info.experts >= 2 && info.experts <= ALF_MAX_EXPERTS);
  int64_t batches = 0;
  for (; (status = alf_source_next(source, &batch, err)) == ALF_OK; batches++)
    for (int64_t c = 0; c < info.tokens * info.experts; c++)
      assert_true(isfinite(alf_affinity_get(&batch, c / info.experts, (int32_t)(c % info.experts))));
  assert_true(status != ALF_EEND || batches == info.batches);
  alf_affinity_free(&batch);
  alf_source_close(source);
  return status == ALF_EEND ? ALF_OK : status;
}

/* Mutates `sound` FILES times, reads it as `input` and returns how often it was accepted. */
static int fuzz_file(uint64_t stream, const alf_test_text *sound, size_t variants, const char *path, const char *input)
{
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  int accepted = 0;
  for (uint64_t i = 0; i < FILES; i++) {
    alf_rng_stream(rng, 1, stream, i);
    alf_test_text t = sound[alf_test_below(rng, variants)];
    mutate(rng, &t);
    alf_test_write(path, t.bytes, t.length);
    alf_error err = {0};
    alf_status status = read_through(input, &err);
    if (status != ALF_OK)
      alf_test_check_refusal(status, &err);
    accepted += status == ALF_OK;
  }
  gsl_rng_free(rng);
  return accepted;
}

static void test_npy_files(void **state)
{
  const alf_test_text sound[] = {sound_npy(0, 1), sound_npy(1, 2), sound_npy(1, 1)};
  const char *path = alf_test_path(state, "fuzz.npy");
  int accepted = fuzz_file(1, sound, 3, path, path);
  assert_true(accepted > FILES / 50 && accepted < FILES / 2);
}

static alf_test_text sound_npz(const char *path, int method)
{
  alf_test_text member = sound_npy(1, 1), archive;
  zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
  assert_non_null(zip);
  zip_int64_t index = zip_file_add(zip, "a.npy", zip_source_buffer(zip, member.bytes, member.length, 0), 0);
  assert_int_equal(zip_set_file_compression(zip, (zip_uint64_t)index, method, 0), 0);
  assert_int_equal(zip_close(zip), 0);
  FILE *file = fopen(path, "rb");
  archive.length = fread(archive.bytes, 1, ALF_TEST_TEXT, file);
  fclose(file);
  return archive;
}

static void test_npz_files(void **state)
{
  const char *path = alf_test_path(state, "fuzz.npz");
  const alf_test_text sound[] = {sound_npz(path, ZIP_CM_STORE), sound_npz(path, ZIP_CM_DEFLATE)};
  char input[2 * ALF_TEST_PATH];
  snprintf(input, sizeof input, "%s:a", path);
  int accepted = fuzz_file(2, sound, 2, path, input);
  assert_true(accepted > 0 && accepted < FILES / 2);
}

/* Specifications are only opened: a family takes its memory at the first batch. */
static void test_specifications(void **state)
{
  (void)state;
  static const char *const sound[] = {"uniform:T=16,E=8,seed=3",
                                      "softmax:skew=1.5,temperature=1e-1,T=1e3",
                                      "grid",
                                      "adversarial:kind=4,width=3",
                                      "no/such.npy@2",
                                      "no/such.npz:key@1"};
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  int accepted = 0;
  for (uint64_t i = 0; i < SPECIFICATIONS; i++) {
    alf_rng_stream(rng, 1, 3, i);
    alf_test_text t;
    const char *start = sound[alf_test_below(rng, sizeof sound / sizeof *sound)];
    t.length = strlen(start);
    memcpy(t.bytes, start, t.length);
    mutate(rng, &t);
    t.bytes[alf_test_smaller(t.length, ALF_TEST_TEXT - 1)] = '\0';
    alf_error err = {0};
    alf_source *source;
    alf_status status = alf_source_open(&source, (const char *)t.bytes, 0, &err);
    if (status != ALF_OK)
      alf_test_check_refusal(status, &err);
    accepted += status == ALF_OK;
    alf_source_close(source);
  }
  assert_true(accepted > SPECIFICATIONS / 50 && accepted < SPECIFICATIONS / 2);
  gsl_rng_free(rng);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_headers),
      cmocka_unit_test(test_npy_files),
      cmocka_unit_test(test_npz_files),
      cmocka_unit_test(test_specifications),
  };
  return cmocka_run_group_tests(tests, alf_test_folder_setup, alf_test_folder_teardown);
}
