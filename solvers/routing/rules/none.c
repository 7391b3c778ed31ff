#include <string.h>

#include "alf/rule.h"

/* The shift rests: routing without balancing, to be compared with. Of Theorem 1's form with ε_k = 0. */
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)state;
  (void)err;
  memset(delta, 0, (size_t)in->experts * sizeof *delta);
  return ALF_OK;
}

const alf_rule alf_rule_none = {
    .name = "none", .summary = "p never moves", .form = ALF_FORM_SUBGRADIENT, .update = update};
