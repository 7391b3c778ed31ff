/* What holds for every run of the iteration, tried on random ones. A failure is shrunk and printed as one line that
   replays it: ALF_REPLAY="input=… …" build/release/tests/property_iteration */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/iterate.h"
#include "alf/routing.h"
#include "alf/verify.h"
#include "reference.h"
#include "trial.h"

#define TRIALS 800
#define WHY    400

/* A trial with all that its properties need. */
typedef struct subject {
  const alf_trial *trial;
  alf_affinity real, batch;
  alf_instance instance;
  double start[ALF_TRIAL_EXPERTS];
  char *why; /* room for WHY */
} subject;

static bool fail_because(const subject *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail_because(const subject *s, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(s->why, WHY, format, arguments);
  va_end(arguments);
  return false;
}

static alf_iterate_settings settings_of(const subject *s)
{
  return (alf_iterate_settings){.rule = s->trial->rule,
                                .schedule = s->trial->schedule,
                                .u = s->trial->u,
                                .topk = s->trial->topk,
                                .shift = s->start,
                                .rule_values = s->trial->rule_value,
                                .schedule_values = s->trial->schedule_value};
}

static alf_iterate *start_on(const alf_affinity *batch, const alf_iterate_settings *settings)
{
  alf_iterate *it = NULL;
  alf_error err = {0};
  assert_ok(alf_iterate_alloc(&it, batch, settings, &err), &err);
  assert_ok(alf_iterate_start(it, batch, &err), &err);
  return it;
}

static const alf_step *advance(alf_iterate *it, const alf_affinity *batch)
{
  const alf_step *step;
  alf_error err = {0};
  assert_ok(alf_iterate_step(it, batch, &step, &err), &err);
  return step;
}

static bool same_steps(const alf_step *a, const alf_step *b)
{
  size_t shift = (size_t)a->batch_after->experts * sizeof(int64_t);
  size_t slots =
      (size_t)a->batch_after->tokens * (size_t)alf_selection_words(a->batch_after->experts) * sizeof(uint64_t);
  return a->n == b->n && a->step_size == b->step_size && !memcmp(a->shift_before.grid, b->shift_before.grid, shift) &&
         !memcmp(a->shift_after.grid, b->shift_after.grid, shift) && !memcmp(a->delta.grid, b->delta.grid, shift) &&
         !memcmp(a->shift_after.real, b->shift_after.real, shift) && !memcmp(a->delta.real, b->delta.real, shift) &&
         !memcmp(a->chosen_before, b->chosen_before, slots) && !memcmp(a->chosen_after, b->chosen_after, slots) &&
         !memcmp(a->load_before, b->load_before, shift) && !memcmp(a->load_after, b->load_after, shift);
}

static bool equals_the_plain_iteration(const subject *s)
{
  alf_iterate_settings settings = settings_of(s);
  alf_iterate *it = start_on(&s->batch, &settings);
  alf_reference *reference = alf_reference_new(&s->batch, &settings, ALF_HONEST);
  bool same = true;
  for (int n = 1; same && n <= s->trial->steps; n++)
    if (!same_steps(advance(it, &s->batch), alf_reference_step(reference)))
      same = fail_because(s, "step %d differs from the plain iteration", n);
  alf_reference_free(reference);
  alf_iterate_free(it);
  return same;
}

/* One claim on an honest run must not be refuted; nor may a margin be negative or a residual show up unrefuted. */
static bool stands(const subject *s, const alf_claim *claim, const alf_claim_result *result, bool exact)
{
  const char *mode = exact ? "exact" : "float";
  if (result->verdict == ALF_REFUTED || result->margin < 0)
    return fail_because(s, "%s %s, %s: margin %g at step %lld: %s", claim->id, alf_verdict_name(result->verdict), mode,
                        result->margin, (long long)result->worst_step, result->reason);
  if (!result->reason[0])
    return fail_because(s, "%s gives no reason", claim->id);
  for (int m = 0; m < result->measures; m++)
    if (exact && !strcmp(result->measure[m].name, "residual") && result->measure[m].value != 0)
      return fail_because(s, "%s: residual %g, expected exactly 0", claim->id, result->measure[m].value);
  return true;
}

/* Claims on a run that goes on to its limit cycle for up to 20 times the steps. */
static bool claims_stand(const subject *s, bool exact)
{
  const alf_affinity *batch = exact ? &s->batch : &s->real;
  alf_iterate_settings settings = settings_of(s);
  alf_run run = {&s->instance, settings.rule, settings.schedule, settings.u, exact, NULL};
  alf_iterate *it = start_on(batch, &settings);
  alf_watch *watch = NULL;
  alf_error err = {0};
  alf_claim_result result[16];
  int most = s->trial->steps * (exact && settings.schedule->constant ? 20 : 1);
  assert_ok(alf_watch_alloc(&watch, &run, alf_claims, most, &err), &err);
  for (int n = 0; n < most && !alf_watch_step(watch, advance(it, batch)); n++)
    ;
  alf_watch_finish(watch, result);
  bool stand = true;
  for (int c = 0; stand && alf_claims[c]; c++)
    stand = stands(s, alf_claims[c], &result[c], exact);
  alf_watch_free(watch);
  alf_iterate_free(it);
  return stand;
}

static bool exact_claims_stand(const subject *s)
{
  return claims_stand(s, true);
}

static bool float_claims_stand(const subject *s)
{
  return claims_stand(s, false);
}

/* K of the row's experts, each ahead of all that were left out: larger, or equal and of lower index. */
static bool is_topk(const alf_step *step, int64_t i)
{
  int32_t experts = step->batch_after->experts, topk = step->topk;
  const double *row = (const double *)step->batch_after->values + i * experts;
  const uint64_t *chosen = step->chosen_after + i * alf_selection_words(experts);
  int32_t count = 0;
  for (int32_t j = alf_next_expert(chosen, experts, 0); j < experts; j = alf_next_expert(chosen, experts, j + 1)) {
    double held = row[j] + step->shift_after.real[j];
    count++;
    for (int32_t k = 0; k < experts; k++) {
      double other = row[k] + step->shift_after.real[k];
      if (!alf_has_expert(chosen, k) && (other > held || (other == held && k < j)))
        return false;
    }
  }
  return count == topk;
}

static bool float_runs_route_by_topk(const subject *s)
{
  alf_iterate_settings settings = settings_of(s);
  alf_iterate *it = start_on(&s->real, &settings);
  bool right = true;
  for (int n = 1; right && n <= s->trial->steps; n++) {
    const alf_step *step = advance(it, &s->real);
    int64_t slots = 0;
    for (int32_t k = 0; k < s->trial->columns; k++)
      slots += step->load_after[k];
    if (slots != (int64_t)s->trial->topk * s->trial->rows)
      right = fail_because(s, "step %d: loads sum to %lld, expected K T", n, (long long)slots);
    for (int64_t i = 0; right && i < s->trial->rows; i++)
      if (!is_topk(step, i))
        right = fail_because(s, "step %d, token %lld: not the Top-K", n, (long long)i);
  }
  alf_iterate_free(it);
  return right;
}

/* Some token's K-th and K+1-st scores agree: then the index decides, and no other order of experts gives the same. */
static bool has_tie(const alf_step *step)
{
  int32_t experts = step->batch_after->experts;
  for (int64_t i = 0; i < step->batch_after->tokens; i++) {
    const uint64_t *chosen = step->chosen_after + i * alf_selection_words(experts);
    const int64_t *row = alf_affinity_row(step->batch_after, i);
    int64_t least = INT64_MAX, most_left_out = INT64_MIN;
    for (int32_t k = 0; k < experts; k++) {
      bool is_chosen = alf_has_expert(chosen, k);
      int64_t score = row[k] + step->shift_after.grid[k];
      least = is_chosen && score < least ? score : least;
      most_left_out = !is_chosen && score > most_left_out ? score : most_left_out;
    }
    if (least == most_left_out)
      return true;
  }
  return false;
}

/* The second run has expert E − 1 − k where the first has k. */
static bool is_mirrored(const alf_step *step, const alf_step *mirror)
{
  int32_t experts = step->batch_after->experts, words = alf_selection_words(experts);
  bool same = true;
  for (int32_t k = 0; k < experts; k++)
    same = same && step->shift_after.grid[k] == mirror->shift_after.grid[experts - 1 - k] &&
           step->load_after[k] == mirror->load_after[experts - 1 - k];
  for (int64_t i = 0; i < step->batch_after->tokens; i++)
    for (int32_t k = 0; k < experts; k++)
      same = same && alf_has_expert(step->chosen_after + i * words, k) ==
                         alf_has_expert(mirror->chosen_after + i * words, experts - 1 - k);
  return same;
}

static bool experts_have_no_order(const subject *s)
{
  alf_affinity mirrored = {0};
  alf_error err = {0};
  double start[ALF_TRIAL_EXPERTS];
  int32_t experts = s->trial->columns;
  assert_ok(alf_affinity_convert(&s->batch, ALF_DYADIC, &mirrored, &err), &err);
  int64_t *cell = mirrored.storage;
  for (int64_t i = 0; i < s->trial->rows; i++)
    for (int32_t k = 0; k < experts; k++)
      *cell++ = alf_affinity_row(&s->batch, i)[experts - 1 - k];
  for (int32_t k = 0; k < experts; k++)
    start[k] = s->start[experts - 1 - k];
  alf_iterate_settings settings = settings_of(s);
  alf_iterate *it = start_on(&s->batch, &settings);
  settings.shift = start;
  alf_iterate *mirror = start_on(&mirrored, &settings);
  bool same = true, tied = has_tie(alf_iterate_current(it));
  for (int n = 1; same && !tied && n <= s->trial->steps; n++) {
    const alf_step *step = advance(it, &s->batch);
    tied = has_tie(step);
    if (!tied && !is_mirrored(step, advance(mirror, &mirrored)))
      same = fail_because(s, "step %d: reversing the experts does not reverse the run", n);
  }
  alf_iterate_free(it);
  alf_iterate_free(mirror);
  alf_affinity_free(&mirrored);
  return same;
}

static bool constants_of_tokens_do_not_matter(const subject *s)
{
  alf_affinity raised = {0};
  alf_error err = {0};
  assert_ok(alf_affinity_convert(&s->batch, ALF_DYADIC, &raised, &err), &err);
  int64_t *cell = raised.storage;
  for (int64_t i = 0; i < s->trial->rows; i++)
    for (int32_t k = 0; k < s->trial->columns; k++)
      *cell++ += (i * 0x9e3779b97 + 12345) % 0x8000000000 - 0x4000000000;
  alf_iterate_settings settings = settings_of(s);
  alf_iterate *it = start_on(&s->batch, &settings), *other = start_on(&raised, &settings);
  bool same = true;
  for (int n = 1; same && n <= s->trial->steps; n++)
    if (!same_steps(advance(it, &s->batch), advance(other, &raised)))
      same = fail_because(s, "step %d: constants added to tokens change the run", n);
  alf_iterate_free(it);
  alf_iterate_free(other);
  alf_affinity_free(&raised);
  return same;
}

static bool dual_values_bound_the_optimum(const subject *s)
{
  alf_iterate_settings settings = settings_of(s);
  alf_iterate *it = start_on(&s->batch, &settings);
  alf_int128 optimum = s->instance.optimum_value;
  bool bound = s->instance.solved || fail_because(s, "not solved: %s", s->instance.why_not.text);
  if (bound && alf_dual_value(&s->batch, s->trial->topk, s->instance.optimum.price) != optimum)
    bound = fail_because(s, "D at the optimal prices is not the optimum");
  for (int n = 0; bound && n <= s->trial->steps; n++) {
    const int64_t *shift = n ? advance(it, &s->batch)->shift_after.grid : alf_iterate_current(it)->shift_after.grid;
    alf_int128 dual = alf_dual_value(&s->batch, s->trial->topk, shift);
    if (dual < optimum)
      bound = fail_because(s, "iterate %d: D is below the optimum", n);
    else if ((dual == optimum) != alf_instance_is_optimal(&s->instance, shift))
      bound = fail_because(s, "iterate %d: D is%s the optimum, the price intervals say otherwise", n,
                           dual == optimum ? "" : " not");
  }
  alf_iterate_free(it);
  return bound;
}

typedef struct property {
  const char *name;
  bool (*holds)(const subject *subject);
} property;

static const property properties[] = {
    {"equals the plain iteration", equals_the_plain_iteration},
    {"exact claims stand", exact_claims_stand},
    {"float claims stand", float_claims_stand},
    {"float runs route by Top-K", float_runs_route_by_topk},
    {"experts have no order", experts_have_no_order},
    {"constants of tokens do not matter", constants_of_tokens_do_not_matter},
    {"dual values bound the optimum", dual_values_bound_the_optimum},
};

enum { PROPERTIES = sizeof properties / sizeof *properties };

/* Builds the trial, tries the properties from `first` to `last`, and returns the first that fails, or −1. */
static int first_failure(const alf_trial *trial, int first, int last, char *why)
{
  subject s = {.trial = trial, .why = why};
  alf_error err = {0};
  alf_instance_settings settings = {.solve = true, .timeout = 1, .crowding_count = 1, .step_size = &trial->u};
  int failed = -1;
  alf_trial_batch(trial, &s.real, &s.batch);
  alf_trial_start(trial, s.start);
  assert_ok(alf_instance_prepare(&s.instance, &s.batch, trial->topk, &settings, &err), &err);
  for (int p = first; failed < 0 && p <= last; p++)
    failed = properties[p].holds(&s) ? -1 : p;
  alf_instance_free(&s.instance);
  alf_affinity_free(&s.real);
  alf_affinity_free(&s.batch);
  return failed;
}

/* What is being shrunk: the property that failed, and why it failed last. */
typedef struct failure {
  int which;
  char why[WHY];
} failure;

static bool still_fails(const alf_trial *trial, void *context)
{
  failure *f = context;
  char why[WHY] = "";
  if (first_failure(trial, f->which, f->which, why) < 0)
    return false;
  memcpy(f->why, why, WHY);
  return true;
}

static void shrink_and_report(alf_trial *trial, failure *f)
{
  char text[ALF_TRIAL_TEXT];
  alf_trial_shrink(trial, still_fails, f);
  alf_trial_print(trial, text);
  print_error("\"%s\" fails: %s\nALF_REPLAY=\"%s\" build/release/tests/property_iteration\n", properties[f->which].name,
              f->why, text);
}

static void replay(const char *text)
{
  alf_trial trial;
  char why[WHY] = "";
  if (!alf_trial_parse(&trial, text))
    fail_msg("ALF_REPLAY: not a trial: %s", text);
  int failed = first_failure(&trial, 0, PROPERTIES - 1, why);
  if (failed >= 0)
    fail_msg("\"%s\" fails: %s", properties[failed].name, why);
}

static void random_runs_have_every_property(void **state)
{
  (void)state;
  const char *text = getenv("ALF_REPLAY");
  if (text) {
    replay(text);
    return;
  }
  int failures = 0;
  for (uint64_t number = 0; number < TRIALS && failures < 3; number++) {
    alf_trial trial;
    failure f = {0};
    alf_trial_draw(&trial, number);
    f.which = first_failure(&trial, 0, PROPERTIES - 1, f.why);
    if (f.which < 0)
      continue;
    shrink_and_report(&trial, &f);
    failures++;
  }
  assert_int_equal(failures, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_runs_have_every_property),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
