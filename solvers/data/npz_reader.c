/* Members of .npz archives through libzip. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "data/reader.h"
#include "data/text.h"

#define MAX_DEFLATE_RATIO 1032 /* no deflate stream expands more than this: zlib, technical details */

typedef struct npz_state {
  zip_t *archive;
  zip_file_t *member;
  zip_uint64_t index;
  const char *name;
  int64_t data_offset, batch_bytes, batches;
  int64_t next; /* the batch the member's read position is at; -1: unknown, reopen */
} npz_state;

static void close_member(npz_state *s)
{
  if (s->member)
    zip_fclose(s->member);
  s->member = NULL;
}

static void npz_close(void *state)
{
  npz_state *s = state;
  if (!s)
    return;
  close_member(s);
  if (s->archive)
    zip_discard(s->archive);
  free(s);
}

/* What libzip says, as one of our codes. */
static alf_status fail_zip(const npz_state *s, zip_error_t *cause, alf_error *err)
{
  int code = zip_error_code_zip(cause);
  alf_status status = ALF_EFORMAT;
  if (code == ZIP_ER_MEMORY)
    status = ALF_ENOMEM;
  else if (code == ZIP_ER_NOENT || code == ZIP_ER_OPEN || code == ZIP_ER_READ || code == ZIP_ER_SEEK)
    status = ALF_EIO;
  alf_fail(err, status, "%s: archive: %s, expected a sound .npz", s->name, zip_error_strerror(cause));
  zip_error_fini(cause);
  return status;
}

static alf_status fail_member(npz_state *s, alf_error *err)
{
  zip_error_t cause;
  zip_error_init(&cause);
  zip_error_t *source = s->member ? zip_file_get_error(s->member) : zip_get_error(s->archive);
  zip_error_set(&cause, zip_error_code_zip(source), zip_error_code_system(source));
  return fail_zip(s, &cause, err);
}

/* Reads exactly `count` bytes of the member. */
static alf_status read_bytes(npz_state *s, void *out, int64_t count, alf_error *err)
{
  unsigned char *at = out;
  while (count > 0) {
    zip_int64_t found = zip_fread(s->member, at, (zip_uint64_t)count);
    if (found < 0)
      return fail_member(s, err);
    if (found == 0)
      return alf_fail(err, ALF_EFORMAT, "%s: data: the member ends %lld bytes early, expected its stated size", s->name,
                      (long long)count);
    at += found;
    count -= found;
  }
  return ALF_OK;
}

/* Opens the member and reads past its header. */
static alf_status reopen(npz_state *s, alf_error *err)
{
  unsigned char skipped[ALF_NPY_MAX_HEADER];
  close_member(s);
  s->member = zip_fopen_index(s->archive, s->index, 0);
  if (!s->member)
    return fail_member(s, err);
  s->next = 0;
  return read_bytes(s, skipped, s->data_offset, err);
}

/* At the end of the data libzip compares the checksum, which one more read brings out. */
static alf_status check_end(npz_state *s, alf_error *err)
{
  char extra;
  zip_int64_t found = zip_fread(s->member, &extra, 1);
  if (found < 0)
    return fail_member(s, err);
  if (found > 0)
    return alf_fail(err, ALF_EFORMAT, "%s: data: bytes after the member's stated size, expected its end", s->name);
  return ALF_OK;
}

/* Compressed members cannot seek: going back means starting over, going forward means reading what lies between. */
static alf_status advance(npz_state *s, int64_t batch, void *values, alf_error *err)
{
  alf_status status = ALF_OK;
  if (!s->member || s->next < 0 || s->next > batch)
    status = reopen(s, err);
  while (status == ALF_OK && s->next <= batch) {
    status = read_bytes(s, values, s->batch_bytes, err);
    s->next++;
  }
  if (status == ALF_OK && s->next == s->batches)
    status = check_end(s, err);
  return status;
}

static alf_status npz_read(void *state, int64_t batch, void *values, alf_error *err)
{
  npz_state *s = state;
  alf_status status = advance(s, batch, values, err);
  if (status != ALF_OK)
    s->next = -1;
  return status;
}

/* "a, b, c": the members one could have asked for. */
static void list_keys(zip_t *archive, char *out, size_t size)
{
  zip_int64_t count = zip_get_num_entries(archive, 0);
  for (zip_int64_t i = 0; i < count; i++) {
    const char *member = zip_get_name(archive, (zip_uint64_t)i, 0);
    size_t length = member ? strlen(member) : 0;
    if (length <= 4 || strcmp(member + length - 4, ".npy") != 0)
      continue;
    char key[64];
    alf_printable(key, sizeof key, member, length - 4);
    alf_list_append(out, size, key);
  }
}

static alf_status refuse_key(const npz_state *s, const char *key, alf_error *err)
{
  char keys[200] = "";
  list_keys(s->archive, keys, sizeof keys);
  const char *found = *keys ? keys : "none";
  if (!key)
    return alf_fail(err, ALF_EINVAL, "%s: no key given: expected FILE.npz:KEY, with KEY one of: %s", s->name, found);
  return alf_fail(err, ALF_EINVAL, "%s: no such key in the archive: expected one of: %s", s->name, found);
}

static alf_status locate(npz_state *s, const char *key, alf_error *err)
{
  if (!key)
    return refuse_key(s, key, err);
  size_t size = strlen(key) + sizeof ".npy";
  char *member = malloc(size);
  if (!member)
    return alf_fail_memory(err, size);
  snprintf(member, size, "%s.npy", key);
  zip_int64_t index = zip_name_locate(s->archive, member, 0);
  free(member);
  if (index < 0)
    return refuse_key(s, key, err);
  s->index = (zip_uint64_t)index;
  return ALF_OK;
}

/* The member's stated size, once it is known to be one its compressed bytes can hold. */
static alf_status member_size(npz_state *s, int64_t *size, alf_error *err)
{
  const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  zip_stat_t stat;
  if (zip_stat_index(s->archive, s->index, 0, &stat) != 0)
    return fail_member(s, err);
  if ((stat.valid & needed) != needed || stat.size > INT64_MAX || stat.comp_size > INT64_MAX)
    return alf_fail(err, ALF_EFORMAT, "%s: archive: the member's size is not stated, expected a sound .npz", s->name);
  if (stat.encryption_method != ZIP_EM_NONE)
    return alf_fail(err, ALF_EFORMAT, "%s: archive: the member is encrypted, expected a plain one", s->name);
  if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
    return alf_fail(err, ALF_EFORMAT, "%s: archive: compression method %d, expected stored (0) or deflated (8)",
                    s->name, (int)stat.comp_method);
  zip_uint64_t ratio = stat.comp_method == ZIP_CM_STORE ? 1 : MAX_DEFLATE_RATIO;
  if (stat.size / ratio > stat.comp_size)
    return alf_fail(err, ALF_EFORMAT,
                    "%s: archive: stated size %llu, expected at most %llu times the %llu stored bytes", s->name,
                    (unsigned long long)stat.size, (unsigned long long)ratio, (unsigned long long)stat.comp_size);
  *size = (int64_t)stat.size;
  return ALF_OK;
}

static alf_status parse_member(npz_state *s, alf_source_info *info, alf_error *err)
{
  unsigned char head[ALF_NPY_MAX_HEADER];
  alf_npy_header header;
  int64_t size;
  alf_status status = member_size(s, &size, err);
  if (status != ALF_OK)
    return status;
  s->member = zip_fopen_index(s->archive, s->index, 0);
  if (!s->member)
    return fail_member(s, err);
  size_t length = size < (int64_t)sizeof head ? (size_t)size : sizeof head;
  status = read_bytes(s, head, (int64_t)length, err);
  if (status == ALF_OK)
    status = alf_npy_parse(head, length, size, s->name, &header, err);
  if (status == ALF_OK)
    status = alf_reader_shape(info, &header, "npz", s->name, err);
  if (status != ALF_OK)
    return status;
  s->data_offset = header.data_offset;
  s->batch_bytes = alf_reader_batch_bytes(info);
  s->batches = info->batches;
  s->next = -1;
  return ALF_OK;
}

static alf_status npz_open(npz_state *s, const char *path, const char *key, alf_source_info *info, alf_error *err)
{
  int64_t size;
  alf_status status = alf_reader_file_size(path, s->name, &size, err);
  if (status != ALF_OK)
    return status;
  int code = 0;
  s->archive = zip_open(path, ZIP_RDONLY, &code);
  if (!s->archive) {
    zip_error_t cause;
    zip_error_init_with_code(&cause, code);
    return fail_zip(s, &cause, err);
  }
  status = locate(s, key, err);
  return status == ALF_OK ? parse_member(s, info, err) : status;
}

alf_status alf_reader_npz(alf_reader *reader, const char *path, const char *key, const char *name, alf_error *err)
{
  npz_state *s = calloc(1, sizeof *s);
  if (!s)
    return alf_fail_memory(err, sizeof *s);
  s->name = name;
  *reader = (alf_reader){.state = s, .read = npz_read, .close = npz_close};
  alf_status status = npz_open(s, path, key, &reader->info, err);
  if (status != ALF_OK) {
    npz_close(s);
    *reader = (alf_reader){0};
  }
  return status;
}
