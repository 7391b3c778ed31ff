#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/reader.h"

typedef struct npy_state {
  FILE *file;
  const char *name;
  int64_t data_offset, batch_bytes;
} npy_state;

static void npy_close(void *state)
{
  npy_state *s = state;
  if (!s)
    return;
  if (s->file)
    fclose(s->file);
  free(s);
}

static alf_status npy_read(void *state, int64_t batch, void *values, alf_error *err)
{
  npy_state *s = state;
  if (fseeko(s->file, s->data_offset + batch * s->batch_bytes, SEEK_SET) != 0)
    return alf_fail(err, ALF_EIO, "%s: batch %lld: %s", s->name, (long long)batch, strerror(errno));
  size_t found = fread(values, 1, (size_t)s->batch_bytes, s->file);
  if (found == (size_t)s->batch_bytes)
    return ALF_OK;
  if (ferror(s->file))
    return alf_fail(err, ALF_EIO, "%s: batch %lld: %s", s->name, (long long)batch, strerror(errno));
  return alf_fail(err, ALF_EIO,
                  "%s: batch %lld: found %zu bytes, expected %lld: the file has shrunk since it was opened", s->name,
                  (long long)batch, found, (long long)s->batch_bytes);
}

static alf_status npy_parse_file(npy_state *s, int64_t size, alf_source_info *info, alf_error *err)
{
  unsigned char head[ALF_NPY_MAX_HEADER];
  alf_npy_header header;
  size_t length = fread(head, 1, sizeof head, s->file);
  if (ferror(s->file))
    return alf_fail(err, ALF_EIO, "%s: %s", s->name, strerror(errno));
  alf_status status = alf_npy_parse(head, length, size, s->name, &header, err);
  if (status == ALF_OK)
    status = alf_reader_shape(info, &header, "npy", s->name, err);
  if (status != ALF_OK)
    return status;
  s->data_offset = header.data_offset;
  s->batch_bytes = alf_reader_batch_bytes(info);
  return ALF_OK;
}

static alf_status npy_open(npy_state *s, const char *path, alf_source_info *info, alf_error *err)
{
  int64_t size;
  alf_status status = alf_reader_file_size(path, s->name, &size, err);
  if (status != ALF_OK)
    return status;
  s->file = fopen(path, "rb");
  if (!s->file)
    return alf_fail(err, ALF_EIO, "%s: %s", s->name, strerror(errno));
  setvbuf(s->file, NULL, _IONBF, 0); /* reads are large, and a buffer would hide that the file has changed */
  return npy_parse_file(s, size, info, err);
}

alf_status alf_reader_npy(alf_reader *reader, const char *path, const char *name, alf_error *err)
{
  npy_state *s = calloc(1, sizeof *s);
  if (!s)
    return alf_fail_memory(err, sizeof *s);
  s->name = name;
  *reader = (alf_reader){.state = s, .read = npy_read, .close = npy_close};
  alf_status status = npy_open(s, path, &reader->info, err);
  if (status != ALF_OK) {
    npy_close(s);
    *reader = (alf_reader){0};
  }
  return status;
}
