/* Shared objects with something wrong: each of these names, defined on the command line, makes another one. */
#include <math.h>

#include "alf/rule.h"

#ifndef RULE_NO_UPDATE
static alf_status update(const alf_rule_input *in, void *state, double *delta, alf_error *err)
{
  (void)state;
  (void)err;
  for (int32_t k = 0; k < in->experts; k++)
    delta[k] = in->step_size * (double)alf_rule_deficit(in, k); /* no sign rule, whatever it declares */
#ifdef RULE_FAILS
  return ALF_ESOLVER;
#endif
#ifdef RULE_NAN
  delta[0] = (double)NAN;
#endif
  return ALF_OK;
}
#endif

static const char *const choices[] = {"a", "b", NULL};

static const alf_parameter parameters[] = {
#ifdef RULE_RANGE
    {"low", 2, 0, 1, 0, "its default is too large"},
#endif
#ifdef RULE_TWICE
    {"mode", 0, 0, 1, 1, "one of two", choices},
#endif
#ifdef RULE_CHOICES
    {"mode", 0, 0, 2, 1, "one of three, of which two have names", choices},
#else
    {"mode", 0, 0, 1, 1, "one of two", choices},
#endif
    {0}};

static const alf_rule rule = {
#ifdef RULE_BUILT_IN
    .name = "sign",
#elif defined RULE_NAME
    .name = "a rule",
#else
    .name = "odd",
#endif
    .summary = "declares the sign rule's form and is proportional",
    .form = ALF_FORM_SIGN,
#ifndef RULE_NO_UPDATE
    .update = update,
#endif
    .parameters = parameters};

#ifdef RULE_ABI
extern const alf_rule_export alf_exported_rule;
const alf_rule_export alf_exported_rule = {ALF_RULE_ABI + 1, 0, 0, 0, &rule};
#elif defined RULE_SIZE
extern const alf_rule_export alf_exported_rule;
const alf_rule_export alf_exported_rule = {ALF_RULE_ABI, sizeof(alf_rule), sizeof(alf_rule_input) - 8,
                                           sizeof(alf_parameter), &rule};
#elif defined RULE_SYMBOL
extern const alf_rule *const other_symbol;
const alf_rule *const other_symbol = &rule;
#else
ALF_EXPORT_RULE(rule);
#endif
