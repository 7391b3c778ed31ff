#include "bench/trial_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void alf_trial_print_legend(void)
{
  printf(
      "Single precision. Each rule by default (its usual u, constant schedule), and at its best of all u, schedules\n"
      "and own parameters tried: the least MaxVio, which is the mean of max load / L - 1 over the second half. Of the\n"
      "last tenth: end, its mean, worst, its largest, and swaps, the share of the slots that change hands in an "
      "update.\n"
      "from: updates until the mean of %d iterates is at most the threshold. lost: what the routing has less than the\n"
      "certified optimum (below 0 where imbalance pays); gap: D(p) - optimum; both over the second half, in %% of it.\n"
      "u's: from..to around the best u where MaxVio is at most 1.5 times as large, plus 0.01.\n",
      ALF_TRIAL_WINDOW);
}

void alf_trial_rule_text(const alf_rule *rule, const double *values, char text[ALF_CHOICE_TEXT])
{
  alf_choice_print(rule->name, rule->parameters, values, text);
}

void alf_trial_print_number(int width, int digits, double value)
{
  bool zero = fabs(value) < 0.5 * pow(10, -digits); /* without a sign then */
  if (isfinite(value))
    printf(" %*.*f", width, digits, zero ? 0 : value);
  else
    printf(" %*s", width, "-");
}

/* Those of both halves of a line. */
static void print_measures(const alf_trial *trial)
{
  alf_trial_measures m = trial->measures;
  if (!alf_trial_succeeded(trial)) {
    printf(" %7s %7s %7s %5s %7s %7s %6s", "failed", "-", "-", "-", "-", "-", "-");
    return;
  }
  alf_trial_print_number(7, 3, m.mean);
  alf_trial_print_number(7, 3, m.end);
  alf_trial_print_number(7, 3, m.worst);
  if (m.reached < 0)
    printf(" %5s", "never");
  else
    printf(" %5" PRId64, m.reached);
  alf_trial_print_number(7, 3, 100 * m.lost);
  alf_trial_print_number(7, 3, 100 * m.gap);
  alf_trial_print_number(6, 2, 100 * m.swaps);
}

static void print_rule(const alf_trial_sweep *sweep, int r)
{
  const alf_trial_outcome *outcome = &sweep->outcome[r];
  const alf_trial *best = outcome->best;
  char text[ALF_CHOICE_TEXT], range[40];
  alf_trial_rule_text(best->rule, sweep->rules->rule[r].value[0], text);
  printf("%-22s %7.3g", text, outcome->usual->u);
  print_measures(outcome->usual);
  printf("  |");
  print_measures(best);
  snprintf(range, sizeof range, "%.3g..%.3g", outcome->least_u, outcome->most_u);
  alf_trial_rule_text(best->rule, best->rule_values, text);
  printf(" %7.3g  %-15s %s%s%s\n", best->u, range, best->schedule->name, strchr(text, '[') ? " " : "",
         strchr(text, '[') ? strchr(text, '[') : "");
}

static void print_formats(const alf_trial_sweep *sweep, int best)
{
  printf("\n%s: MaxVio with a format, divided by that without, 0.01 added to both\n\n%-22s",
         best ? "at its best" : "by default", "rule");
  for (int f = 0; f < ALF_TRIAL_FORMATS; f++)
    printf(" %8s", alf_trial_format_names[f]);
  putchar('\n');
  for (int r = 0; r < sweep->rules->count; r++) {
    const alf_trial_outcome *outcome = &sweep->outcome[r];
    const alf_trial *plain = best ? outcome->best : outcome->usual;
    char text[ALF_CHOICE_TEXT];
    alf_trial_rule_text(plain->rule, plain->rule_values, text);
    printf("%-22s", text);
    for (int f = 0; f < ALF_TRIAL_FORMATS; f++) {
      const alf_trial *trial = &outcome->formatted[best][f];
      bool known = alf_trial_succeeded(trial) && alf_trial_succeeded(plain);
      alf_trial_print_number(8, 2, known ? (trial->measures.mean + 0.01) / (plain->measures.mean + 0.01) : (double)NAN);
    }
    putchar('\n');
  }
}

static void print_format_legend(int64_t tokens)
{
  printf("\nFormats:");
  for (int f = 0; f < ALF_TRIAL_FORMATS; f++) {
    char text[ALF_CHOICE_TEXT];
    alf_trial_format_text(f, tokens, text);
    printf("%s %s", f ? ";" : "", text);
  }
  putchar('\n');
}

void alf_trial_print_instance(const alf_trial_sweep *sweep)
{
  const alf_trial_instance *instance = sweep->instance;
  printf("\n%s, K = %d: %s, %" PRId64 " updates, threshold %.3f\n\n", instance->name, (int)instance->topk,
         instance->class == ALF_TRIAL_BATCH ? "one batch, repeated" : "batches in turn", instance->updates,
         instance->threshold);
  printf("%-22s %7s %7s %7s %7s %5s %7s %7s %6s  | %7s %7s %7s %5s %7s %7s %6s %7s  %-15s %s\n", "rule", "u", "MaxVio",
         "end", "worst", "from", "lost %", "gap %", "swap %", "MaxVio", "end", "worst", "from", "lost %", "gap %",
         "swap %", "best u", "u's", "schedule");
  for (int r = 0; r < sweep->rules->count; r++)
    print_rule(sweep, r);
  if (instance->formats) {
    print_format_legend(instance->batch[0].tokens);
    print_formats(sweep, 0);
    print_formats(sweep, 1);
  }
  fflush(stdout);
}
