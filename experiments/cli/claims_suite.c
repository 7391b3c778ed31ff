#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/catalogue.h"
#include "cli/claims.h"
#include "cli/demo.h"
#include "cli/interrupt.h"
#include "cli/regret.h"
#include "cli/verifier.h"

/* The suite. theory/README.md has its verdicts: after a change here, `alflab claims --out theory/README.md`. */
enum {
  TOKENS = 256, /* of a family's batch */
  EXPERTS = 8,
  TOPK = 2,
  ROUTER_TOPK = 6,
  STEPS = 60,
  ONLINE_TOKENS = 16,
  ONLINE_BATCHES = 200,
  ONLINE_RUNS = 8
};

#define RULES            "sign,proportional"
#define SCHEDULES        "constant,1/sqrt(n)"
#define STEP_SIZES       "1e-3,1e-2"
#define ONLINE_SCHEDULES "1/n,1/sqrt(n),constant"
#define ONLINE_STEP_SIZE "1e-3" /* where mu is not known */

/* Every family with its defaults, and these. */
static const char *const variants[] = {"adversarial:kind=1", "adversarial:kind=2", "adversarial:kind=3",
                                       "adversarial:kind=4"};

/* Of experiments/data. */
static const struct trace {
  const char *name;
  bool online; /* its batches are those of a training run, in order */
} traces[] = {{"router_sign_step200.npy", false},
              {"router_unbalanced_step160.npy", false},
              {"router_start_layer0.npy", false},
              {"router_sign_stream_layer1.npy", true}};

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

void alf_cli_claims_describe(FILE *out, const alf_cli_options *options)
{
  fprintf(
      out,
      "C1 to C8: one batch of each family, %d tokens, %d experts, K = %d, seed %lld, other parameters at their "
      "defaults; and\n"
      "every batch of the traces in experiments/data, K = %d. Rules `%s`, schedules `%s`,\n"
      "u = `%s`: 8 runs a batch, in exact arithmetic, of %d updates each, and on to the limit cycle for constant sign\n"
      "steps. C5 and C8 are about the batch and have one verdict for all runs.\n\n",
      TOKENS, EXPERTS, TOPK, (long long)options->seed, ROUTER_TOPK, RULES, SCHEDULES, STEP_SIZES, STEPS);
  fprintf(
      out,
      "C9 and C10: %d runs of %d fresh batches of %d tokens, for families whose densities are known or whose batches\n"
      "change; the recorded stream once. Rules `%s`, schedules `%s`, u = 1/μ, or\n"
      "`%s` where batches change. C9 has a verdict for each rule and schedule, C10 one for all runs.\n",
      ONLINE_RUNS, ONLINE_BATCHES, ONLINE_TOKENS, RULES, ONLINE_SCHEDULES, ONLINE_STEP_SIZE);
}

/* The suite at work. */
typedef struct suite {
  alf_cli_claims *claims;
  const alf_cli_options *options;
  int offline; /* how many of the claims are watched along an iteration */
  alf_cli_claims_row *row;
} suite;

static void add(alf_cli_tally *tally, alf_verdict verdict, double margin)
{
  bool judged = verdict == ALF_HOLDS || verdict == ALF_REFUTED;
  tally->count[verdict]++;
  if (!judged || !isfinite(margin))
    return;
  tally->margin = tally->measured ? fmin(tally->margin, margin) : margin;
  tally->measured = true;
}

int alf_cli_tally_total(const alf_cli_tally *tally)
{
  int total = 0;
  for (int v = ALF_HOLDS; v <= ALF_INCONCLUSIVE; v++)
    total += tally->count[v];
  return total;
}

alf_verdict alf_cli_tally_verdict(const alf_cli_tally *tally)
{
  static const alf_verdict order[] = {ALF_REFUTED, ALF_INCONCLUSIVE, ALF_HOLDS};
  for (int i = 0; i < COUNT(order); i++)
    if (tally->count[order[i]])
      return order[i];
  return ALF_HYPOTHESIS_NOT_MET;
}

void alf_cli_tally_join(alf_cli_tally *sum, const alf_cli_tally *tally)
{
  for (int v = ALF_HOLDS; v <= ALF_INCONCLUSIVE; v++)
    sum->count[v] += tally->count[v];
  if (tally->measured)
    sum->margin = sum->measured ? fmin(sum->margin, tally->margin) : tally->margin;
  sum->measured = sum->measured || tally->measured;
}

static void take_batch(void *opaque, const alf_cli_verdicts *v)
{
  suite *s = opaque;
  for (int claim = 0; claim < v->grid->claims; claim++)
    for (int cell = 0; cell < v->grid->cells; cell++) {
      const alf_claim_result *result = &v->result[cell * v->grid->claims + claim];
      if (alf_cli_is_reported(v->grid, cell, claim))
        add(&s->row->tally[claim], result->verdict, result->margin);
    }
}

static alf_status watch(suite *s, const char *input, int topk, alf_error *err)
{
  alf_cli_options options = *s->options;
  alf_cli_verifier verifier = {0};
  options.topk = topk;
  options.rule = RULES;
  options.schedule = SCHEDULES;
  options.step_sizes = STEP_SIZES;
  alf_status status = alf_cli_verifier_prepare(&verifier, &options, err);
  verifier.settings.steps = STEPS; /* constant sign steps go on to their cycle */
  if (status == ALF_OK)
    status = alf_cli_verify_input(&verifier, input, take_batch, s, err);
  alf_cli_verifier_free(&verifier);
  return status;
}

/* C9 where batches are alike; C10. Batches that change have no p*, which C9 is about. */
static void take_runs(suite *s, const alf_cli_regret_run *run)
{
  alf_cli_tally *c9 = &s->row->tally[s->offline], *c10 = c9 + 1;
  for (int c = 0; c < run->cells.count; c++)
    if (run->regret.expected)
      add(c9, run->row[c].bound.verdict, run->row[c].bound.margin);
    else
      add(c9, ALF_HYPOTHESIS_NOT_MET, NAN);
  add(c10, run->hindsight.verdict, run->hindsight.margin);
}

static alf_status run_online(suite *s, const char *input, int topk, bool alike, alf_error *err)
{
  alf_cli_options options = *s->options;
  alf_cli_regret_run run;
  options.topk = topk;
  options.rule = RULES;
  options.schedule = ONLINE_SCHEDULES;
  options.step_sizes = alike ? "1/mu" : ONLINE_STEP_SIZE;
  options.widths = "0";
  options.steps = ONLINE_BATCHES;
  options.repetitions = ONLINE_RUNS;
  options.hindsight = true;
  alf_status status = alf_cli_regret_prepare(&run, &options, input, err);
  run.settings.dynamic = true; /* C10 compares with the optima of the batches */
  if (status == ALF_OK)
    status = alf_cli_regret_do(&run, err);
  if (status == ALF_OK)
    take_runs(s, &run);
  alf_cli_regret_free(&run);
  return status;
}

static void next_row(suite *s, const char *name)
{
  s->row = &s->claims->row[s->claims->rows++];
  snprintf(s->row->name, sizeof s->row->name, "%s", name);
}

/* A family's name, perhaps with parameters. */
static alf_status do_family(suite *s, const char *name, alf_error *err)
{
  char input[128], only[64];
  char separator = strchr(name, ':') ? ',' : ':';
  snprintf(only, sizeof only, "%.*s", (int)strcspn(name, ":"), name);
  const alf_family *family = alf_family_find(only);
  next_row(s, name);
  snprintf(input, sizeof input, "%s%cT=%d,E=%d", name, separator, TOKENS, EXPERTS);
  alf_status status = watch(s, input, TOPK, err);
  bool alike = family->marginal != NULL;
  if (status != ALF_OK || !(alike || !family->stationary))
    return status;
  snprintf(input, sizeof input, "%s%cT=%d,E=%d", name, separator, ONLINE_TOKENS, EXPERTS);
  return run_online(s, input, TOPK, alike, err);
}

static alf_status do_trace(suite *s, const struct trace *trace, alf_error *err)
{
  char path[ALF_DEMO_PATH];
  next_row(s, trace->name);
  alf_status status = alf_demo_data_path(trace->name, path, err);
  if (status == ALF_OK)
    status = watch(s, path, ROUTER_TOPK, err);
  return status == ALF_OK && trace->online ? run_online(s, path, ROUTER_TOPK, false, err) : status;
}

static int count_families(void)
{
  int families = 0;
  while (alf_families[families])
    families++;
  return families;
}

static alf_status alloc(suite *s, alf_error *err)
{
  alf_cli_claims *claims = s->claims;
  size_t rows = (size_t)(count_families() + COUNT(variants) + COUNT(traces));
  while ((claims->claim[claims->claims] = alf_cli_claim_at(claims->claims)))
    claims->claims++;
  while (alf_claims[s->offline])
    s->offline++;
  claims->row = calloc(rows, sizeof *claims->row);
  return claims->row ? ALF_OK : alf_fail_memory(err, rows * sizeof *claims->row);
}

alf_status alf_cli_claims_run(alf_cli_claims *claims, const alf_cli_options *options, alf_error *err)
{
  suite s = {.claims = claims, .options = options};
  alf_status status = alloc(&s, err);
  for (int i = 0; status == ALF_OK && alf_families[i]; i++)
    status = do_family(&s, alf_families[i]->name, err);
  for (int i = 0; status == ALF_OK && i < COUNT(variants); i++)
    status = do_family(&s, variants[i], err);
  for (int i = 0; status == ALF_OK && i < COUNT(traces); i++)
    status = do_trace(&s, &traces[i], err);
  if (status == ALF_OK && alf_cli_interrupted())
    status = alf_fail(err, ALF_EINTERRUPTED, "interrupted");
  return status;
}

void alf_cli_claims_free(alf_cli_claims *claims)
{
  free(claims->row);
  *claims = (alf_cli_claims){0};
}
