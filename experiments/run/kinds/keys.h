/* Keys that several kinds have, in one meaning. */
#ifndef ALF_RUN_KINDS_KEYS_H
#define ALF_RUN_KINDS_KEYS_H

#include "run/parts.h"

#define KEY_SOURCE                                                                                                     \
  {                                                                                                                    \
    "source", ALF_KEY_SOURCE, NULL, .help = "affinities: a family, x.npy, x.npy@batch, x.npz:key, a folder"            \
  }
#define KEY_RULE                                                                                                       \
  {                                                                                                                    \
    "rule", ALF_KEY_RULE, "sign", .help = "how loads move the shift, NAME[KEY=VALUE,...]; all: every rule"             \
  }
#define KEY_SCHEDULE                                                                                                   \
  {                                                                                                                    \
    "schedule", ALF_KEY_SCHEDULE, "constant", .help = "how the step size falls, NAME[KEY=VALUE,...]"                   \
  }
#define KEY_FORMAT                                                                                                     \
  {                                                                                                                    \
    "format", ALF_KEY_FORMAT, "none", .help = "number formats and counting bugs, KEY=VALUE,..."                        \
  }
#define KEY_TOPK                                                                                                       \
  {                                                                                                                    \
    "topk", ALF_KEY_WHOLE, NULL, 1, ALF_MAX_EXPERTS - 1, .help = "experts per token"                                   \
  }

/* The step size; "usual": what the rule is used with where nobody names one. */
static const char *const usual_words[] = {"usual", NULL};
#define KEY_U                                                                                                          \
  {                                                                                                                    \
    "u", ALF_KEY_REAL, "usual", 1e-15, 1e15, usual_words,                                                              \
        .help = "step size before the schedule's factor; usual: the rule's own"                                        \
  }

/* Of a cell that has it. */
static inline double usual_or_given_u(const alf_experiment_cell *cell, const alf_rule *rule)
{
  return alf_setting_is(cell, "u", "usual") ? alf_rule_usual_u(rule) : alf_setting_real(cell, "u");
}

#endif
