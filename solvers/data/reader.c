#include "data/reader.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

alf_status alf_reader_shape(alf_source_info *info, const alf_npy_header *header, const char *kind, const char *name,
                            alf_error *err)
{
  if (header->dims < 2)
    return alf_fail(err, ALF_EFORMAT,
                    "%s: shape: found 1 axis of length %lld, expected tokens x experts or "
                    "batches x tokens x experts",
                    name, (long long)header->shape[0]);
  const int64_t *last = &header->shape[header->dims - 1];
  if (last[0] < 2 || last[0] > ALF_MAX_EXPERTS)
    return alf_fail(err, ALF_EFORMAT, "%s: shape: the last axis has %lld experts, expected 2..%d", name,
                    (long long)last[0], ALF_MAX_EXPERTS);
  *info = (alf_source_info){.kind = kind,
                            .batches = header->dims == 3 ? header->shape[0] : 1,
                            .tokens = last[-1],
                            .experts = (int32_t)last[0],
                            .dtype = header->dtype};
  return ALF_OK;
}

int64_t alf_reader_batch_bytes(const alf_source_info *info)
{
  return info->tokens * info->experts * (info->dtype == ALF_FLOAT32 ? 4 : 8);
}

alf_status alf_reader_file_size(const char *path, const char *name, int64_t *size, alf_error *err)
{
  struct stat file;
  if (stat(path, &file) != 0)
    return alf_fail(err, ALF_EIO, "%s: %s", name, strerror(errno));
  if (!S_ISREG(file.st_mode))
    return alf_fail(err, ALF_EIO, "%s: is %s, expected a file", name,
                    S_ISDIR(file.st_mode) ? "a directory" : "not a regular file");
  *size = file.st_size;
  return ALF_OK;
}
