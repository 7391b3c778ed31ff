/* The claims along an iteration on the first batch of a source: what alflab verify says of one cell. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/verify.h"
#include "measure/input.h"
#include "run/kinds/keys.h"

#define DEFAULT_STEPS  2000
#define LONGEST_SEARCH 100000 /* updates until a limit cycle must have shown itself, unless steps says otherwise */
#define MOST_CLAIMS    64

static const char *const arithmetics[] = {"exact", "float64", NULL};

static const alf_key keys[] = {
    KEY_SOURCE,
    KEY_RULE,
    KEY_SCHEDULE,
    KEY_U,
    KEY_FORMAT,
    KEY_TOPK,
    {"claim", ALF_KEY_CLAIMS, "all", .help = "ID,... judged in one run; all: every claim about one batch"},
    {"steps", ALF_KEY_WHOLE, "0", 0, 1e8,
     .help = "updates; 0: 2000, and on to the limit cycle where there must be one"},
    {"arithmetic", ALF_KEY_CHOICE, "exact", 0, 0, arithmetics, .help = "the numbers of the run"},
    {0}};

typedef struct cell_run {
  const alf_experiment_cell *cell;
  alf_parts parts;
  alf_cell run; /* rule, schedule, u, … */
  const alf_claim *claim[MOST_CLAIMS + 1];
  alf_claim_result result[MOST_CLAIMS];
  int claims;
  unsigned needs;
  alf_source *source;
  alf_affinity raw, batch, real;
  alf_affinity judged; /* a view of batch without its padding: what the instance is about */
  alf_instance instance;
} cell_run;

static void find_claims(cell_run *run)
{
  char id[32];
  const char *rest = alf_setting_text(run->cell, "claim");
  bool all = !strcmp(rest, "all");
  for (int i = 0; all && alf_claims[i] && run->claims < MOST_CLAIMS; i++)
    run->claim[run->claims++] = alf_claims[i];
  while (!all && *rest && run->claims < MOST_CLAIMS) {
    size_t length = strcspn(rest, ",");
    snprintf(id, sizeof id, "%.*s", (int)length, rest);
    run->claim[run->claims++] = alf_claim_find(id);
    rest += length + (rest[length] == ',');
  }
  for (int i = 0; i < run->claims; i++)
    run->needs |= run->claim[i]->needs;
}

static alf_status read_parts(cell_run *run, alf_error *err)
{
  alf_status status = alf_parts_read(&run->parts, run->cell, err);
  if (status != ALF_OK)
    return status;
  run->run = (alf_cell){.rule = run->parts.rule,
                        .schedule = run->parts.schedule,
                        .u = usual_or_given_u(run->cell, run->parts.rule),
                        .rule_values = run->parts.rule_value,
                        .schedule_values = run->parts.schedule_value,
                        .format = &run->parts.format};
  return ALF_OK;
}

static alf_status read_batch(cell_run *run, bool exact, alf_error *err)
{
  alf_status status = alf_cell_source(&run->source, run->cell, err);
  if (status == ALF_OK)
    status = alf_input_next(run->source, &run->raw, ALF_DYADIC, &run->batch, err);
  if (status == ALF_OK && !exact)
    status = alf_affinity_convert(&run->raw, ALF_FLOAT64, &run->real, err);
  int32_t topk = (int32_t)alf_setting_whole(run->cell, "topk");
  if (status == ALF_OK)
    status = alf_format_check(&run->parts.format, run->batch.tokens, run->batch.experts, topk, err);
  run->judged = alf_format_view(&run->parts.format, &run->batch);
  return status;
}

/* H(q) is asked for only under a sign rule with a constant step. */
static alf_status prepare_instance(cell_run *run, alf_error *err)
{
  const alf_family_call *call;
  double crowding = alf_format_step_size(&run->parts.format, run->run.u);
  bool crowded =
      (run->needs & ALF_NEEDS_CROWDING) && run->parts.rule->form == ALF_FORM_SIGN && run->parts.schedule->constant;
  alf_instance_settings settings = {.solve = run->needs & ALF_NEEDS_OPTIMUM,
                                    .crowding_count = crowded,
                                    .step_size = &crowding,
                                    .curvature = run->needs & ALF_NEEDS_CURVATURE,
                                    .family = alf_source_family(run->source, &call)};
  settings.call = settings.family ? call : NULL;
  return alf_instance_prepare(&run->instance, &run->judged, (int32_t)alf_setting_whole(run->cell, "topk"), &settings,
                              err);
}

static void report(const cell_run *run, alf_outcome *outcome)
{
  char name[100];
  alf_outcome_whole(outcome, "tokens", run->judged.tokens);
  alf_outcome_whole(outcome, "experts", run->judged.experts);
  alf_outcome_real(outcome, "step_size", run->run.u);
  alf_outcome_real(outcome, "optimum", run->instance.solved ? run->instance.certificate.objective : (double)NAN);
  alf_outcome_whole(outcome, "updates", run->claims > 0 ? run->result[0].steps : 0);
  for (int c = 0; c < run->claims; c++) {
    const alf_claim_result *r = &run->result[c];
    const char *id = run->claim[c]->id;
    snprintf(name, sizeof name, "%s_verdict", id);
    alf_outcome_text(outcome, name, alf_verdict_name(r->verdict));
    snprintf(name, sizeof name, "%s_margin", id);
    alf_outcome_real(outcome, name, r->margin);
    snprintf(name, sizeof name, "%s_worst_step", id);
    alf_outcome_whole(outcome, name, r->worst_step);
    for (int m = 0; m < r->measures; m++) {
      snprintf(name, sizeof name, "%s_%s", id, r->measure[m].name);
      alf_outcome_real(outcome, name, r->measure[m].value);
    }
    snprintf(name, sizeof name, "%s_reason", id);
    alf_outcome_text(outcome, name, r->reason);
  }
}

static alf_status judge(cell_run *run, bool exact, alf_error *err)
{
  int64_t steps = alf_setting_whole(run->cell, "steps");
  alf_verify_settings settings = {.steps = steps ? steps : DEFAULT_STEPS,
                                  .cycle_steps = steps ? steps : LONGEST_SEARCH,
                                  .exact = exact,
                                  .claims = run->claim};
  alf_status status =
      alf_verify_cell(&run->instance, exact ? &run->batch : &run->real, &run->run, &settings, run->result, err);
  return status == ALF_ERANGE ? ALF_OK : status; /* the results say so */
}

static alf_status run_cell(const alf_experiment_cell *cell, alf_outcome *outcome, alf_error *err)
{
  cell_run run = {.cell = cell};
  bool exact = alf_setting_is(cell, "arithmetic", "exact");
  find_claims(&run);
  alf_status status = read_parts(&run, err);
  if (status == ALF_OK)
    status = read_batch(&run, exact, err);
  if (status == ALF_OK)
    status = prepare_instance(&run, err);
  if (status == ALF_OK)
    status = judge(&run, exact, err);
  if (status == ALF_OK)
    report(&run, outcome);
  alf_instance_free(&run.instance);
  alf_affinity_free(&run.raw);
  alf_affinity_free(&run.batch);
  alf_affinity_free(&run.real);
  alf_source_close(run.source);
  return status;
}

const alf_experiment alf_experiment_verify = {
    .name = "verify",
    .summary =
        "the claims along an iteration on the first batch: verdicts, margins, measures, as alflab verify has them",
    .code = "solvers theory experiments/run/kinds/verify.c",
    .keys = keys,
    .check = alf_cell_check_topk,
    .run = run_cell};
