#include "alf/source.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/reader.h"
#include "data/text.h"

struct alf_source {
  alf_reader reader;
  alf_source_info info; /* of the batches that are yielded: those of the reader, or the named one */
  char *name;           /* the specification, for messages */
  char *input;          /* the same, cut into the parts below */
  int64_t first;        /* the reader's batch that is yielded first */
  int64_t position;     /* batches yielded so far */
};

/* The parts of a file's specification; all point into one string. */
typedef struct file_parts {
  const char *path, *key, *batch; /* key and batch are NULL when absent */
  bool npz, npy, directory;
} file_parts;

static bool ends_with(const char *text, const char *end)
{
  size_t length = strlen(text), end_length = strlen(end);
  return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* Cuts "@batch" off, which follows the last '@'. */
static const char *cut_batch(char *text)
{
  char *at = strrchr(text, '@');
  if (!at)
    return NULL;
  *at = '\0';
  return at + 1;
}

static bool is_directory(const char *path)
{
  struct stat about;
  return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* "DIR" or "DIR@batch", whatever the name of the directory looks like. */
static bool split_directory(char *input, file_parts *parts)
{
  *parts = (file_parts){.path = input, .directory = true};
  if (is_directory(input))
    return true;
  const char *at = strrchr(input, '@');
  if (!at || strpbrk(at, "/:") || ends_with(at, ".npy") || ends_with(at, ".npz"))
    return false;
  parts->batch = cut_batch(input);
  if (is_directory(input))
    return true;
  input[strlen(input)] = '@';
  return false;
}

static file_parts split(char *input)
{
  char *colon = NULL;
  for (char *found = strstr(input, ".npz:"); found; found = strstr(found + 1, ".npz:"))
    colon = found + 4;
  if (colon) {
    *colon = '\0';
    const char *batch = cut_batch(colon + 1);
    return (file_parts){.path = input, .key = colon + 1, .batch = batch, .npz = true};
  }
  file_parts parts = {.path = input};
  char *at = strrchr(input, '@');
  if (!ends_with(input, ".npy") && !ends_with(input, ".npz") && at) {
    *at = '\0';
    if (ends_with(input, ".npy") || ends_with(input, ".npz"))
      parts.batch = at + 1;
    else
      *at = '@';
  }
  parts.npy = ends_with(input, ".npy");
  parts.npz = ends_with(input, ".npz");
  return parts;
}

/* Neither a family nor a directory nor a known extension. */
static alf_status refuse_kind(const alf_source *s, alf_error *err)
{
  char names[200] = "";
  for (int i = 0; alf_families[i]; i++)
    alf_list_append(names, sizeof names, alf_families[i]->name);
  return alf_fail(err, ALF_EINVAL,
                  "'%s': expected FILE.npy, FILE.npy@BATCH, FILE.npz:KEY, FILE.npz:KEY@BATCH, a directory of .npy "
                  "files, DIRECTORY@BATCH or FAMILY:KEY=VALUE,… with a family of: %s",
                  s->name, names);
}

/* Narrows the source to the batch that was named. */
static alf_status select_batch(alf_source *s, const char *batch, alf_error *err)
{
  uint64_t number;
  alf_error cause = {0};
  alf_status status = alf_parse_whole(batch, "batch", (uint64_t)s->info.batches - 1, &number, &cause);
  if (status != ALF_OK)
    return alf_fail(err, status, "%s: %s", s->name, cause.text);
  s->first = (int64_t)number;
  s->info.batches = 1;
  return ALF_OK;
}

static alf_status open_file(alf_source *s, alf_error *err)
{
  file_parts parts;
  alf_status status;
  if (!split_directory(s->input, &parts))
    parts = split(s->input);
  if (parts.directory)
    status = alf_reader_directory(&s->reader, parts.path, s->name, err);
  else if (parts.npz)
    status = alf_reader_npz(&s->reader, parts.path, parts.key, s->name, err);
  else if (parts.npy)
    status = alf_reader_npy(&s->reader, parts.path, s->name, err);
  else
    status = refuse_kind(s, err);
  if (status != ALF_OK)
    return status;
  s->info = s->reader.info;
  return parts.batch ? select_batch(s, parts.batch, err) : ALF_OK;
}

static alf_status open_input(alf_source *s, uint64_t seed, alf_error *err)
{
  char *colon = strchr(s->input, ':');
  if (colon)
    *colon = '\0';
  const alf_family *family = alf_family_find(s->input);
  if (!family) {
    if (colon)
      *colon = ':';
    return open_file(s, err);
  }
  alf_status status = alf_reader_family(&s->reader, family, colon && colon[1] ? colon + 1 : NULL, seed, err);
  s->info = s->reader.info;
  return status;
}

alf_status alf_source_open(alf_source **source, const char *input, uint64_t seed, alf_error *err)
{
  *source = NULL;
  alf_source *s = calloc(1, sizeof *s);
  if (!s)
    return alf_fail_memory(err, sizeof *s);
  s->name = alf_message_copy(input);
  s->input = strdup(input);
  alf_status status = s->name && s->input ? open_input(s, seed, err) : alf_fail_memory(err, strlen(input) + 1);
  s->info.input = s->name;
  if (status == ALF_OK)
    *source = s;
  else
    alf_source_close(s);
  return status;
}

const alf_family *alf_source_family(const alf_source *s, const alf_family_call **call)
{
  *call = s->reader.call;
  return s->reader.family;
}

const alf_source_info *alf_source_describe(const alf_source *source)
{
  return &source->info;
}

/* What messages call the file of the reader's batch, and its number there. */
static const char *locate(const alf_source *s, int64_t *number)
{
  return s->reader.where ? s->reader.where(s->reader.state, number) : s->name;
}

static alf_status check_finite(const alf_source *s, const alf_affinity *batch, int64_t number, alf_error *err)
{
  int64_t cells = batch->tokens * batch->experts;
  int64_t cell = 0;
  if (batch->dtype == ALF_FLOAT32)
    for (const float *value = batch->values; cell < cells && isfinite(value[cell]);)
      cell++;
  else
    for (const double *value = batch->values; cell < cells && isfinite(value[cell]);)
      cell++;
  if (cell == cells)
    return ALF_OK;
  long long token = cell / batch->experts, expert = cell % batch->experts;
  const char *file = locate(s, &number);
  return alf_fail(err, ALF_EFORMAT, "%s: batch %lld, token %lld, expert %lld: affinity %g, expected a finite number",
                  file, (long long)number, token, expert, alf_affinity_get(batch, token, (int32_t)expert));
}

/* Memory at the first call, the same shape ever after. */
static alf_status prepare(const alf_source *s, alf_affinity *batch, alf_error *err)
{
  const alf_source_info *info = &s->info;
  if (!batch->storage)
    return alf_affinity_alloc(batch, info->dtype, info->tokens, info->experts, err);
  if (batch->dtype == info->dtype && batch->tokens == info->tokens && batch->experts == info->experts)
    return ALF_OK;
  return alf_fail(err, ALF_EINVAL,
                  "%s: the batch to fill is %lld x %d, expected %lld x %d of the source's type, or zeroed", s->name,
                  (long long)batch->tokens, (int)batch->experts, (long long)info->tokens, (int)info->experts);
}

alf_status alf_source_next(alf_source *source, alf_affinity *batch, alf_error *err)
{
  if (source->position == source->info.batches)
    return alf_fail(err, ALF_EEND, "%s: no further batch after %lld", source->name, (long long)source->info.batches);
  int64_t number = source->first + source->position;
  alf_status status = prepare(source, batch, err);
  if (status == ALF_OK)
    status = source->reader.read(source->reader.state, number, batch->storage, err);
  if (status == ALF_OK)
    status = check_finite(source, batch, number, err);
  if (status == ALF_OK)
    source->position++;
  return status;
}

const char *alf_source_file(const alf_source *source)
{
  int64_t number = source->first + (source->position > 0 ? source->position - 1 : 0);
  return locate(source, &number);
}

void alf_source_rewind(alf_source *source)
{
  source->position = 0;
}

void alf_source_close(alf_source *source)
{
  if (!source)
    return;
  if (source->reader.close)
    source->reader.close(source->reader.state);
  free(source->name);
  free(source->input);
  free(source);
}
