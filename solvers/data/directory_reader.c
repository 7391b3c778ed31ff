/* A directory of .npy files as one stream. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/grow.h"
#include "data/reader.h"
#include "data/text.h"

typedef struct member {
  char *path, *name; /* name: the path, fit for a message */
  int64_t first;     /* its first batch, counted over the directory */
  alf_source_info info;
} member;

typedef struct directory_state {
  const char *path, *name;
  member *member; /* in byte order of their names */
  int64_t count, room;
  alf_reader reader; /* of member `opened`; .state NULL: none */
  int64_t opened;
  alf_dtype dtype;
} directory_state;

static void close_member(directory_state *s)
{
  if (s->reader.state)
    s->reader.close(s->reader.state);
  s->reader = (alf_reader){0};
}

static void directory_close(void *state)
{
  directory_state *s = state;
  if (!s)
    return;
  close_member(s);
  for (int64_t i = 0; i < s->count; i++) {
    free(s->member[i].path);
    free(s->member[i].name);
  }
  free(s->member);
  free(s);
}

/* Names that begin with a dot are hidden, as in ls: what editors and archivers leave behind. */
static bool is_wanted(const char *file)
{
  size_t length = strlen(file);
  return file[0] != '.' && length > 4 && strcmp(file + length - 4, ".npy") == 0;
}

static alf_status add_member(directory_state *s, const char *file, alf_error *err)
{
  size_t size = strlen(s->path) + strlen(file) + 2;
  member *grown = alf_grow(s->member, &s->room, s->count + 1, sizeof *grown);
  if (!grown)
    return alf_fail_memory(err, (size_t)s->count * sizeof *grown);
  s->member = grown;
  member *m = &s->member[s->count++];
  *m = (member){.path = malloc(size)};
  if (!m->path)
    return alf_fail_memory(err, size);
  const char *slash = s->path[strlen(s->path) - 1] == '/' ? "" : "/";
  snprintf(m->path, size, "%s%s%s", s->path, slash, file);
  m->name = alf_message_copy(m->path);
  return m->name ? ALF_OK : alf_fail_memory(err, size);
}

static int by_name(const void *a, const void *b)
{
  return strcmp(((const member *)a)->path, ((const member *)b)->path);
}

static alf_status list_members(directory_state *s, alf_error *err)
{
  DIR *directory = opendir(s->path);
  if (!directory)
    return alf_fail(err, ALF_EIO, "%s: %s", s->name, strerror(errno));
  alf_status status = ALF_OK;
  errno = 0;
  for (struct dirent *entry; status == ALF_OK && (entry = readdir(directory)); errno = 0)
    if (is_wanted(entry->d_name))
      status = add_member(s, entry->d_name, err);
  if (status == ALF_OK && errno)
    status = alf_fail(err, ALF_EIO, "%s: %s", s->name, strerror(errno));
  closedir(directory);
  if (status == ALF_OK && s->count == 0)
    status = alf_fail(err, ALF_EIO, "%s: is a directory without .npy files, expected one or more batches", s->name);
  if (status == ALF_OK)
    qsort(s->member, (size_t)s->count, sizeof *s->member, by_name);
  return status;
}

static alf_status open_member(directory_state *s, int64_t index, alf_error *err)
{
  close_member(s);
  s->opened = index;
  return alf_reader_npy(&s->reader, s->member[index].path, s->member[index].name, err);
}

/* All have the shape of the first. float32 beside float64 is widened, which is exact. */
static alf_status survey(directory_state *s, alf_source_info *info, alf_error *err)
{
  int64_t batches = 0;
  for (int64_t i = 0; i < s->count; i++) {
    member *m = &s->member[i];
    alf_status status = open_member(s, i, err);
    if (status != ALF_OK)
      return status;
    m->first = batches;
    m->info = s->reader.info;
    if (i == 0)
      *info = m->info;
    if (m->info.tokens != info->tokens || m->info.experts != info->experts)
      return alf_fail(err, ALF_EFORMAT, "%s: shape: found %lld tokens x %d experts, expected %lld x %d as in %s",
                      m->name, (long long)m->info.tokens, (int)m->info.experts, (long long)info->tokens,
                      (int)info->experts, s->member[0].name);
    if (m->info.dtype == ALF_FLOAT64)
      info->dtype = ALF_FLOAT64;
    batches += m->info.batches; /* each takes at least one byte on disk: no overflow */
  }
  info->batches = batches;
  info->kind = "directory";
  s->dtype = info->dtype;
  return ALF_OK;
}

/* Batches are mostly asked for in ascending order: the search starts at the open file. */
static int64_t find_member(const directory_state *s, int64_t batch)
{
  int64_t i = s->reader.state && s->member[s->opened].first <= batch ? s->opened : 0;
  while (batch >= s->member[i].first + s->member[i].info.batches)
    i++;
  return i;
}

/* Files are opened again for each pass, and may be others by then. */
static alf_status check_unchanged(const directory_state *s, alf_error *err)
{
  const member *m = &s->member[s->opened];
  const alf_source_info *was = &m->info, *is = &s->reader.info;
  if (was->batches == is->batches && was->tokens == is->tokens && was->experts == is->experts &&
      was->dtype == is->dtype)
    return ALF_OK;
  return alf_fail(err, ALF_EIO, "%s: shape or descr has changed since it was opened, expected %lld x %lld x %d",
                  m->name, (long long)was->batches, (long long)was->tokens, (int)was->experts);
}

/* In place, from the end: doubles are wider. */
static void widen(void *values, int64_t cells)
{
  for (int64_t c = cells; c-- > 0;) {
    float narrow;
    memcpy(&narrow, (char *)values + 4 * c, sizeof narrow);
    ((double *)values)[c] = narrow;
  }
}

static alf_status directory_read(void *state, int64_t batch, void *values, alf_error *err)
{
  directory_state *s = state;
  int64_t index = find_member(s, batch);
  const member *m = &s->member[index];
  alf_status status = ALF_OK;
  if (!s->reader.state || s->opened != index) {
    status = open_member(s, index, err);
    if (status == ALF_OK)
      status = check_unchanged(s, err);
    if (status != ALF_OK) {
      close_member(s);
      return status;
    }
  }
  status = s->reader.read(s->reader.state, batch - m->first, values, err);
  if (status == ALF_OK && m->info.dtype != s->dtype)
    widen(values, m->info.tokens * m->info.experts);
  return status;
}

static const char *directory_where(void *state, int64_t *batch)
{
  directory_state *s = state;
  const member *m = &s->member[find_member(s, *batch)];
  *batch -= m->first;
  return m->name;
}

alf_status alf_reader_directory(alf_reader *reader, const char *path, const char *name, alf_error *err)
{
  directory_state *s = calloc(1, sizeof *s);
  if (!s)
    return alf_fail_memory(err, sizeof *s);
  s->path = path;
  s->name = name;
  *reader = (alf_reader){.state = s, .read = directory_read, .close = directory_close, .where = directory_where};
  alf_status status = list_members(s, err);
  if (status == ALF_OK)
    status = survey(s, &reader->info, err);
  if (status != ALF_OK) {
    directory_close(s);
    *reader = (alf_reader){0};
  }
  return status;
}
