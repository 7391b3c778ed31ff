/* .npz archives: sound ones, and each way of being unsound. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include "alf/source.h"
#include "files.h"

#define SIZE 8192

enum { BATCHES = 3, TOKENS = 16, EXPERTS = 4, CELLS = BATCHES * TOKENS * EXPERTS };

static const char header_3d[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 16, 4), }";
static const char header_2d[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (16, 4), }";

static void add(zip_t *archive, const char *name, const void *bytes, size_t length, int method, int encryption)
{
  zip_source_t *source = zip_source_buffer(archive, bytes, length, 0);
  zip_int64_t index = zip_file_add(archive, name, source, 0);
  assert_true(index >= 0);
  assert_int_equal(zip_set_file_compression(archive, (zip_uint64_t)index, method, 0), 0);
  if (encryption != ZIP_EM_NONE)
    assert_int_equal(zip_file_set_encryption(archive, (zip_uint64_t)index, (zip_uint16_t)encryption, "secret"), 0);
}

/* An archive with the members a (3-D, counting up from 0), b (2-D, the first 64 cells) and note.txt. `extra` bytes
   follow the data of b. Returns its path. */
static const char *archive(void **state, const char *name, int method, int encryption, size_t extra)
{
  static unsigned char a[SIZE], b[SIZE];
  float values[CELLS + 64];
  for (int i = 0; i < CELLS + 64; i++)
    values[i] = (float)i;
  size_t a_length = alf_test_npy(a, sizeof a, 1, header_3d, values, CELLS * sizeof *values);
  size_t b_length = alf_test_npy(b, sizeof b, 1, header_2d, values, 64 * sizeof *values + extra);
  const char *path = alf_test_path(state, name);
  zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
  assert_non_null(zip);
  add(zip, "a.npy", a, a_length, method, encryption);
  add(zip, "b.npy", b, b_length, method, encryption);
  add(zip, "note.txt", "hello", 5, method, ZIP_EM_NONE);
  assert_int_equal(zip_close(zip), 0);
  return path;
}

static const char *with(const char *path, const char *key)
{
  static char input[4 * ALF_TEST_PATH];
  snprintf(input, sizeof input, "%s%s", path, key);
  return input;
}

static alf_status open_only(const char *input, alf_error *err)
{
  alf_source *source;
  alf_status status = alf_source_open(&source, input, 0, err);
  alf_source_close(source);
  return status;
}

static void assert_counting_batch(alf_source *source, alf_affinity *batch, int number)
{
  alf_error err = {0};
  assert_ok(alf_source_next(source, batch, &err), &err);
  for (int c = 0; c < TOKENS * EXPERTS; c++)
    assert_true(alf_affinity_get(batch, c / EXPERTS, c % EXPERTS) == number * TOKENS * EXPERTS + c);
}

static void read_all(const char *path)
{
  alf_error err = {0};
  alf_source *source;
  alf_affinity batch = {0};
  assert_ok(alf_source_open(&source, with(path, ":a"), 0, &err), &err);
  const alf_source_info *info = alf_source_describe(source);
  assert_string_equal(info->kind, "npz");
  assert_true(info->batches == BATCHES && info->tokens == TOKENS && info->experts == EXPERTS);
  assert_counting_batch(source, &batch, 0);
  assert_counting_batch(source, &batch, 1);
  alf_source_rewind(source);
  for (int i = 0; i < BATCHES; i++)
    assert_counting_batch(source, &batch, i);
  assert_fails(alf_source_next(source, &batch, &err), ALF_EEND, &err, ":a: no further batch");
  alf_source_close(source);
  for (int i = BATCHES - 1; i >= 0; i--) {
    char key[16];
    snprintf(key, sizeof key, ":a@%d", i);
    assert_ok(alf_source_open(&source, with(path, key), 0, &err), &err);
    assert_counting_batch(source, &batch, i);
    assert_fails(alf_source_next(source, &batch, &err), ALF_EEND, &err, "no further batch after 1");
    alf_source_rewind(source);
    assert_counting_batch(source, &batch, i);
    alf_source_close(source);
  }
  assert_ok(alf_source_open(&source, with(path, ":b"), 0, &err), &err);
  assert_counting_batch(source, &batch, 0);
  alf_source_close(source);
  alf_affinity_free(&batch);
}

static void test_sound_archives(void **state)
{
  read_all(archive(state, "stored.npz", ZIP_CM_STORE, ZIP_EM_NONE, 0));
  read_all(archive(state, "deflated.npz", ZIP_CM_DEFLATE, ZIP_EM_NONE, 0));
}

static void test_keys(void **state)
{
  alf_error err = {0};
  const char *path = archive(state, "keys.npz", ZIP_CM_DEFLATE, ZIP_EM_NONE, 0);
  assert_fails(open_only(with(path, ":c"), &err), ALF_EINVAL, &err, "keys.npz:c: no such key");
  assert_non_null(strstr(err.text, "expected one of: a, b"));
  assert_null(strstr(err.text, "note"));
  assert_fails(open_only(path, &err), ALF_EINVAL, &err, "no key given");
  assert_non_null(strstr(err.text, "one of: a, b"));
  assert_fails(open_only(with(path, "@1"), &err), ALF_EINVAL, &err, "no key given");
  assert_fails(open_only(with(path, ":"), &err), ALF_EINVAL, &err, "expected one of: a, b");
  assert_fails(open_only(with(path, ":a@3"), &err), ALF_EINVAL, &err, "expected a whole number in 0..2");
  assert_fails(open_only(with(path, ":a@x"), &err), ALF_EINVAL, &err, "batch 'x'");
}

static void test_no_keys(void **state)
{
  alf_error err = {0};
  const char *path = alf_test_path(state, "nokeys.npz");
  zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
  add(zip, "note.txt", "hello", 5, ZIP_CM_STORE, ZIP_EM_NONE);
  assert_int_equal(zip_close(zip), 0);
  assert_fails(open_only(with(path, ":a"), &err), ALF_EINVAL, &err, "one of: none");
}

static void test_encrypted(void **state)
{
  alf_error err = {0};
  const char *path = archive(state, "secret.npz", ZIP_CM_DEFLATE, ZIP_EM_AES_256, 0);
  assert_fails(open_only(with(path, ":a"), &err), ALF_EFORMAT, &err, "encrypted");
}

static void test_size_against_header(void **state)
{
  alf_error err = {0};
  const char *path = archive(state, "longer.npz", ZIP_CM_DEFLATE, ZIP_EM_NONE, 4);
  assert_fails(open_only(with(path, ":b"), &err), ALF_EFORMAT, &err, "found 260 bytes, expected 256");
  assert_fails(open_only(with(path, ":b"), &err), ALF_EFORMAT, &err, "trailing bytes");
}

/* A file in memory, to be damaged and written back. */
typedef struct image {
  unsigned char bytes[SIZE];
  size_t length;
} image;

static image load(const char *path)
{
  image file = {0};
  FILE *stream = fopen(path, "rb");
  assert_non_null(stream);
  file.length = fread(file.bytes, 1, sizeof file.bytes, stream);
  fclose(stream);
  return file;
}

/* Where `pattern` occurs for the nth time, counted from 0. */
static unsigned char *find(image *file, const char *pattern, size_t length, int nth)
{
  for (size_t i = 0; i + length <= file->length; i++)
    if (memcmp(file->bytes + i, pattern, length) == 0 && nth-- == 0)
      return file->bytes + i;
  fail_msg("pattern not in the archive");
  return NULL;
}

/* The central directory's entry of the first member: method at 10, sizes at 20 (compressed) and 24. */
static unsigned char *entry(image *file)
{
  return find(file, "PK\1\2", 4, 0);
}

/* A member that claims to unfold to 4 GB: refused at open, whatever its header says. */
static void test_bomb(void **state)
{
  alf_error err = {0};
  image file = load(archive(state, "sound.npz", ZIP_CM_DEFLATE, ZIP_EM_NONE, 0));
  memcpy(entry(&file) + 24, "\xfe\xff\xff\xff", 4);
  const char *path = alf_test_path(state, "bomb.npz");
  alf_test_write(path, file.bytes, file.length);
  assert_fails(open_only(with(path, ":a"), &err), ALF_EFORMAT, &err, "stated size 4294967294, expected at most 1032");
}

/* A stated size that agrees with an inflated header, but not with what the member holds. */
static void test_claims_more_than_it_holds(void **state)
{
  alf_error err = {0};
  alf_source *source;
  alf_affinity batch = {0};
  image file = load(archive(state, "plain.npz", ZIP_CM_STORE, ZIP_EM_NONE, 0));
  memcpy(find(&file, "(3, 16, 4)", 10, 0), "(6, 16, 4)", 10);
  unsigned size = 10 + sizeof header_3d - 1 + 2 * CELLS * 4;
  unsigned char *sizes = entry(&file) + 20;
  for (int i = 0; i < 4; i++)
    sizes[i] = sizes[4 + i] = (unsigned char)(size >> 8 * i);
  const char *path = alf_test_path(state, "claims.npz");
  alf_test_write(path, file.bytes, file.length);
  alf_status status = alf_source_open(&source, with(path, ":a"), 0, &err);
  for (int i = 0; status == ALF_OK && i < 6; i++)
    status = alf_source_next(source, &batch, &err);
  assert_true(status == ALF_EFORMAT || status == ALF_EIO);
  alf_affinity_free(&batch);
  alf_source_close(source);
}

/* One flipped bit of data: the checksum tells, at the latest with the last batch. */
static void test_checksum(void **state)
{
  alf_error err = {0};
  alf_source *source;
  alf_affinity batch = {0};
  image file = load(archive(state, "flip.npz", ZIP_CM_STORE, ZIP_EM_NONE, 0));
  find(&file, "(3, 16, 4)", 10, 0)[200] ^= 1;
  const char *path = alf_test_path(state, "flip.npz");
  alf_test_write(path, file.bytes, file.length);
  assert_ok(alf_source_open(&source, with(path, ":a"), 0, &err), &err);
  assert_ok(alf_source_next(source, &batch, &err), &err);
  assert_ok(alf_source_next(source, &batch, &err), &err);
  assert_fails(alf_source_next(source, &batch, &err), ALF_EFORMAT, &err, "CRC");
  alf_affinity_free(&batch);
  alf_source_close(source);
}

/* Damaged deflate data must end in an error too, not in wrong values. */
static void test_damaged_deflate(void **state)
{
  image sound = load(archive(state, "deflate.npz", ZIP_CM_DEFLATE, ZIP_EM_NONE, 0));
  const char *path = alf_test_path(state, "deflate.npz");
  for (size_t at = 40; at < 240; at += 7) {
    alf_error err = {0};
    alf_source *source;
    alf_affinity batch = {0};
    image file = sound;
    file.bytes[at] ^= 0x55;
    alf_test_write(path, file.bytes, file.length);
    alf_status status = alf_source_open(&source, with(path, ":a"), 0, &err);
    for (int i = 0; status == ALF_OK && i < BATCHES; i++)
      status = alf_source_next(source, &batch, &err);
    assert_int_equal(status, ALF_EFORMAT);
    alf_affinity_free(&batch);
    alf_source_close(source);
  }
}

static void test_compression_method(void **state)
{
  alf_error err = {0};
  image file = load(archive(state, "method.npz", ZIP_CM_STORE, ZIP_EM_NONE, 0));
  entry(&file)[10] = 14;
  const char *path = alf_test_path(state, "method.npz");
  alf_test_write(path, file.bytes, file.length);
  assert_fails(open_only(with(path, ":a"), &err), ALF_EFORMAT, &err, "compression method 14, expected stored (0)");
}

static void test_broken_archives(void **state)
{
  alf_error err = {0};
  image file = load(archive(state, "whole.npz", ZIP_CM_DEFLATE, ZIP_EM_NONE, 0));
  const char *path = alf_test_path(state, "half.npz");
  for (size_t keep = 0; keep < file.length; keep += file.length / 7) {
    alf_test_write(path, file.bytes, keep);
    assert_int_equal(open_only(with(path, ":a"), &err), ALF_EFORMAT);
    assert_non_null(strstr(err.text, "half.npz:a: "));
  }
  alf_test_write(path, "this is no archive at all", 25);
  assert_fails(open_only(with(path, ":a"), &err), ALF_EFORMAT, &err, "archive");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sound_archives),
      cmocka_unit_test(test_keys),
      cmocka_unit_test(test_no_keys),
      cmocka_unit_test(test_encrypted),
      cmocka_unit_test(test_size_against_header),
      cmocka_unit_test(test_bomb),
      cmocka_unit_test(test_claims_more_than_it_holds),
      cmocka_unit_test(test_checksum),
      cmocka_unit_test(test_damaged_deflate),
      cmocka_unit_test(test_compression_method),
      cmocka_unit_test(test_broken_archives),
  };
  return cmocka_run_group_tests(tests, alf_test_folder_setup, alf_test_folder_teardown);
}
