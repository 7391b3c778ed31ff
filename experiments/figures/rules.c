#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figures/producers.h"
#include "trial/scores.h"

/* How each rule did by default (0) and at its best (1), in the order in which the cells name them. */
typedef struct standings {
  const alf_figure_data *data;
  int rules;
  const char **rule;
  alf_trial_score (*score)[2];
} standings;

static int rule_of(standings *s, const char *name)
{
  int r = 0;
  while (r < s->rules && strcmp(s->rule[r], name))
    r++;
  s->rule[r] = name;
  s->rules += r == s->rules;
  return r;
}

static alf_trial_class class_of(const alf_result *cell)
{
  const char *name = alf_figure_text(cell, "class");
  int c = 0;
  while (c < ALF_TRIAL_CLASSES - 1 && strcmp(alf_trial_class_names[c], name))
    c++;
  return (alf_trial_class)c;
}

static void add(alf_trial_score *score, const alf_result *cell, bool best)
{
  double reached = alf_result_real(cell, best ? "best_reached" : "default_reached");
  alf_trial_score_add(score, class_of(cell), alf_result_real(cell, best ? "best_violation" : "default_violation"),
                      alf_result_real(cell, best ? "best_gap" : "default_gap"),
                      isnan(reached) ? alf_result_real(cell, "updates") : reached);
}

static void put(FILE *csv, const char *panel, const char *which, const char *rule, double x, double y)
{
  char name[40];
  snprintf(name, sizeof name, "%s %s", panel, which);
  alf_figure_point(csv, name, rule, x, y);
}

/* The crosses, one for each instance. */
static void put_cell(FILE *csv, standings *s, const alf_result *cell)
{
  int r = rule_of(s, alf_figure_text(cell, "rule"));
  double violation = alf_result_real(cell, "best_violation");
  add(&s->score[r][0], cell, false);
  add(&s->score[r][1], cell, true);
  put(csv, alf_figure_text(cell, "class"), "each", s->rule[r], fmax(violation, ALF_TRIAL_LEAST), 0);
}

/* y is the row: the place by the mean at the best over all instances. */
static void put_means(FILE *csv, const standings *s, int r, const double *mean)
{
  static const char *const which[] = {"default", "best"};
  double place = alf_trial_place(mean, s->rules, r);
  for (int best = 0; best < 2; best++) {
    const alf_trial_score *score = &s->score[r][best];
    for (int c = 0; c < ALF_TRIAL_CLASSES; c++)
      put(csv, alf_trial_class_names[c], which[best], s->rule[r], alf_trial_score_violation(score, c), place);
    put(csv, "gap", which[best], s->rule[r], alf_trial_score_gap(score), place);
    put(csv, "reached", which[best], s->rule[r], alf_trial_score_steps(score), place);
  }
}

static void put_all(FILE *csv, standings *s, double *mean)
{
  alf_figure_header(csv);
  for (int64_t c = 0; c < s->data->results->cells; c++)
    put_cell(csv, s, &s->data->results->cell[c]);
  for (int r = 0; r < s->rules; r++)
    mean[r] = alf_trial_score_violation(&s->score[r][1], ALF_TRIAL_CLASSES);
  for (int r = 0; r < s->rules; r++)
    put_means(csv, s, r, mean);
}

alf_status alf_figure_write_rules(FILE *csv, const alf_figure_data *data, alf_error *err)
{
  size_t most = (size_t)data->results->cells;
  standings s = {data, 0, calloc(most, sizeof *s.rule), calloc(most, sizeof *s.score)};
  double *mean = calloc(most, sizeof *mean);
  bool had = s.rule && s.score && mean;
  if (had)
    put_all(csv, &s, mean);
  free(s.rule);
  free(s.score);
  free(mean);
  return had ? ALF_OK : alf_fail_memory(err, most * sizeof *s.score);
}
