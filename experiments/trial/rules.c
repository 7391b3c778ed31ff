#include "trial/rules.h"

#include <string.h>

/* Parameters that decide how a rule behaves, beside u, and what is tried instead of their defaults. That of
   dual-averaging only scales u, and the moving average of quantile is what a weight is. */
static const struct {
  const char *rule, *parameter;
  int values;
  double value[ALF_TRIAL_VARIANTS - 1];
} owns[] = {
    {"ema", "decay", 3, {0, 0.5, 0.99}}, {"smebu", "beta", 2, {0, 0.9}},     {"adagrad", "delta", 2, {0.1, 1}},
    {"bip", "passes", 1, {1}},           {"newton", "tied", 2, {0.05, 0.5}},
};

static int find_parameter(const alf_parameter *table, const char *name)
{
  int i = 0;
  while (table[i].name && strcmp(table[i].name, name) != 0)
    i++;
  return i;
}

static void add_variants(alf_trial_rule *r)
{
  for (size_t i = 0; i < sizeof owns / sizeof *owns; i++)
    for (int v = 0; r->rule == alf_rule_find(owns[i].rule) && v < owns[i].values; v++) {
      double *value = r->value[r->variants++];
      memcpy(value, r->value[0], sizeof r->value[0]);
      value[find_parameter(r->rule->parameters, owns[i].parameter)] = owns[i].value[v];
    }
}

alf_status alf_trial_rules_add(alf_trial_rules *rules, const alf_rule *rule, const double *values, bool variants,
                               alf_error *err)
{
  if (rules->count == ALF_TRIAL_RULES)
    return alf_fail(err, ALF_EINVAL, "expected at most %d rules", ALF_TRIAL_RULES);
  alf_trial_rule *r = &rules->rule[rules->count++];
  *r = (alf_trial_rule){.rule = rule, .variants = 1};
  memcpy(r->value[0], values, sizeof r->value[0]);
  if (variants)
    add_variants(r);
  return ALF_OK;
}

double alf_trial_size(const alf_rule *rule, int place)
{
  int half = place - ALF_TRIAL_USUAL, odd = half & 1, decades = (half - odd) / 2;
  double u = alf_rule_usual_u(rule) * (odd ? 3 : 1);
  for (; decades > 0; decades--)
    u *= 10;
  for (; decades < 0; decades++)
    u /= 10;
  return rule->weight && u > 1 ? 1 : u;
}

int alf_trial_top_place(const alf_rule *rule)
{
  if (!rule->weight)
    return ALF_TRIAL_PLACES - 1;
  return alf_rule_usual_u(rule) < 1 ? ALF_TRIAL_USUAL + 1 : ALF_TRIAL_USUAL;
}

int alf_trial_first_place(const alf_rule *rule)
{
  return ALF_TRIAL_USUAL - (rule->weight ? 2 : 4);
}

int alf_trial_last_place(const alf_rule *rule)
{
  return rule->weight ? alf_trial_top_place(rule) : ALF_TRIAL_USUAL + 4;
}
