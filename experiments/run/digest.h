/* SHA-256 (FIPS 180-4): what cells, files and sources are known by. */
#ifndef ALF_RUN_DIGEST_H
#define ALF_RUN_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "alf/status.h"

/* 64 hexadecimal digits and the end. */
#define ALF_DIGEST_TEXT 65

typedef struct alf_digest {
  uint32_t state[8];
  uint64_t length; /* bytes so far */
  unsigned char block[64];
} alf_digest;

void alf_digest_start(alf_digest *digest);
void alf_digest_add(alf_digest *digest, const void *bytes, size_t count);

/* The text with its end, so that "ab", "c" differ from "a", "bc". */
void alf_digest_add_text(alf_digest *digest, const char *text);

void alf_digest_finish(alf_digest *digest, char text[ALF_DIGEST_TEXT]);

/* What sha256sum says of a file; of a folder, that of the names and digests of its regular files, in byte order of the
   names, those that begin with a dot left out. Errors: ALF_EIO naming it, ALF_ENOMEM. */
alf_status alf_digest_file(const char *path, char text[ALF_DIGEST_TEXT], alf_error *err);

#endif
