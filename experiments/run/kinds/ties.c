/* Tie densities and the modulus of a family: predicted, and measured on fresh tokens in two ways. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/population.h"
#include "alf/regret_target.h"
#include "measure/tie_sample.h"
#include "run/kinds/keys.h"

static const char *const points[] = {"zero", "minimiser", NULL};

static const alf_key keys[] = {
    {"source", ALF_KEY_SOURCE, NULL, .help = "a family whose batches are alike"},
    KEY_TOPK,
    {"at", ALF_KEY_CHOICE, "minimiser", 0, 0, points, .help = "the shift: 0, or p* of the expected dual function"},
    {"reach", ALF_KEY_REAL, "0.004", 1e-9, 1, .help = "affinity; differences are over twice that"},
    {"tokens", ALF_KEY_WHOLE, "1000000", 1, 1e12, .help = "of each measurement, at least"},
    {0}};

typedef struct cell_run {
  const alf_experiment_cell *cell;
  alf_source *source;
  const alf_family *family;
  const alf_family_call *call;
  int32_t topk;
  alf_regret_target target;
  alf_population *population; /* NULL: its densities are not known */
  alf_population_point point;
  alf_tie_sample sample;
  alf_outcome *outcome;
} cell_run;

static alf_status open_family(cell_run *run, alf_error *err)
{
  alf_status status = alf_cell_source(&run->source, run->cell, err);
  if (status != ALF_OK)
    return status;
  run->topk = (int32_t)alf_setting_whole(run->cell, "topk");
  run->family = alf_source_family(run->source, &run->call);
  if (!run->family || !run->family->stationary)
    return alf_fail(err, ALF_EINVAL, "source = %.300s: expected a family whose batches are alike",
                    alf_setting_text(run->cell, "source"));
  return ALF_OK;
}

static alf_status find_shift(cell_run *run, alf_error *err)
{
  alf_status status = alf_regret_target_find(&run->target, alf_setting_text(run->cell, "source"), run->cell->seed,
                                             run->topk, NULL, err);
  if (status == ALF_OK && alf_setting_is(run->cell, "at", "zero"))
    memset(run->target.shift, 0, (size_t)run->target.experts * sizeof *run->target.shift);
  return status;
}

/* Where densities are known, by quadrature. */
static alf_status predict(cell_run *run, alf_error *err)
{
  if (!run->target.by_quadrature)
    return ALF_OK;
  alf_status status = alf_population_alloc(&run->population, run->family, run->call, run->topk, err);
  if (status == ALF_OK)
    run->point = alf_population_evaluate(run->population, run->target.shift, true, ALF_POPULATION_ORDER);
  return status;
}

static alf_status measure(cell_run *run, alf_error *err)
{
  alf_tie_settings settings = {.family = run->family,
                               .call = run->call,
                               .topk = run->topk,
                               .step = alf_setting_real(run->cell, "reach"),
                               .tokens = alf_setting_whole(run->cell, "tokens")};
  return alf_tie_sample_take(&run->sample, &settings, run->target.shift, err);
}

/* Where it is not known, h is taken to be the density of pairs that nearly tie. */
static alf_status predicted_tie(const cell_run *run, int32_t k, int32_t l, alf_interval *h, alf_error *err)
{
  if (!run->population)
    return alf_tie_sample_density(&run->sample, ALF_TIES_BY_NEARNESS, k, l, h, err);
  double exact = run->point.tie[k * run->sample.experts + l];
  *h = (alf_interval){exact, exact, exact};
  return ALF_OK;
}

static alf_status predicted_modulus(const cell_run *run, alf_interval *modulus, alf_error *err)
{
  if (!run->population)
    return alf_tie_sample_modulus(&run->sample, ALF_TIES_BY_NEARNESS, ALF_TIES_BY_GRADIENTS, modulus, err);
  alf_status status = alf_laplacian_modulus(run->point.tie, run->sample.experts, &modulus->value, err);
  modulus->low = modulus->high = modulus->value;
  return status;
}

/* The series "ties": k·E + l as step. */
static alf_status put_ties(const cell_run *run, alf_error *err)
{
  alf_outcome_series(run->outcome, "ties",
                     "predicted,predicted_low,predicted_high,gradients,gradients_low,gradients_high,"
                     "second,second_low,second_high");
  for (int32_t k = 0; k < run->sample.experts; k++)
    for (int32_t l = k + 1; l < run->sample.experts; l++) {
      alf_interval h[3];
      alf_status status = predicted_tie(run, k, l, &h[0], err);
      if (status == ALF_OK)
        status = alf_tie_sample_density(&run->sample, ALF_TIES_BY_GRADIENTS, k, l, &h[1], err);
      if (status == ALF_OK)
        status = alf_tie_sample_density(&run->sample, ALF_TIES_BY_SECOND_DIFFERENCES, k, l, &h[2], err);
      if (status != ALF_OK)
        return status;
      double row[] = {h[0].value, h[0].low,   h[0].high, h[1].value, h[1].low,
                      h[1].high,  h[2].value, h[2].low,  h[2].high};
      alf_outcome_row(run->outcome, k * run->sample.experts + l, row, 9);
    }
  return ALF_OK;
}

static void put_interval(const cell_run *run, const char *name, const alf_interval *i)
{
  char low[64], high[64];
  snprintf(low, sizeof low, "%s_low", name);
  snprintf(high, sizeof high, "%s_high", name);
  alf_outcome_real(run->outcome, name, i->value);
  alf_outcome_real(run->outcome, low, i->low);
  alf_outcome_real(run->outcome, high, i->high);
}

static alf_status report(const cell_run *run, alf_error *err)
{
  alf_interval predicted, gradients, second;
  const alf_tie_sample *s = &run->sample;
  alf_status status = predicted_modulus(run, &predicted, err);
  if (status == ALF_OK)
    status = alf_tie_sample_modulus(s, ALF_TIES_BY_GRADIENTS, ALF_TIES_BY_SECOND_DIFFERENCES, &gradients, err);
  if (status == ALF_OK)
    status = alf_tie_sample_modulus(s, ALF_TIES_BY_SECOND_DIFFERENCES, ALF_TIES_BY_GRADIENTS, &second, err);
  if (status != ALF_OK)
    return status;
  alf_outcome_whole(run->outcome, "experts", s->experts);
  alf_outcome_whole(run->outcome, "quadrature", run->population != NULL);
  alf_outcome_whole(run->outcome, "tokens_seen", s->tokens);
  put_interval(run, "modulus", &predicted); /* one token's: μ/T */
  put_interval(run, "by_gradients", &gradients);
  put_interval(run, "by_second_differences", &second);
  return put_ties(run, err);
}

static alf_status run_cell(const alf_experiment_cell *cell, alf_outcome *outcome, alf_error *err)
{
  cell_run run = {.cell = cell, .outcome = outcome};
  alf_status status = open_family(&run, err);
  if (status == ALF_OK)
    status = find_shift(&run, err);
  if (status == ALF_OK)
    status = predict(&run, err);
  if (status == ALF_OK)
    status = measure(&run, err);
  if (status == ALF_OK)
    status = report(&run, err);
  alf_tie_sample_free(&run.sample);
  alf_population_free(run.population);
  alf_regret_target_free(&run.target);
  alf_source_close(run.source);
  return status;
}

const alf_experiment alf_experiment_ties = {
    .name = "ties",
    .summary =
        "tie densities and modulus of a family: predicted, and measured on fresh tokens in two ways; series ties",
    .code = "solvers theory experiments/measure experiments/run/kinds/ties.c",
    .keys = keys,
    .check = alf_cell_check_topk,
    .run = run_cell};
