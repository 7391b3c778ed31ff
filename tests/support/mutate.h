/* Texts and files with mistakes in them, for the fuzz tests. */
#ifndef ALF_TEST_MUTATE_H
#define ALF_TEST_MUTATE_H

#include <gsl/gsl_rng.h>

#include "alf/status.h"

#define ALF_TEST_TEXT 2048

typedef struct alf_test_text {
  unsigned char bytes[ALF_TEST_TEXT];
  size_t length;
} alf_test_text;

/* 0..limit − 1. */
size_t alf_test_below(gsl_rng *rng, size_t limit);

size_t alf_test_smaller(size_t a, size_t b);

/* One to four changes: bytes replaced, flipped, left out, doubled, words put in or over others, the end cut off. */
void alf_test_mutate(gsl_rng *rng, alf_test_text *text, const char *const *word, size_t words);

/* A refusal carries its code and one line of text. */
void alf_test_check_refusal(alf_status status, const alf_error *err);

#endif
