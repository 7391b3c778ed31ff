#include "cli/verify_hunt.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verify.h"
#include "cli/witness.h"

/* The time for one claim. */
typedef struct clock {
  double end;
  alf_cli_progress progress;
  double start;
} clock;

static bool is_over(void *opaque)
{
  clock *c = opaque;
  double now = alf_cli_seconds();
  alf_cli_progress_tick(&c->progress, (int64_t)(now - c->start));
  return now >= c->end || alf_cli_interrupted();
}

/* Every rule is one of which C3 is true without being told what steps are like. */
static bool is_plain(const alf_cli_grid *grid)
{
  bool plain = true;
  for (int c = 0; c < grid->cells; c++)
    plain = plain && (grid->cell[c].rule->form == ALF_FORM_SIGN || grid->cell[c].rule->form == ALF_FORM_PROPORTIONAL);
  return plain;
}

/* NULL, or why a hunt would be in vain: the verdicts are statistical, or about a batch of its family; or what is false
   about the claim shows under other rules only. */
static const char *why_not(const alf_cli_grid *grid, const alf_claim *claim)
{
  if (claim->needs & ALF_NEEDS_CURVATURE)
    return "it is about a family, not about an instance";
  if (claim->falsehood && claim->falsehood->any_rule && is_plain(grid))
    return "it is true of these rules: expected one with momentum, --rule smebu";
  return NULL;
}

static alf_status write_witness(const alf_cli_options *o, const alf_claim *claim, const alf_hunt_result *r, char *path,
                                size_t size, alf_error *err)
{
  alf_cli_witness witness = {claim, r->witness, r->result.verdict, r->result.margin, r->result.worst_step};
  if (snprintf(path, size, "%s/witness-%s.json", o->witness, claim->id) >= (int)size)
    return alf_fail(err, ALF_EINVAL, "--witness %.100s…: the name is too long", o->witness);
  return alf_cli_witness_write(&witness, path, err);
}

static json_t *to_json(const alf_claim *claim, const alf_hunt_result *r, const char *path, double seconds)
{
  return json_pack("{ss sI sI so sb so so sf}", "id", claim->id, "tried", (json_int_t)r->tried, "judged",
                   (json_int_t)r->judged, "nearest", alf_cli_json_real(r->nearest), "refuted", (int)r->found, "reason",
                   r->found ? alf_cli_json_text(r->result.reason) : json_null(), "witness",
                   r->found ? alf_cli_json_text(path) : json_null(), "seconds", seconds);
}

/* Constant sign steps run on to their limit cycle, however few updates are recorded. */
static bool goes_on(const alf_trial *t)
{
  return t->rule->form == ALF_FORM_SIGN && t->schedule->constant;
}

static void print_witness(const alf_cli_options *o, const alf_hunt_result *r, const char *path)
{
  const alf_trial *t = &r->witness;
  alf_cell cell = {t->rule, t->schedule, t->u, t->rule_value, t->schedule_value};
  alf_cli_cell_text text = alf_cli_describe(&cell);
  bool user_rule = !alf_rule_find(t->rule->name);
  printf("    T = %" PRId64 ", E = %d, K = %d, rule %s, schedule %s, u = %g, updates: %" PRId64 "%s\n", t->tokens,
         t->experts, t->topk, text.rule, text.schedule, t->u, t->steps, goes_on(t) ? ", then to the limit cycle" : "");
  printf("    %s\n", r->result.reason);
  printf("    replay: alflab verify --replay %s%s%s\n", path, user_rule ? " --rule " : "", user_rule ? o->rule : "");
}

static void print_result(const alf_cli_options *o, const alf_claim *claim, const alf_hunt_result *r, const char *path,
                         double seconds)
{
  printf("%-16s  %9" PRId64 " tried, %9" PRId64 " judged, ", claim->id, r->tried, r->judged);
  if (!r->found) {
    if (r->judged > 0)
      printf("nearest margin %.3g: ", r->nearest);
    printf("not refuted in %.1f s\n", seconds);
    return;
  }
  printf("REFUTED after %.1f s\n", seconds);
  print_witness(o, r, path);
}

/* One claim; false when it was refuted. */
static alf_status hunt_one(const alf_cli_options *o, const alf_cli_grid *grid, const alf_claim *claim, double seconds,
                           json_t **list, bool *refuted, alf_error *err)
{
  double start = alf_cli_seconds();
  clock c = {start + seconds, alf_cli_progress_start("seconds", (int64_t)ceil(seconds), o->quiet), start};
  alf_hunt_settings settings = {claim, grid->cell, grid->cells, (uint64_t)o->seed, is_over, &c};
  alf_hunt_result result;
  char path[4096] = "";
  alf_status status = alf_hunt(&settings, &result, err);
  alf_cli_progress_end(&c.progress);
  if (status == ALF_OK && result.found)
    status = write_witness(o, claim, &result, path, sizeof path, err);
  if (status != ALF_OK)
    return status;
  *refuted = *refuted || result.found;
  if (o->json)
    alf_cli_json_append(list, to_json(claim, &result, path, alf_cli_seconds() - start));
  else
    print_result(o, claim, &result, path, alf_cli_seconds() - start);
  fflush(stdout);
  return ALF_OK;
}

/* The time is shared out evenly; what one claim leaves over, the next ones have. */
static alf_status hunt_all(const alf_cli_options *o, const alf_cli_grid *grid, json_t **list, bool *refuted,
                           alf_error *err)
{
  int left = 0;
  double end = alf_cli_seconds() + o->hunt;
  for (int c = 0; c < grid->claims; c++)
    left += !why_not(grid, grid->claim[c]);
  if (left == 0)
    return alf_fail(err, ALF_EINVAL, "--claim: none of these can be hunted: %s: %s", grid->claim[0]->id,
                    why_not(grid, grid->claim[0]));
  for (int c = 0; c < grid->claims && !alf_cli_interrupted(); c++) {
    const char *in_vain = why_not(grid, grid->claim[c]);
    if (in_vain) {
      if (!o->json)
        printf("%-16s  not hunted: %s\n", grid->claim[c]->id, in_vain);
      continue;
    }
    double seconds = fmax(0, end - alf_cli_seconds()) / left--;
    alf_status status = hunt_one(o, grid, grid->claim[c], seconds, list, refuted, err);
    if (status != ALF_OK)
      return status;
  }
  return ALF_OK;
}

/* What would be left out without a word is refused. */
static alf_status check_options(const alf_cli_options *o, const char *what, alf_error *err)
{
  if (o->arguments)
    return alf_fail(err, ALF_EINVAL, "unexpected argument %s: expected none with %s", o->argument[0], what);
  if (o->float_mode)
    return alf_fail(err, ALF_EINVAL, "--float: expected none with %s, which is in exact arithmetic", what);
  return o->format ? alf_fail(err, ALF_EINVAL, "--format: expected none with %s", what) : ALF_OK;
}

int alf_cli_hunt(const alf_cli_options *o, alf_error *err)
{
  alf_cli_grid grid = {0};
  bool refuted = false;
  json_t *list = o->json ? json_array() : NULL;
  alf_status status = check_options(o, "--hunt", err);
  if (status == ALF_OK)
    status = alf_cli_grid_read(&grid, o, err);
  if (status == ALF_OK)
    status = hunt_all(o, &grid, &list, &refuted, err);
  if (status == ALF_OK && o->json) {
    json_t *object = json_object();
    alf_cli_json_set(&object, "hunt", list);
    list = NULL;
    status = alf_cli_print_json(object, err);
  }
  json_decref(list);
  alf_cli_grid_free(&grid);
  if (status != ALF_OK)
    return alf_cli_exit_code(status);
  return alf_cli_interrupted() ? ALF_CLI_INTERRUPTED : refuted ? ALF_CLI_REFUTED : ALF_CLI_HELD;
}

static bool is_same(double a, double b)
{
  return a == b || (isnan(a) && isnan(b));
}

int alf_cli_replay(const alf_cli_options *o, alf_error *err)
{
  alf_cli_witness w;
  alf_claim_result result = {0};
  alf_status status = check_options(o, "--replay", err);
  if (status == ALF_OK)
    status = alf_cli_witness_read(&w, o->replay, o->rule, err);
  if (status == ALF_OK)
    status = alf_trial_judge(&w.trial, w.claim, &result, err);
  if (status != ALF_OK)
    return alf_cli_exit_code(status);
  bool same = result.verdict == w.verdict && is_same(result.margin, w.margin) && result.worst_step == w.worst_step;
  if (o->json) {
    json_t *object = json_pack("{ss ss so sI sb so}", "id", w.claim->id, "verdict", alf_verdict_name(result.verdict),
                               "margin", alf_cli_json_real(result.margin), "worst_step", (json_int_t)result.worst_step,
                               "as_recorded", (int)same, "reason", alf_cli_json_text(result.reason));
    status = alf_cli_print_json(object, err);
  } else {
    printf("%s  %s\n    %s, margin %.17g at step %" PRId64 ": %s\n    %s\n", w.claim->id, w.claim->title,
           alf_verdict_name(result.verdict), result.margin, result.worst_step, result.reason,
           same ? "as recorded, to the last bit" : "NOT as recorded");
  }
  if (status != ALF_OK)
    return alf_cli_exit_code(status);
  return !same ? ALF_CLI_FAILED : result.verdict == ALF_REFUTED ? ALF_CLI_REFUTED : ALF_CLI_HELD;
}
