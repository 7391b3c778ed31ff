#include "bench/trial_summary.h"

#include <math.h>
#include <stdio.h>

#include "bench/trial_table.h"

double alf_trial_max_violation(const alf_trial_sweep *sweep, const alf_trial *trial)
{
  const alf_trial_instance *instance = sweep->instance;
  return alf_trial_succeeded(trial) ? trial->measures.mean : (double)instance->batch[0].experts / instance->topk - 1;
}

static const alf_trial *chosen(const alf_trial_sweep *sweep, int r, int best)
{
  return best ? sweep->outcome[r].best : sweep->outcome[r].usual;
}

static double rank_of(const alf_trial_sweep *sweep, int r, int best)
{
  double own = alf_trial_max_violation(sweep, chosen(sweep, r, best)), rank = 1;
  for (int other = 0; other < sweep->rules->count; other++) {
    double value = alf_trial_max_violation(sweep, chosen(sweep, other, best));
    rank += value < own ? 1 : value == own && other != r ? 0.5 : 0;
  }
  return rank;
}

static void add_run(alf_trial_score *score, const alf_trial_sweep *sweep, int r, int best)
{
  const alf_trial *trial = chosen(sweep, r, best);
  bool succeeded = alf_trial_succeeded(trial), reached = succeeded && trial->measures.reached >= 0;
  double gap = succeeded ? trial->measures.gap : (double)NAN;
  double steps = (double)(reached ? trial->measures.reached : sweep->instance->updates);
  score->log_violation[best][sweep->instance->class] +=
      log(fmax(alf_trial_max_violation(sweep, trial), ALF_TRIAL_LEAST));
  score->log_gap[best] += isfinite(gap) ? log(fmax(gap, ALF_TRIAL_LEAST_GAP)) : (double)NAN;
  score->rank[best] += rank_of(sweep, r, best);
  score->reached[best] += reached;
  score->log_steps[best] += log(1 + steps);
}

void alf_trial_summary_add(alf_trial_summary *summary, const alf_trial_sweep *sweep)
{
  summary->instances[sweep->instance->class]++;
  summary->schedules = sweep->schedules;
  for (int s = 0; s < sweep->schedules; s++)
    summary->schedule[s] = sweep->schedule[s];
  for (int r = 0; r < sweep->rules->count; r++) {
    alf_trial_score *score = &summary->score[r];
    const alf_trial_outcome *outcome = &sweep->outcome[r];
    add_run(score, sweep, r, 0);
    add_run(score, sweep, r, 1);
    score->log_range += log(outcome->most_u / outcome->least_u);
    for (int s = 0; s < sweep->schedules; s++)
      score->scheduled[s] += outcome->best->schedule == sweep->schedule[s];
  }
}

static int count_instances(const alf_trial_summary *summary)
{
  int count = 0;
  for (int c = 0; c < ALF_TRIAL_CLASSES; c++)
    count += summary->instances[c];
  return count;
}

double alf_trial_summary_mean(const alf_trial_summary *summary, int rule, int best, int class)
{
  double sum = 0;
  int count = 0;
  for (int c = 0; c < ALF_TRIAL_CLASSES; c++)
    if (class == c || class == ALF_TRIAL_CLASSES) {
      sum += summary->score[rule].log_violation[best][c];
      count += summary->instances[c];
    }
  return count > 0 ? exp(sum / count) : (double)NAN;
}

double alf_trial_summary_gap(const alf_trial_summary *summary, int rule, int best)
{
  return exp(summary->score[rule].log_gap[best] / count_instances(summary));
}

double alf_trial_summary_reached(const alf_trial_summary *summary, int rule, int best)
{
  return exp(summary->score[rule].log_steps[best] / count_instances(summary)) - 1;
}

/* One half of a line. */
static void print_score(const alf_trial_summary *summary, int r, int best)
{
  const alf_trial_score *score = &summary->score[r];
  for (int c = 0; c <= ALF_TRIAL_CLASSES; c++)
    if (c == ALF_TRIAL_CLASSES || summary->instances[c] > 0)
      alf_trial_print_number(7, 3, alf_trial_summary_mean(summary, r, best, c));
  alf_trial_print_number(5, 1, score->rank[best] / count_instances(summary));
  printf(" %3d", score->reached[best]);
  alf_trial_print_number(5, 1, alf_trial_summary_reached(summary, r, best));
  alf_trial_print_number(8, 4, 100 * alf_trial_summary_gap(summary, r, best));
}

static void print_head(const alf_trial_summary *summary)
{
  printf("%-22s", "rule");
  for (int best = 0; best < 2; best++) {
    for (int c = 0; c < ALF_TRIAL_CLASSES; c++)
      if (summary->instances[c] > 0)
        printf(" %7s", alf_trial_class_names[c]);
    printf(" %7s %5s %3s %5s %8s%s", "all", "rank", "met", "from", "gap %", best ? "" : "  |");
  }
  printf("  %4s  schedules of the best\n", "u's");
}

static void print_legend(int instances)
{
  printf("\nOver all instances (%d), by default | at the best: geometric means of MaxVio (at least %g), by class; rank "
         "among "
         "the\n"
         "rules, 1 the least MaxVio; met: on how many the threshold was; geometric means of the updates until then "
         "(from; all\n"
         "updates where it was not) and of the gap (at least %g %%); u's: decades around the best u where MaxVio "
         "is at\n"
         "most 1.5 times as large, plus 0.01.\n\n",
         instances, ALF_TRIAL_LEAST, 100 * ALF_TRIAL_LEAST_GAP);
}

int alf_trial_summary_place(const alf_trial_summary *summary, int rules, int rule)
{
  double own = alf_trial_summary_mean(summary, rule, 1, ALF_TRIAL_CLASSES);
  int place = 1;
  for (int other = 0; other < rules; other++) {
    double mean = alf_trial_summary_mean(summary, other, 1, ALF_TRIAL_CLASSES);
    place += mean < own || (mean == own && other < rule);
  }
  return place;
}

static void print_rule(const alf_trial_summary *summary, const alf_trial_rules *rules, int r)
{
  const alf_trial_score *score = &summary->score[r];
  char text[ALF_CHOICE_TEXT];
  alf_trial_rule_text(rules->rule[r].rule, rules->rule[r].value[0], text);
  printf("%-22s", text);
  print_score(summary, r, 0);
  printf("  |");
  print_score(summary, r, 1);
  alf_trial_print_number(5, 1, score->log_range / (log(10) * count_instances(summary)));
  printf(" ");
  for (int s = 0, named = 0; s < summary->schedules; s++)
    if (score->scheduled[s] > 0)
      printf("%s %s %d", named++ ? "," : "", summary->schedule[s]->name, score->scheduled[s]);
  putchar('\n');
}

void alf_trial_summary_print(const alf_trial_summary *summary, const alf_trial_rules *rules)
{
  print_legend(count_instances(summary));
  print_head(summary);
  for (int place = 1; place <= rules->count; place++)
    for (int r = 0; r < rules->count; r++)
      if (alf_trial_summary_place(summary, rules->count, r) == place)
        print_rule(summary, rules, r);
}
