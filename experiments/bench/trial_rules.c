#include "bench/trial_rules.h"

#include <string.h>

#include "cli/choice.h"
#include "cli/words.h"

static alf_status add_rule(alf_trial_rules *rules, const char *text, bool quick, alf_error *err)
{
  const alf_rule *rule;
  double values[ALF_MAX_PARAMETERS] = {0};
  alf_status status = alf_cli_read_rule(text, &rule, values, err);
  return status == ALF_OK ? alf_trial_rules_add(rules, rule, values, !quick && !strchr(text, '['), err) : status;
}

alf_status alf_trial_rules_read(alf_trial_rules *rules, const alf_cli_options *options, alf_error *err)
{
  alf_status status = ALF_OK;
  alf_cli_words words = {0};
  rules->count = 0;
  if (options->rule)
    status = alf_cli_split(&words, "--rule", options->rule, err);
  for (int i = 0; i < words.count && status == ALF_OK; i++)
    status = add_rule(rules, words.word[i], options->quick, err);
  for (int i = 0; !options->rule && alf_rules[i] && status == ALF_OK; i++)
    status = add_rule(rules, alf_rules[i]->name, options->quick, err);
  return status;
}
