/* A text as bytes, in a part to train on and one to validate on. */
#ifndef ALF_MOE_CORPUS_H
#define ALF_MOE_CORPUS_H

#include "alf/status.h"
#include "moe/shape.h"

/* Zero-initialise. */
typedef struct alf_corpus {
  unsigned char *text;
  int64_t size;
  int64_t split; /* bytes before it are for training */
  uint64_t sum;  /* of all bytes: tells texts apart */
} alf_corpus;

/* Reads a file, plain or compressed by gzip (dictzip's .dz is that, too). `validation`: the share at its end that is kept
   apart. Errors: ALF_EIO, ALF_EFORMAT for a broken archive, ALF_ENOMEM; ALF_EINVAL when a part is shorter than a
   sequence of the shape. */
alf_status alf_corpus_read(alf_corpus *corpus, const char *path, double validation, int32_t context, alf_error *err);

/* A training batch as alf_moe_forward takes it: sequences from places drawn from (seed, step). */
void alf_corpus_draw(const alf_corpus *corpus, const alf_moe_shape *shape, uint64_t seed, int64_t step, int32_t *token);

/* Validation batch number i: sequences one after the other, from the first again where they end. */
void alf_corpus_validation(const alf_corpus *corpus, const alf_moe_shape *shape, int64_t i, int32_t *token);

/* Safe on a zeroed struct. */
void alf_corpus_free(alf_corpus *corpus);

#endif
