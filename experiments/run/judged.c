#include "run/judged.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/rule.h"

/* Metrics of names that no cell records: made of others here. */
#define LOST "objective_lost"
#define TIME "time"

const alf_judged alf_judged_metrics[] = {
    {"iterate", LOST, ALF_JUDGED_PLAIN, 0.001, .help = "(optimum - objective) / |optimum| of the last iterate"},
    {"iterate", "gap", ALF_JUDGED_RATIO, 0.02, 1e-9, "optimum", .help = "D(p) - optimum of the last, over |optimum|"},
    {"iterate", "late_gap", ALF_JUDGED_RATIO, 0.02, 1e-9, "optimum", .help = "its mean over the second half"},
    {"iterate", "regret", ALF_JUDGED_RATIO, 0.02, 1e-9, "optimum", .help = "sum of the gaps, over |optimum|"},
    {"iterate", "max_violation", ALF_JUDGED_RATIO, 0.02, 0.01, .help = "MaxVio of the last iterate"},
    {"iterate", "mean_max_violation", ALF_JUDGED_RATIO, 0.02, 0.01, .help = "mean MaxVio"},
    {"iterate", "late_max_violation", ALF_JUDGED_RATIO, 0.02, 0.01, .help = "mean MaxVio of the second half"},
    {"iterate", "signed_violation", ALF_JUDGED_RATIO, 0.02, 0.01, .help = "imbalance that lasts"},
    {"iterate", "balanced_at", ALF_JUDGED_RATIO, 0.02, 1, .until = "updates", .help = "updates to a MaxVio of 0.1"},
    {"iterate", "settled_at", ALF_JUDGED_RATIO, 0.02, 1, .until = "updates", .help = "updates to loads on target"},
    {"iterate", "routed_tokens", ALF_JUDGED_RATIO, 0.02, 1, .help = "work: tokens that were looked at"},
    {"verify", "*_verdict", ALF_JUDGED_LEVEL, .help = "refuted < inconclusive, hypothesis not met < holds"},
    {"verify", "*_margin", ALF_JUDGED_MARGIN, 0.1, .help = "how far a claim is from failing"},
    {"regret", "regret", ALF_JUDGED_RATIO, 0.02, 1e-9, .help = "after the last batch"},
    {"regret", "per_decade", ALF_JUDGED_RATIO, 0.05, 1e-9, .help = "what ten times as many batches add"},
    {"regret", "*_verdict", ALF_JUDGED_LEVEL, .help = "as of verify"},
    {"regret", "*_margin", ALF_JUDGED_MARGIN, 0.1, .help = "as of verify"},
    {"solve", "status", ALF_JUDGED_LEVEL, .help = "uncertified < approximate < optimal"},
    {"solve", "gap", ALF_JUDGED_RATIO, 0.02, 1e-9, "objective", .help = "certified, over |objective|"},
    {"solve", "iterations_made", ALF_JUDGED_RATIO, 0.02, 1, .help = "work: augmentations, rounds, sweeps"},
    {"solve", "pivots", ALF_JUDGED_RATIO, 0.02, 1, .help = "work: pivots of GLPK"},
    {"solve", "repairs", ALF_JUDGED_RATIO, 0.02, 1, .help = "work: repairs of prices"},
    {"train", "validation_loss", ALF_JUDGED_RATIO, 0.005, 1e-9, .help = "nats a byte"},
    {"train", "mean_max_violation_late", ALF_JUDGED_RATIO, 0.02, 0.01, .help = "mean MaxVio of the second half"},
    {"train", "mean_dead_experts", ALF_JUDGED_PLAIN, 0.5, .help = "mean number of experts without tokens"},
    {NULL, TIME, ALF_JUDGED_RATIO, 1, 1e-9, .time = true,
     .help = "processor time of a cell, over that of a calibration loop next to it"},
    {0}};

#define MOST 2.302585092994046 /* ln 10 */

/* From bad to good; words of one level side by side. */
static const struct {
  const char *word;
  int level;
} levels[] = {{"refuted", 0},     {"inconclusive", 1}, {"hypothesis not met", 1}, {"holds", 2}, {"uncertified", 0},
              {"approximate", 1}, {"optimal", 2}};

static bool matches(const char *pattern, const char *metric)
{
  if (*pattern != '*')
    return !strcmp(pattern, metric);
  size_t tail = strlen(pattern + 1), length = strlen(metric);
  return length >= tail && !strcmp(metric + length - tail, pattern + 1);
}

const alf_judged *alf_judged_find(const char *kind, const char *metric)
{
  for (const alf_judged *j = alf_judged_metrics; j->metric; j++)
    if ((!j->kind || !strcmp(j->kind, kind)) && matches(j->metric, metric))
      return j;
  return NULL;
}

static double level_of(const alf_value *value)
{
  for (size_t i = 0; value->type == ALF_TEXT && i < sizeof levels / sizeof *levels; i++)
    if (!strcmp(levels[i].word, value->text))
      return levels[i].level;
  return NAN;
}

/* Where it never came to be. */
static double censored(const alf_judged *j, const alf_result *result, double value)
{
  return isnan(value) && j->until ? alf_result_real(result, j->until) + 1 : value;
}

double alf_judged_value(const alf_judged *j, const alf_result *result, const char *metric)
{
  if (!strcmp(j->metric, TIME))
    return alf_result_real(result, "processor_seconds") / alf_result_real(result, "calibration_seconds");
  if (!strcmp(j->metric, LOST)) {
    double optimum = alf_result_real(result, "optimum");
    return (optimum - alf_result_real(result, "objective")) / fabs(optimum);
  }
  alf_value value = alf_result_value(result, metric);
  if (j->form == ALF_JUDGED_LEVEL)
    return level_of(&value);
  double over = j->over ? fabs(alf_result_real(result, j->over)) : 1;
  return censored(j, result, value.real) / (over == 0 ? 1 : over);
}

double alf_judged_difference(const alf_judged *j, double before, double after)
{
  double larger = fmax(fabs(before), fabs(after));
  if (before == after)
    return 0;
  switch (j->form) {
  case ALF_JUDGED_RATIO:
    return fmax(-MOST, fmin(MOST, log(fmax(fabs(after), j->floor) / fmax(fabs(before), j->floor))));
  case ALF_JUDGED_MARGIN:
    return isfinite(larger) ? (before - after) / larger : before > after ? 1 : -1;
  default:
    return j->form == ALF_JUDGED_LEVEL ? before - after : after - before;
  }
}

double alf_judged_effect(const alf_judged *j, double mean)
{
  return j->form == ALF_JUDGED_RATIO ? expm1(mean) : mean;
}

/* "a/b.so[x=1]" is "b.so[x=1]". */
static const char *without_folder(const char *rule)
{
  if (!alf_rule_is_file(rule))
    return rule;
  const char *end = strchr(rule, '['), *name = rule;
  for (const char *c = rule; *c && (!end || c < end); c++)
    if (*c == '/')
      name = c + 1;
  return name;
}

void alf_judged_subject(const alf_result *result, char text[ALF_SUBJECT_TEXT])
{
  alf_value rule = alf_result_value(result, "rule"), solver = alf_result_value(result, "solver");
  snprintf(text, ALF_SUBJECT_TEXT, "%s",
           rule.type == ALF_TEXT     ? without_folder(rule.text)
           : solver.type == ALF_TEXT ? solver.text
                                     : "");
}
