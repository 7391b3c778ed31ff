#define _DEFAULT_SOURCE /* alphasort */

#include "run/digest.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

void alf_digest_start(alf_digest *d)
{
  *d = (alf_digest){
      .state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

static uint32_t turn(uint32_t x, int bits)
{
  return x >> bits | x << (32 - bits);
}

static void expand(const unsigned char *block, uint32_t word[64])
{
  for (int i = 0; i < 16; i++)
    word[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
              block[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = word[i - 15], b = word[i - 2];
    word[i] = word[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + word[i - 7] + (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
  }
}

static void mix(uint32_t state[8], const unsigned char *block)
{
  uint32_t word[64], s[8];
  expand(block, word);
  memcpy(s, state, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t chosen = (s[4] & s[5]) ^ (~s[4] & s[6]), majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
    uint32_t first = s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) + chosen + constants[i] + word[i];
    uint32_t second = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) + majority;
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += first;
    s[0] = first + second;
  }
  for (int i = 0; i < 8; i++)
    state[i] += s[i];
}

void alf_digest_add(alf_digest *d, const void *bytes, size_t count)
{
  const unsigned char *from = bytes;
  size_t held = d->length % 64;
  d->length += count;
  while (count > 0) {
    size_t taken = count < 64 - held ? count : 64 - held;
    memcpy(d->block + held, from, taken);
    held = (held + taken) % 64;
    from += taken;
    count -= taken;
    if (held == 0)
      mix(d->state, d->block);
  }
}

void alf_digest_add_text(alf_digest *d, const char *text)
{
  alf_digest_add(d, text, strlen(text) + 1);
}

void alf_digest_finish(alf_digest *d, char text[ALF_DIGEST_TEXT])
{
  uint64_t bits = 8 * d->length;
  unsigned char end[72] = {0x80};
  size_t zeros = (119 - d->length % 64) % 64; /* up to 8 bytes before a block's end */
  for (int i = 0; i < 8; i++)
    end[1 + zeros + (size_t)i] = (unsigned char)(bits >> (56 - 8 * i));
  alf_digest_add(d, end, 1 + zeros + 8);
  for (int i = 0; i < 8; i++)
    snprintf(text + 8 * i, 9, "%08x", d->state[i]);
}

static alf_status digest_stream(FILE *file, const char *path, char text[ALF_DIGEST_TEXT], alf_error *err)
{
  unsigned char bytes[65536];
  alf_digest d;
  alf_digest_start(&d);
  for (size_t count = sizeof bytes; count == sizeof bytes;) {
    count = fread(bytes, 1, sizeof bytes, file);
    alf_digest_add(&d, bytes, count);
  }
  if (ferror(file))
    return alf_fail(err, ALF_EIO, "%.300s: %s", path, strerror(errno));
  alf_digest_finish(&d, text);
  return ALF_OK;
}

static alf_status digest_regular(const char *path, char text[ALF_DIGEST_TEXT], alf_error *err)
{
  FILE *file = fopen(path, "rb");
  if (!file)
    return alf_fail(err, ALF_EIO, "%.300s: %s", path, strerror(errno));
  alf_status status = digest_stream(file, path, text, err);
  fclose(file);
  return status;
}

static alf_status digest_member(alf_digest *d, const char *folder, const char *name, alf_error *err)
{
  char path[4096], own[ALF_DIGEST_TEXT];
  struct stat about;
  if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
    return alf_fail(err, ALF_EIO, "%.300s: the path is too long", path);
  if (name[0] == '.' || stat(path, &about) != 0 || !S_ISREG(about.st_mode))
    return ALF_OK;
  alf_status status = digest_regular(path, own, err);
  alf_digest_add_text(d, name);
  if (status == ALF_OK)
    alf_digest_add_text(d, own);
  return status;
}

static alf_status digest_folder(const char *path, char text[ALF_DIGEST_TEXT], alf_error *err)
{
  struct dirent **entry = NULL;
  int count = scandir(path, &entry, NULL, alphasort);
  alf_status status = count < 0 ? alf_fail(err, ALF_EIO, "%.300s: %s", path, strerror(errno)) : ALF_OK;
  alf_digest d;
  alf_digest_start(&d);
  for (int i = 0; i < count; i++) {
    if (status == ALF_OK)
      status = digest_member(&d, path, entry[i]->d_name, err);
    free(entry[i]);
  }
  free(entry);
  alf_digest_finish(&d, text);
  return status;
}

alf_status alf_digest_file(const char *path, char text[ALF_DIGEST_TEXT], alf_error *err)
{
  struct stat about;
  if (stat(path, &about) != 0)
    return alf_fail(err, ALF_EIO, "%.300s: %s", path, strerror(errno));
  return S_ISDIR(about.st_mode) ? digest_folder(path, text, err) : digest_regular(path, text, err);
}
