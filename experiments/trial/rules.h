/* The rules that are compared, and the parameters and step sizes at which each is tried. */
#ifndef ALF_TRIAL_RULES_H
#define ALF_TRIAL_RULES_H

#include <stdbool.h>

#include "alf/rule.h"
#include "alf/status.h"

enum {
  ALF_TRIAL_RULES = 64,
  ALF_TRIAL_VARIANTS = 4,
  ALF_TRIAL_PLACES = 17, /* step sizes, ascending */
  ALF_TRIAL_USUAL = 8    /* the place of the usual one */
};

/* A rule with its parameters as they were named, and the others that are tried instead. */
typedef struct alf_trial_rule {
  const alf_rule *rule;
  int variants;
  double value[ALF_TRIAL_VARIANTS][ALF_MAX_PARAMETERS]; /* the first as it was named */
} alf_trial_rule;

/* Zero-initialise. */
typedef struct alf_trial_rules {
  int count;
  alf_trial_rule rule[ALF_TRIAL_RULES];
} alf_trial_rules;

/* Adds a rule with such values of its parameters; with `variants` one that has a decisive parameter is tried with other
   values of it as well. Errors: ALF_EINVAL for more than ALF_TRIAL_RULES. */
alf_status alf_trial_rules_add(alf_trial_rules *rules, const alf_rule *rule, const double *values, bool variants,
                               alf_error *err);

/* The step size at a place: 1, 3, 10, … or 1, 0.3, 0.1, … times the usual one. A weight is 1 at the most. */
double alf_trial_size(const alf_rule *rule, int place);

/* The places that are tried first: two decades around the usual one, of a weight one decade below; and the last place
   that makes sense at all. */
int alf_trial_first_place(const alf_rule *rule);
int alf_trial_last_place(const alf_rule *rule);
int alf_trial_top_place(const alf_rule *rule);

#endif
