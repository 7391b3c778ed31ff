#include <ctype.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "exact/glpk_common.h"

/* Where to go when GLPK gives up, and what it said last. */
struct guard {
  jmp_buf exit;
  char said[256];
};

/* Takes GLPK's messages, which would go to stdout; nonzero tells GLPK that they are dealt with. */
static int listen(void *info, const char *text)
{
  struct guard *guard = info;
  size_t length = strlen(guard->said);
  snprintf(guard->said + length, sizeof guard->said - length, "%s", text);
  return 1;
}

static void leave(void *info)
{
  struct guard *guard = info;
  longjmp(guard->exit, 1);
}

/* One line out of GLPK's several. */
static void flatten(char *text)
{
  char *to = text;
  for (const char *from = text; *from; from++) {
    bool space = isspace((unsigned char)*from);
    if (!space || (to > text && to[-1] != ' '))
      *to++ = space ? ' ' : *from;
  }
  while (to > text && to[-1] == ' ')
    to--;
  *to = '\0';
}

alf_status alf_glpk_guard(alf_status (*body)(void *context, alf_error *err), void *context, alf_error *err)
{
  struct guard guard = {0};
  alf_status status;
  if (setjmp(guard.exit) == 0) {
    glp_term_hook(listen, &guard);
    glp_error_hook(leave, &guard);
    glp_term_out(GLP_OFF);
    status = body(context, err);
  } else {
    flatten(guard.said);
    status = alf_fail(err, ALF_ESOLVER, "GLPK gave up: %s", guard.said[0] ? guard.said : "no message");
  }
  glp_free_env();
  return status;
}
