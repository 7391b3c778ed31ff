#include "measure/regret_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/number.h"

alf_regret_extent alf_regret_find_extent(const alf_source *source, int64_t steps, int64_t repetitions)
{
  const alf_family_call *call;
  bool file = !alf_source_family(source, &call);
  int64_t batches = alf_source_describe(source)->batches;
  return (alf_regret_extent){.steps = file && batches > 1 && batches < steps ? batches : steps,
                             .repetitions = file ? 1 : repetitions,
                             .repeated = file && batches == 1};
}

/* What a step of u slots is in the unit of a rule. */
static double unit_of(const alf_rule *rule, const alf_regret_target *t, int32_t topk)
{
  if (rule->form == ALF_FORM_PROPORTIONAL)
    return rule->fractions ? topk * (double)t->tokens : 1;
  return alf_load_deviation(t->tokens, t->experts, topk);
}

alf_status alf_regret_step_size(const char *text, const alf_rule *rule, const alf_regret_target *t, int32_t topk,
                                double *u, alf_error *err)
{
  char number[64];
  size_t length = strlen(text);
  bool multiple = length > 3 && strcmp(text + length - 3, "/mu") == 0;
  if (length >= sizeof number)
    return alf_fail(err, ALF_EINVAL, "%s: expected a number or a multiple of 1/mu (2/mu)", text);
  strcpy(number, text);
  if (multiple)
    number[length - 3] = '\0';
  if (alf_parse_real(number, "", u, NULL) != ALF_OK || !(*u > 0) || *u > 1e15)
    return alf_fail(err, ALF_EINVAL, "%s: expected a positive number or a multiple of 1/mu (2/mu)", text);
  if (multiple && !(t->modulus > 0))
    return alf_fail(err, ALF_EINVAL, "%s: mu is not known of this input, expected a number", text);
  if (multiple)
    *u *= unit_of(rule, t, topk) / t->modulus;
  return ALF_OK;
}

/* Dynamic regret a batch between two checkpoints. */
static alf_status rate_between(const alf_regret *regret, int c, int64_t from, int64_t to, alf_interval *rate,
                               alf_error *err)
{
  double *own = malloc((size_t)regret->repetitions * sizeof *own);
  if (!own)
    return alf_fail(err, ALF_ENOMEM, "out of memory");
  for (int64_t r = 0; r < regret->repetitions; r++) {
    const double *curve = regret->dynamic + (c * regret->repetitions + r) * regret->checkpoints;
    double before = from >= 0 ? curve[from] : 0;
    int64_t batches = regret->batches[to] - (from >= 0 ? regret->batches[from] : 0);
    own[r] = (curve[to] - before) / (double)batches;
  }
  alf_status status = alf_bootstrap_mean(own, regret->repetitions, rate, err);
  free(own);
  return status;
}

/* The first and the last tenth of the batches, as far as checkpoints lie there. */
static alf_status measure_rates(const alf_regret *regret, int c, alf_regret_row *row, alf_error *err)
{
  int64_t last = regret->checkpoints - 1, total = regret->batches[last], early = 0, late = last - 1;
  while (early + 1 < last && regret->batches[early] < total / 10)
    early++;
  while (late > 0 && regret->batches[late] > total - total / 10)
    late--;
  alf_status status = rate_between(regret, c, -1, early, &row->early, err);
  return status == ALF_OK ? rate_between(regret, c, late, last, &row->late, err) : status;
}

static const double *curve_of(const alf_regret *regret, int c)
{
  return (regret->expected ? regret->expected : regret->dynamic) + c * regret->repetitions * regret->checkpoints;
}

alf_status alf_regret_row_measure(const alf_regret *g, const alf_regret_settings *settings,
                                  const alf_regret_target *target, int c, alf_regret_row *row, alf_error *err)
{
  alf_growth_data data = {curve_of(g, c), g->repetitions, g->checkpoints, g->batches};
  int64_t from = settings->steps >= 1000 ? settings->steps / 100 : settings->steps / 10;
  alf_status status = alf_growth_fit(&data, from, &row->growth, err);
  if (status == ALF_OK && g->expected)
    status = alf_regret_judge(g, settings, c, target, &row->growth, &row->bound, err);
  if (status == ALF_OK && g->hindsight)
    status = alf_bootstrap_mean(g->hindsight + c * g->repetitions, g->repetitions, &row->hindsight, err);
  return status == ALF_OK && g->dynamic ? measure_rates(g, c, row, err) : status;
}

alf_status alf_regret_curve(const alf_regret *g, int c, int64_t j, alf_interval *mean, alf_error *err)
{
  double *own = malloc((size_t)g->repetitions * sizeof *own);
  if (!own)
    return alf_fail(err, ALF_ENOMEM, "out of memory");
  for (int64_t run = 0; run < g->repetitions; run++)
    own[run] = curve_of(g, c)[run * g->checkpoints + j];
  alf_status status = alf_bootstrap_mean(own, g->repetitions, mean, err);
  free(own);
  return status;
}
