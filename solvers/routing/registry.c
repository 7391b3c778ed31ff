#include <string.h>

#include "alf/rule.h"
#include "alf/schedule.h"
#include "data/parameter.h"
#include "routing/user_rule.h"

/* A rule is one file in rules/ and one line here. */
#define RULES(X)                                                                                                       \
  X(alf_rule_sign)                                                                                                     \
  X(alf_rule_proportional)                                                                                             \
  X(alf_rule_proportional_fraction)                                                                                    \
  X(alf_rule_sign_centred)                                                                                             \
  X(alf_rule_ema)                                                                                                      \
  X(alf_rule_smebu)                                                                                                    \
  X(alf_rule_dual_averaging)                                                                                           \
  X(alf_rule_adagrad)                                                                                                  \
  X(alf_rule_none)

/* A schedule is one file in schedules/ and one line here. */
#define SCHEDULES(X)                                                                                                   \
  X(alf_schedule_constant)                                                                                             \
  X(alf_schedule_harmonic)                                                                                             \
  X(alf_schedule_inverse_sqrt)                                                                                         \
  X(alf_schedule_cosine)                                                                                               \
  X(alf_schedule_warm_up)                                                                                              \
  X(alf_schedule_stop_at)                                                                                              \
  X(alf_schedule_geometric)

#define DECLARE_RULE(name)     extern const alf_rule name;
#define DECLARE_SCHEDULE(name) extern const alf_schedule name;
#define ENTRY(name)            &name,
RULES(DECLARE_RULE)
SCHEDULES(DECLARE_SCHEDULE)

const alf_rule *const alf_rules[] = {RULES(ENTRY) NULL};
const alf_schedule *const alf_schedules[] = {SCHEDULES(ENTRY) NULL};

const alf_rule *alf_rule_find(const char *name)
{
  for (const alf_rule *const *rule = alf_rules; *rule; rule++)
    if (!strcmp((*rule)->name, name))
      return *rule;
  return NULL;
}

const alf_schedule *alf_schedule_find(const char *name)
{
  for (const alf_schedule *const *schedule = alf_schedules; *schedule; schedule++)
    if (!strcmp((*schedule)->name, name))
      return *schedule;
  return NULL;
}

alf_status alf_rule_read(const char *text, const alf_rule **rule, double *values, alf_error *err)
{
  char name[ALF_CHOICE_TEXT];
  alf_choice_name(text, name);
  if (alf_rule_is_file(name)) {
    alf_status status = alf_user_rule_load(name, rule, err);
    return status == ALF_OK ? alf_choice_values(text, name, (*rule)->parameters, values, err) : status;
  }
  *rule = alf_rule_find(name);
  if (!*rule)
    return alf_fail(err, ALF_EINVAL, "'%s': no such rule", name);
  return alf_choice_values(text, name, (*rule)->parameters, values, err);
}

alf_status alf_schedule_read(const char *text, const alf_schedule **schedule, double *values, alf_error *err)
{
  char name[ALF_CHOICE_TEXT];
  alf_choice_name(text, name);
  *schedule = alf_schedule_find(name);
  if (!*schedule)
    return alf_fail(err, ALF_EINVAL, "'%s': no such schedule", name);
  return alf_choice_values(text, name, (*schedule)->parameters, values, err);
}
