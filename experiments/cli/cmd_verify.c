#include <stdio.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/verifier.h"
#include "cli/verify_hunt.h"

typedef struct verify_run {
  const alf_cli_options *options;
  alf_cli_verifier verifier;
  alf_cli_totals totals;
  json_t *list; /* --json only */
} verify_run;

static void report(void *opaque, const alf_cli_verdicts *verdicts)
{
  verify_run *run = opaque;
  alf_cli_totals_add(&run->totals, verdicts, verdicts->source);
  if (run->options->json)
    alf_cli_append_verdicts(&run->list, verdicts);
  else
    alf_cli_print_verdicts(verdicts);
}

static alf_status verify_inputs(verify_run *run, alf_error *err)
{
  const alf_cli_options *o = run->options;
  alf_status status = ALF_OK;
  for (int i = 0; status == ALF_OK && i < o->arguments; i++)
    status = alf_cli_verify_input(&run->verifier, o->argument[i], report, run, err);
  for (int i = 0; o->arguments == 0 && status == ALF_OK && alf_cli_built_in[i]; i++)
    status = alf_cli_verify_input(&run->verifier, alf_cli_built_in[i], report, run, err);
  return status;
}

static alf_status print_total(verify_run *run, alf_error *err)
{
  const int *count = run->totals.count;
  if (run->options->json) {
    json_t *object = json_object();
    alf_cli_json_set(&object, "claims", run->list);
    run->list = NULL;
    return alf_cli_print_json(object, err);
  }
  if (run->totals.batches > 1) {
    printf("All %d batches\n\n", run->totals.batches);
    alf_cli_totals_print(&run->totals);
    putchar('\n');
  }
  printf("%d hold, %d refuted, %d hypothesis not met, %d inconclusive\n", count[ALF_HOLDS], count[ALF_REFUTED],
         count[ALF_HYPOTHESIS_NOT_MET], count[ALF_INCONCLUSIVE]);
  return ALF_OK;
}

static int verify(const alf_cli_options *options, alf_error *err)
{
  if (options->replay)
    return alf_cli_replay(options, err);
  if (options->hunt > 0)
    return alf_cli_hunt(options, err);
  if (options->topk == 0)
    return alf_cli_exit_code(
        alf_fail(err, ALF_EINVAL, "--topk is missing: expected --topk K, experts per token, below their number"));
  verify_run run = {.options = options, .list = options->json ? json_array() : NULL};
  alf_status status = alf_cli_verifier_prepare(&run.verifier, options, err);
  if (status == ALF_OK)
    status = verify_inputs(&run, err);
  if (status == ALF_OK || status == ALF_EINTERRUPTED) {
    alf_error ignored;
    alf_status printed = print_total(&run, status == ALF_OK ? err : &ignored);
    status = status == ALF_OK ? printed : status;
  }
  int code = alf_cli_exit_code(status);
  if (status == ALF_OK && run.totals.count[ALF_REFUTED])
    code = ALF_CLI_REFUTED;
  else if (status == ALF_OK && run.totals.count[ALF_INCONCLUSIVE])
    code = ALF_CLI_FAILED;
  json_decref(run.list);
  alf_cli_verifier_free(&run.verifier);
  return code;
}

const alf_cli_command alf_cli_command_verify = {
    .name = "verify",
    .summary = "Check the claims of the theory along the iteration",
    .arguments = "[INPUT...]",
    .fewest = 0,
    .most = 1000,
    .details =
        "Claims, rules, schedules and step sizes take comma lists; every combination is a cell, run on every "
        "batch of every INPUT as a fixed batch. Without INPUT the synthetic families are verified. A sign rule "
        "with a constant step runs on to its limit cycle (at most 100000 updates) unless --steps is given. --hunt "
        "draws instances, K, step sizes and p^0 itself, in exact arithmetic, and climbs down the margin; tried: "
        "instances, judged: those that met the hypotheses. It takes false claims, too (alflab list "
        "false_claims). What it finds is made as small as it goes; --replay needs --rule only for a rule in a "
        "file.",
    .run = verify,
};
