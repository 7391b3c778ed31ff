/* Training a mixture-of-experts language model with a balancing rule: what alflab train leaves behind. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "moe/gemm.h"
#include "moe/trainer.h"
#include "run/folder.h"
#include "run/kinds/keys.h"

static const char *const config_words[] = {"config", NULL};

static const alf_key keys[] = {
    {"config", ALF_KEY_FILE, NULL, .help = "the .ini of alflab train that all cells start from"},
    KEY_RULE,
    KEY_SCHEDULE,
    KEY_U,
    {"auxiliary", ALF_KEY_REAL, "config", 0, 1e9, config_words,
     .help = "coefficient of the auxiliary loss; config: as the .ini says"},
    {"set", ALF_KEY_TEXT, "none", .help = "SECTION.KEY=VALUE ... over the .ini, blanks between; or none"},
    {"series", ALF_KEY_WHOLE, "10", 0, 1e9, .help = "record every Nth step in the series steps; 0: none"},
    {0}};

static alf_status set_all(alf_moe_config *config, const char *list, alf_error *err)
{
  alf_status status = ALF_OK;
  while (status == ALF_OK && *list) {
    char part[ALF_VALUE_TEXT];
    size_t length = strcspn(list, " ");
    snprintf(part, sizeof part, "%.*s", (int)length, list);
    char *equals = strchr(part, '=');
    if (!equals)
      return alf_fail(err, ALF_EINVAL, "set %.100s: expected SECTION.KEY=VALUE", part);
    *equals = '\0';
    status = alf_moe_config_set(config, part, equals + 1, err);
    list += length + strspn(list + length, " ");
  }
  return status;
}

/* A rule in a file is found from the folder of the experiment's config. */
static alf_status set_balance(alf_moe_config *config, const alf_experiment_cell *cell, alf_error *err)
{
  char rule[ALF_PATH];
  const char *name = alf_setting_text(cell, "rule");
  alf_status status = alf_base_path(alf_rule_is_file(name) ? cell->base : "", name, rule, err);
  if (status == ALF_OK)
    status = alf_moe_config_set(config, "balance.rule", rule, err);
  if (status == ALF_OK)
    status = alf_moe_config_set(config, "balance.schedule", alf_setting_text(cell, "schedule"), err);
  config->u = alf_setting_is(cell, "u", "usual") ? 0 : alf_setting_real(cell, "u");
  if (!alf_setting_is(cell, "auxiliary", "config"))
    config->shape.auxiliary = alf_setting_real(cell, "auxiliary");
  return status;
}

static alf_status read_config(alf_moe_config *config, const alf_experiment_cell *cell, alf_error *err)
{
  char path[ALF_PATH];
  alf_balance_settings balance;
  alf_status status = alf_base_path(cell->base, alf_setting_text(cell, "config"), path, err);
  if (status == ALF_OK)
    status = alf_moe_config_read(config, path, err);
  if (status == ALF_OK && !alf_setting_is(cell, "set", "none"))
    status = set_all(config, alf_setting_text(cell, "set"), err);
  if (status == ALF_OK)
    status = set_balance(config, cell, err);
  if (status == ALF_OK)
    status = alf_moe_check_shape(&config->shape, err);
  config->seed = cell->seed;
  config->traces = 0; /* the folder does not last */
  return status == ALF_OK ? alf_moe_config_balance(config, &balance, err) : status;
}

static alf_status check(const alf_experiment_cell *cell, alf_error *err)
{
  alf_moe_config config;
  return read_config(&config, cell, err);
}

/* Of the layers of one step. */
typedef struct layers {
  double mean_violation, max_violation, entropy, dead, gap, inside, outside, correlation;
} layers;

static layers look_at_layers(const alf_moe_history *h, int64_t step)
{
  layers l = {.max_violation = -1};
  for (int32_t i = 0; i < h->layers; i++) {
    const alf_moe_layer_record *r = &h->layer[step * h->layers + i];
    l.mean_violation += r->max_violation / h->layers;
    l.max_violation = fmax(l.max_violation, r->max_violation);
    l.entropy += r->entropy / h->layers;
    l.dead += r->dead;
    l.gap += r->gap / h->layers;
    l.inside += r->inside / h->layers;
    l.outside += r->outside / h->layers;
    l.correlation += r->correlation / h->layers;
  }
  return l;
}

/* What is kept of the history, which is gone after training. */
typedef struct cell_run {
  int64_t every;
  alf_outcome *outcome;
  int64_t steps;
  double loss, validation;
  double mean_violation, mean_violation_late; /* over all layers and steps; and the second half of them */
  double mean_dead;                           /* over the steps, of all layers together */
  layers last;
} cell_run;

static void put_series(const cell_run *run, const alf_moe_history *h)
{
  alf_outcome_series(run->outcome, "steps",
                     "loss,validation_loss,max_violation,worst_violation,load_entropy,dead_experts,gap,prices_inside,"
                     "price_distance,price_correlation");
  for (int64_t n = 0; n < h->steps; n++) {
    layers l = look_at_layers(h, n);
    bool due = (n + 1) % run->every == 0 || n == 0 || n + 1 == h->steps || !isnan(h->step[n].validation);
    if (due)
      alf_outcome_row(run->outcome, n + 1,
                      (double[]){h->step[n].loss, h->step[n].validation, l.mean_violation, l.max_violation, l.entropy,
                                 l.dead, l.gap, l.inside, l.outside, l.correlation},
                      10);
  }
}

static void take_history(void *opaque, const alf_moe_history *h)
{
  cell_run *run = opaque;
  run->steps = h->steps;
  run->loss = run->validation = NAN;
  for (int64_t n = 0; n < h->steps; n++) {
    run->last = look_at_layers(h, n);
    run->loss = h->step[n].loss;
    run->validation = isnan(h->step[n].validation) ? run->validation : h->step[n].validation;
    run->mean_violation += run->last.mean_violation / (double)h->steps;
    run->mean_dead += run->last.dead / (double)h->steps;
    if (n >= h->steps / 2)
      run->mean_violation_late += run->last.mean_violation / (double)(h->steps - h->steps / 2);
  }
  if (run->every && h->steps > 0)
    put_series(run, h);
}

static void report(const cell_run *run, const alf_moe_config *config, const alf_trainer_result *result, bool diverged)
{
  alf_outcome *outcome = run->outcome;
  alf_outcome_whole(outcome, "parameters", alf_moe_parameters(&config->shape));
  alf_outcome_whole(outcome, "active_parameters", alf_moe_active_parameters(&config->shape));
  alf_outcome_whole(outcome, "updates", run->steps);
  alf_outcome_whole(outcome, "diverged", diverged);
  alf_outcome_real(outcome, "loss", run->loss);
  alf_outcome_real(outcome, "validation_loss", run->validation);
  alf_outcome_real(outcome, "mean_max_violation", run->mean_violation);
  alf_outcome_real(outcome, "mean_max_violation_late", run->mean_violation_late);
  alf_outcome_real(outcome, "max_violation", run->last.mean_violation);
  alf_outcome_real(outcome, "worst_violation", run->last.max_violation);
  alf_outcome_real(outcome, "load_entropy", run->last.entropy);
  alf_outcome_real(outcome, "dead_experts", run->last.dead);
  alf_outcome_real(outcome, "mean_dead_experts", run->mean_dead);
  alf_outcome_text(outcome, "blas_core", alf_gemm_core());
  alf_outcome_real(outcome, "train_seconds", result->seconds);
}

/* A checkpoint of a try that was killed is gone on from. */
static bool has_checkpoint(const char *folder)
{
  char path[ALF_PATH];
  struct stat about;
  return snprintf(path, sizeof path, "%s/checkpoint.bin", folder) < (int)sizeof path && stat(path, &about) == 0;
}

static alf_status run_cell(const alf_experiment_cell *cell, alf_outcome *outcome, alf_error *err)
{
  alf_moe_config config;
  alf_trainer_result result = {0};
  cell_run run = {.every = alf_setting_whole(cell, "series"), .outcome = outcome};
  if (!cell->folder)
    return alf_fail(err, ALF_EUNSUPPORTED, "training needs a folder");
  alf_trainer_settings settings = {.config = &config,
                                   .folder = cell->folder,
                                   .threads = cell->threads,
                                   .resume = has_checkpoint(cell->folder),
                                   .report = take_history,
                                   .context = &run};
  alf_status status = read_config(&config, cell, err);
  if (status == ALF_OK)
    status = alf_folder_make(cell->folder, err);
  if (status == ALF_OK)
    status = alf_train(&settings, &result, err);
  if (status == ALF_EFORMAT && settings.resume) { /* the checkpoint is of no use */
    settings.resume = false;
    status = alf_train(&settings, &result, err);
  }
  bool diverged = status == ALF_ERANGE; /* a result, too */
  if (status == ALF_OK || diverged)
    report(&run, &config, &result, diverged);
  return diverged ? ALF_OK : status;
}

const alf_experiment alf_experiment_train = {
    .name = "train",
    .summary = "training a language model with a rule: validation loss, MaxVio, dead experts, as alflab train has them",
    .code = "solvers experiments/moe experiments/run/kinds/train.c",
    .keys = keys,
    .check = check,
    .run = run_cell};
