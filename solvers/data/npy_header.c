/* Reader of .npy headers: magic, version, length, then a Python dict literal such as
   {'descr': '<f4', 'fortran_order': False, 'shape': (4096, 64), }  with its keys in any order. */
#include <stdbool.h>
#include <string.h>

#include "alf/npy.h"
#include "data/text.h"

#define MAGIC        "\x93NUMPY"
#define MAGIC_LENGTH 6

/* The text of the dict and where the parser stands in it. */
typedef struct cursor {
  const char *at, *end;
  const char *name; /* of the file, for messages */
} cursor;

static void skip_space(cursor *c)
{
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t' || *c->at == '\r'))
    c->at++;
}

/* Consumes `symbol` if it comes next, after white space. */
static bool accept(cursor *c, char symbol)
{
  skip_space(c);
  if (c->at == c->end || *c->at != symbol)
    return false;
  c->at++;
  return true;
}

/* The field, what stands there, and what was expected instead. */
static alf_status refuse(const cursor *c, const char *field, const char *found, const char *expected, alf_error *err)
{
  char shown[48];
  alf_printable(shown, sizeof shown, found, (size_t)(c->end - found));
  for (size_t length = strlen(shown); length > 0 && (shown[length - 1] == ' ' || shown[length - 1] == '?'); length--)
    shown[length - 1] = '\0';
  return alf_fail(err, ALF_EFORMAT, "%s: %s: found \"%s\", expected %s", c->name, field, shown, expected);
}

/* A quoted string without escapes, as numpy writes them. */
static bool take_string(cursor *c, const char **text, size_t *length)
{
  skip_space(c);
  if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
    return false;
  const char *close = memchr(c->at + 1, *c->at, (size_t)(c->end - c->at - 1));
  if (!close)
    return false;
  *text = c->at + 1;
  *length = (size_t)(close - *text);
  c->at = close + 1;
  return true;
}

static bool equals(const char *text, size_t length, const char *word)
{
  return length == strlen(word) && memcmp(text, word, length) == 0;
}

static alf_status take_descr(cursor *c, alf_npy_header *header, alf_error *err)
{
  const char *text, *start = c->at;
  size_t length;
  bool string = take_string(c, &text, &length);
  if (string && equals(text, length, "<f4"))
    header->dtype = ALF_FLOAT32;
  else if (string && equals(text, length, "<f8"))
    header->dtype = ALF_FLOAT64;
  else
    return refuse(c, "descr", start, "'<f4' (float32) or '<f8' (float64), little-endian", err);
  return ALF_OK;
}

static bool accept_word(cursor *c, const char *word)
{
  size_t length = strlen(word);
  if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0)
    return false;
  c->at += length;
  return true;
}

static alf_status take_order(cursor *c, alf_npy_header *header, alf_error *err)
{
  (void)header;
  if (!accept_word(c, "False"))
    return refuse(c, "fortran_order", c->at, "False (C order, row-major)", err);
  return ALF_OK;
}

/* One axis. Python 2 wrote a trailing L. */
static alf_status take_axis(cursor *c, int64_t *length, alf_error *err)
{
  const char *start = c->at;
  *length = 0;
  for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
    int digit = *c->at - '0';
    if (*length > (INT64_MAX - digit) / 10)
      return refuse(c, "shape", start, "an axis below 2^63", err);
    *length = 10 * *length + digit;
  }
  if (c->at == start || *length < 1)
    return refuse(c, "shape", start, "axes of length 1 or more", err);
  accept(c, 'L');
  return ALF_OK;
}

static alf_status take_shape(cursor *c, alf_npy_header *header, alf_error *err)
{
  static const char expected[] = "a tuple of 1 to 3 axes such as (4096, 64)";
  const char *start = c->at;
  if (!accept(c, '('))
    return refuse(c, "shape", start, expected, err);
  bool comma = true;
  header->dims = 0;
  while (!accept(c, ')')) {
    if (!comma || header->dims == ALF_NPY_MAX_DIMS)
      return refuse(c, "shape", start, expected, err);
    alf_status status = take_axis(c, &header->shape[header->dims++], err);
    if (status != ALF_OK)
      return status;
    comma = accept(c, ',');
  }
  if (header->dims == 0 || (header->dims == 1 && !comma))
    return refuse(c, "shape", start, expected, err);
  return ALF_OK;
}

static const struct {
  const char *key;
  alf_status (*take)(cursor *c, alf_npy_header *header, alf_error *err);
} fields[] = {{"descr", take_descr}, {"fortran_order", take_order}, {"shape", take_shape}};

enum { FIELDS = sizeof fields / sizeof *fields };

/* One "key: value"; marks it in `seen`. */
static alf_status take_field(cursor *c, bool seen[FIELDS], alf_npy_header *header, alf_error *err)
{
  static const char expected[] = "the keys 'descr', 'fortran_order' and 'shape', each once";
  const char *text, *start = c->at;
  size_t length;
  if (!take_string(c, &text, &length) || !accept(c, ':'))
    return refuse(c, "header", start, expected, err);
  skip_space(c);
  for (int i = 0; i < FIELDS; i++) {
    if (seen[i] || !equals(text, length, fields[i].key))
      continue;
    seen[i] = true;
    return fields[i].take(c, header, err);
  }
  return refuse(c, "header", start, expected, err);
}

static alf_status take_dict(cursor *c, alf_npy_header *header, alf_error *err)
{
  bool seen[FIELDS] = {false}, comma = true;
  const char *start = c->at;
  if (!accept(c, '{'))
    return refuse(c, "header", start, "a Python dict literal", err);
  while (!accept(c, '}')) {
    if (!comma)
      return refuse(c, "header", c->at, "',' or '}'", err);
    alf_status status = take_field(c, seen, header, err);
    if (status != ALF_OK)
      return status;
    comma = accept(c, ',');
  }
  skip_space(c);
  if (c->at != c->end)
    return refuse(c, "header", c->at, "nothing after the dict but padding", err);
  for (int i = 0; i < FIELDS; i++)
    if (!seen[i])
      return alf_fail(err, ALF_EFORMAT, "%s: %s: missing from the header, expected the key '%s'", c->name,
                      fields[i].key, fields[i].key);
  return ALF_OK;
}

/* Magic, version and length: where the dict begins, and where it ends (= data_offset). */
static alf_status take_preamble(const unsigned char *bytes, size_t length, int64_t file_size, const char *name,
                                int64_t *begin, int64_t *end, alf_error *err)
{
  if (length < MAGIC_LENGTH + 4 || memcmp(bytes, MAGIC, MAGIC_LENGTH) != 0)
    return alf_fail(err, ALF_EFORMAT, "%s: magic: the file does not begin with \\x93NUMPY, expected an .npy array",
                    name);
  int major = bytes[6], minor = bytes[7];
  if (major < 1 || major > 3 || minor != 0)
    return alf_fail(err, ALF_EFORMAT, "%s: version: found %d.%d, expected 1.0, 2.0 or 3.0", name, major, minor);
  int width = major == 1 ? 2 : 4;
  *begin = MAGIC_LENGTH + 2 + width;
  if (length < (size_t)*begin)
    return alf_fail(err, ALF_EFORMAT, "%s: header length: the file ends inside it, expected %d bytes", name, width);
  int64_t count = 0;
  for (int i = width - 1; i >= 0; i--)
    count = count << 8 | bytes[MAGIC_LENGTH + 2 + i];
  *end = *begin + count;
  int64_t limit = file_size < ALF_NPY_MAX_HEADER ? file_size : ALF_NPY_MAX_HEADER;
  if (*end > limit || (uint64_t)*end > length)
    return alf_fail(err, ALF_EFORMAT, "%s: header length: found %lld, expected at most %lld (%s)", name,
                    (long long)count, (long long)(limit - *begin),
                    limit == file_size ? "what the file holds" : "the limit of this reader");
  return ALF_OK;
}

/* The size of the data, against what the file holds. */
static alf_status check_size(alf_npy_header *header, int64_t file_size, const char *name, alf_error *err)
{
  int64_t bytes = header->dtype == ALF_FLOAT32 ? 4 : 8;
  int64_t held = file_size - header->data_offset;
  for (int i = 0; i < header->dims; i++)
    if (__builtin_mul_overflow(bytes, header->shape[i], &bytes))
      return alf_fail(err, ALF_EFORMAT,
                      "%s: shape: the product of %d axes times the element size exceeds 2^63 bytes, "
                      "expected %lld bytes",
                      name, header->dims, (long long)held);
  if (held != bytes)
    return alf_fail(err, ALF_EFORMAT, "%s: data: found %lld bytes, expected %lld from shape and descr (%s)", name,
                    (long long)held, (long long)bytes, held < bytes ? "truncated" : "trailing bytes");
  header->data_bytes = bytes;
  return ALF_OK;
}

alf_status alf_npy_parse(const unsigned char *bytes, size_t length, int64_t file_size, const char *name,
                         alf_npy_header *header, alf_error *err)
{
  alf_npy_header found = {0};
  int64_t begin = 0;
  alf_status status = take_preamble(bytes, length, file_size, name, &begin, &found.data_offset, err);
  if (status != ALF_OK)
    return status;
  const char *text = (const char *)bytes;
  cursor c = {.at = text + begin, .end = text + found.data_offset, .name = name};
  status = take_dict(&c, &found, err);
  if (status == ALF_OK)
    status = check_size(&found, file_size, name, err);
  if (status == ALF_OK)
    *header = found;
  return status;
}
