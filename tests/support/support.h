/* What the tests share: assertions on doubles, small instances, paths. Include this first: it brings cmocka's
   prerequisites in the right order. */
#ifndef ALF_TEST_SUPPORT_H
#define ALF_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alf/affinity.h"

/* cmocka's float assertions narrow to float; these do not. */
#define assert_near(a, b, tolerance) alf_assert_near((a), (b), (tolerance), #a, __FILE__, __LINE__)
void alf_assert_near(double a, double b, double tolerance, const char *what, const char *file, int line);

/* Asserts ALF_OK and shows the error's text otherwise. */
#define assert_ok(status, err) alf_assert_ok((status), (err), __FILE__, __LINE__)
void alf_assert_ok(alf_status status, const alf_error *err, const char *file, int line);

/* Asserts that a call was refused with the given status, in the error too, by a one-line text that holds `words`. */
#define assert_fails(status, expected, err, words)                                                                     \
  alf_assert_fails((status), (expected), (err), (words), __FILE__, __LINE__)
void alf_assert_fails(alf_status status, alf_status expected, const alf_error *err, const char *words, const char *file,
                      int line);

/* Reads batch 0 of a source specification into a dyadic batch; fails the test on error. The caller frees. */
void alf_test_batch(const char *input, alf_affinity *dyadic);

#endif
