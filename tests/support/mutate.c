#include "support.h"

#include <string.h>

#include "mutate.h"

size_t alf_test_below(gsl_rng *rng, size_t limit)
{
  return gsl_rng_uniform_int(rng, limit);
}

size_t alf_test_smaller(size_t a, size_t b)
{
  return a < b ? a : b;
}

/* Replaces `count` bytes at `at` by `piece`, as far as there is room. */
static void splice(alf_test_text *t, size_t at, size_t count, const void *piece, size_t length)
{
  if (t->length - count + length > ALF_TEST_TEXT)
    return;
  memmove(t->bytes + at + length, t->bytes + at + count, t->length - at - count);
  memmove(t->bytes + at, piece, length);
  t->length = t->length - count + length;
}

static void mutate_once(gsl_rng *rng, alf_test_text *t, const char *const *list, size_t words)
{
  size_t at = alf_test_below(rng, t->length + 1), rest = t->length - at;
  unsigned char byte = (unsigned char)gsl_rng_get(rng);
  const char *word = list[alf_test_below(rng, words)];
  switch (alf_test_below(rng, 6)) {
  case 0:
    splice(t, at, rest > 0, &byte, 1);
    break;
  case 1:
    if (rest > 0)
      t->bytes[at] ^= (unsigned char)(1u << alf_test_below(rng, 8));
    break;
  case 2:
    splice(t, at, alf_test_smaller(rest, alf_test_below(rng, 8)), "", 0);
    break;
  case 3:
    splice(t, at, alf_test_smaller(rest, alf_test_below(rng, 8)), word, strlen(word));
    break;
  case 4:
    splice(t, at, 0, word, strlen(word));
    break;
  default:
    if (alf_test_below(rng, 4) == 0)
      t->length = at;
    else if (rest > 4)
      splice(t, at, 0, t->bytes + at, alf_test_below(rng, 4));
  }
}

void alf_test_mutate(gsl_rng *rng, alf_test_text *t, const char *const *word, size_t words)
{
  for (size_t times = 1 + alf_test_below(rng, 4); times > 0; times--)
    mutate_once(rng, t, word, words);
}

void alf_test_check_refusal(alf_status status, const alf_error *err)
{
  assert_int_equal(status, err->code);
  assert_true(strlen(err->text) > 0 && strlen(err->text) < sizeof err->text - 1);
  for (const char *c = err->text; *c; c++)
    assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
}
