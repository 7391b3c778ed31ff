/* What stands behind a source: one reader per kind of input. */
#ifndef ALF_DATA_READER_H
#define ALF_DATA_READER_H

#include "alf/npy.h"
#include "alf/source.h"

/* An opened input. Batches are asked for in any order; readers are fastest in ascending order. */
typedef struct alf_reader {
  alf_source_info info; /* of the whole input */
  void *state;
  /* Fills `values` with batch number `batch`, T×E of info.dtype. */
  alf_status (*read)(void *state, int64_t batch, void *values, alf_error *err);
  void (*close)(void *state);
  const alf_family *family; /* NULL for a file; then call is NULL, too */
  const alf_family_call *call;
  /* What messages call the file that batch number *batch is in, which becomes its number in that file. NULL: the
     input. */
  const char *(*where)(void *state, int64_t *batch);
} alf_reader;

/* The readers. `name` is what messages call the input; it and `path` outlive the reader. On failure nothing is left to
   close. */
alf_status alf_reader_npy(alf_reader *reader, const char *path, const char *name, alf_error *err);

/* `key` NULL: refused with the keys there are. */
alf_status alf_reader_npz(alf_reader *reader, const char *path, const char *key, const char *name, alf_error *err);

/* The .npy files of a directory in byte order of their names, hidden ones left out; all have the same tokens × experts. */
alf_status alf_reader_directory(alf_reader *reader, const char *path, const char *name, alf_error *err);

/* `parameters` is "key=value,…"; it is cut up in the process. NULL: all at their defaults. */
alf_status alf_reader_family(alf_reader *reader, const alf_family *family, char *parameters, uint64_t seed,
                             alf_error *err);

/* What the file readers share. Takes the shape of a trace from the header: ALF_EFORMAT unless it is 2-D or 3-D with
   2..ALF_MAX_EXPERTS experts. */
alf_status alf_reader_shape(alf_source_info *info, const alf_npy_header *header, const char *kind, const char *name,
                            alf_error *err);

/* Bytes of one batch; fits, because the header's product was checked. */
int64_t alf_reader_batch_bytes(const alf_source_info *info);

/* ALF_OK and the size when path is a regular file, else ALF_EIO saying what it is. */
alf_status alf_reader_file_size(const char *path, const char *name, int64_t *size, alf_error *err);

#endif
