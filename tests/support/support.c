#include "support.h"

#include <math.h>
#include <string.h>

#include "alf/source.h"

void alf_assert_near(double a, double b, double tolerance, const char *what, const char *file, int line)
{
  if (fabs(a - b) <= tolerance)
    return;
  print_error("%s = %.17g, expected %.17g within %g\n", what, a, b, tolerance);
  _fail(file, line);
}

void alf_assert_ok(alf_status status, const alf_error *err, const char *file, int line)
{
  if (status == ALF_OK)
    return;
  print_error("%s: %s\n", alf_status_message(status), err ? err->text : "");
  _fail(file, line);
}

void alf_assert_fails(alf_status status, alf_status expected, const alf_error *err, const char *words, const char *file,
                      int line)
{
  if (status == expected && err->code == expected && strstr(err->text, words) && !strchr(err->text, '\n'))
    return;
  print_error("%s: \"%s\"\nexpected %s, in one line with \"%s\"\n", alf_status_message(status), err->text,
              alf_status_message(expected), words);
  _fail(file, line);
}

void alf_test_batch(const char *input, alf_affinity *dyadic)
{
  alf_error err = {0};
  alf_source *source = NULL;
  alf_affinity raw = {0};
  assert_ok(alf_source_open(&source, input, 0, &err), &err);
  assert_ok(alf_source_next(source, &raw, &err), &err);
  assert_ok(alf_affinity_convert(&raw, ALF_DYADIC, dyadic, &err), &err);
  alf_affinity_free(&raw);
  alf_source_close(source);
}
