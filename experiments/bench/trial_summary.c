#include "bench/trial_summary.h"

#include <math.h>
#include <stdio.h>

#include "bench/trial_table.h"

static const alf_trial *chosen(const alf_trial_sweep *sweep, int r, int best)
{
  return best ? sweep->outcome[r].best : sweep->outcome[r].usual;
}

static double rank_of(const alf_trial_sweep *sweep, int r, int best)
{
  double own = alf_trial_max_violation(sweep->instance, chosen(sweep, r, best)), rank = 1;
  for (int other = 0; other < sweep->rules->count; other++) {
    double value = alf_trial_max_violation(sweep->instance, chosen(sweep, other, best));
    rank += value < own ? 1 : value == own && other != r ? 0.5 : 0;
  }
  return rank;
}

static void add_run(alf_trial_line *line, const alf_trial_sweep *sweep, int r, int best)
{
  const alf_trial_instance *instance = sweep->instance;
  const alf_trial *trial = chosen(sweep, r, best);
  bool succeeded = alf_trial_succeeded(trial), reached = succeeded && trial->measures.reached >= 0;
  alf_trial_score_add(&line->score[best], instance->class, alf_trial_max_violation(instance, trial),
                      succeeded ? trial->measures.gap : (double)NAN,
                      (double)(reached ? trial->measures.reached : instance->updates));
  line->rank[best] += rank_of(sweep, r, best);
  line->reached[best] += reached;
}

void alf_trial_summary_add(alf_trial_summary *summary, const alf_trial_sweep *sweep)
{
  summary->instances[sweep->instance->class]++;
  summary->schedules = sweep->schedules;
  for (int s = 0; s < sweep->schedules; s++)
    summary->schedule[s] = sweep->schedule[s];
  for (int r = 0; r < sweep->rules->count; r++) {
    alf_trial_line *line = &summary->line[r];
    const alf_trial_outcome *outcome = &sweep->outcome[r];
    add_run(line, sweep, r, 0);
    add_run(line, sweep, r, 1);
    line->log_range += log(outcome->most_u / outcome->least_u);
    for (int s = 0; s < sweep->schedules; s++)
      line->scheduled[s] += outcome->best->schedule == sweep->schedule[s];
  }
}

static int count_instances(const alf_trial_summary *summary)
{
  int count = 0;
  for (int c = 0; c < ALF_TRIAL_CLASSES; c++)
    count += summary->instances[c];
  return count;
}

/* One half of a line. */
static void print_score(const alf_trial_summary *summary, int r, int best)
{
  const alf_trial_line *line = &summary->line[r];
  for (int c = 0; c <= ALF_TRIAL_CLASSES; c++)
    if (c == ALF_TRIAL_CLASSES || summary->instances[c] > 0)
      alf_trial_print_number(7, 3, alf_trial_score_violation(&line->score[best], c));
  alf_trial_print_number(5, 1, line->rank[best] / count_instances(summary));
  printf(" %3d", line->reached[best]);
  alf_trial_print_number(5, 1, alf_trial_score_steps(&line->score[best]));
  alf_trial_print_number(8, 4, 100 * alf_trial_score_gap(&line->score[best]));
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
  double mean[ALF_TRIAL_RULES];
  for (int r = 0; r < rules; r++)
    mean[r] = alf_trial_score_violation(&summary->line[r].score[1], ALF_TRIAL_CLASSES);
  return alf_trial_place(mean, rules, rule);
}

static void print_rule(const alf_trial_summary *summary, const alf_trial_rules *rules, int r)
{
  const alf_trial_line *line = &summary->line[r];
  char text[ALF_CHOICE_TEXT];
  alf_trial_rule_text(rules->rule[r].rule, rules->rule[r].value[0], text);
  printf("%-22s", text);
  print_score(summary, r, 0);
  printf("  |");
  print_score(summary, r, 1);
  alf_trial_print_number(5, 1, line->log_range / (log(10) * count_instances(summary)));
  printf(" ");
  for (int s = 0, named = 0; s < summary->schedules; s++)
    if (line->scheduled[s] > 0)
      printf("%s %s %d", named++ ? "," : "", summary->schedule[s]->name, line->scheduled[s]);
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
