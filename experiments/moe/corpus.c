#include "moe/corpus.h"

#include <stdlib.h>
#include <zlib.h>

#include "alf/random.h"
#include "core/philox.h"

enum { CHUNK = 1 << 20 };

static alf_status grow(alf_corpus *c, int64_t *room, alf_error *err)
{
  if (c->size + CHUNK <= *room)
    return ALF_OK;
  int64_t wanted = 2 * *room + CHUNK;
  unsigned char *text = realloc(c->text, (size_t)wanted);
  if (!text)
    return alf_fail_memory(err, (unsigned long long)wanted);
  c->text = text;
  *room = wanted;
  return ALF_OK;
}

static alf_status read_all(alf_corpus *c, gzFile file, const char *path, alf_error *err)
{
  int64_t room = 0;
  for (int got = 1; got > 0; c->size += got > 0 ? got : 0) {
    alf_status status = grow(c, &room, err);
    if (status != ALF_OK)
      return status;
    got = gzread(file, c->text + c->size, CHUNK);
    if (got < 0) {
      int code;
      const char *text = gzerror(file, &code);
      return alf_fail(err, code == Z_ERRNO ? ALF_EIO : ALF_EFORMAT, "%.300s: cannot be read: %.100s", path, text);
    }
  }
  return ALF_OK;
}

alf_status alf_corpus_read(alf_corpus *c, const char *path, double validation, int32_t context, alf_error *err)
{
  gzFile file = gzopen(path, "rb");
  *c = (alf_corpus){0};
  if (!file)
    return alf_fail(err, ALF_EIO, "%.300s: cannot be opened: expected a text, plain or compressed by gzip", path);
  alf_status status = read_all(c, file, path, err);
  for (int64_t at = 0; at < c->size; at += CHUNK)
    c->sum = crc32(c->sum, c->text + at, (uInt)(c->size - at < CHUNK ? c->size - at : CHUNK));
  if (gzclose(file) != Z_OK && status == ALF_OK)
    status = alf_fail(err, ALF_EFORMAT, "%.300s: ends early or is damaged", path);
  c->split = c->size - (int64_t)((double)c->size * validation);
  if (status == ALF_OK && (c->split <= context + 1 || c->size - c->split <= context + 1))
    status =
        alf_fail(err, ALF_EINVAL, "%.300s: %lld bytes, %lld of them to train on: expected more than %d in either part",
                 path, (long long)c->size, (long long)c->split, context + 1);
  if (status != ALF_OK)
    alf_corpus_free(c);
  return status;
}

static void take(const alf_corpus *c, int64_t from, int32_t context, int32_t *token)
{
  for (int32_t j = 0; j <= context; j++)
    token[j] = c->text[from + j];
}

void alf_corpus_draw(const alf_corpus *c, const alf_moe_shape *s, uint64_t seed, int64_t step, int32_t *token)
{
  alf_philox state; /* on the stack: gsl_rng_alloc takes memory */
  gsl_rng rng = {.type = alf_rng_philox, .state = &state};
  alf_rng_stream(&rng, seed, (uint64_t)step, 0);
  for (int32_t q = 0; q < s->sequences; q++) {
    double places = (double)(c->split - s->context);
    take(c, (int64_t)(gsl_rng_uniform(&rng) * places), s->context, token + (int64_t)q * (s->context + 1));
  }
}

void alf_corpus_validation(const alf_corpus *c, const alf_moe_shape *s, int64_t i, int32_t *token)
{
  int64_t places = (c->size - c->split - 1) / s->context;
  for (int32_t q = 0; q < s->sequences; q++) {
    int64_t place = (i * s->sequences + q) % places;
    take(c, c->split + place * s->context, s->context, token + (int64_t)q * (s->context + 1));
  }
}

void alf_corpus_free(alf_corpus *c)
{
  free(c->text);
  *c = (alf_corpus){0};
}
