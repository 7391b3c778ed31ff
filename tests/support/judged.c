#include "support.h"

#include <math.h>
#include <string.h>

#include "judged.h"

void alf_judged_set_up(alf_judged *t, const char *input, int32_t topk, const char *rule, const char *schedule, double u)
{
  alf_error err = {0};
  alf_instance_settings settings = {.solve = true, .timeout = 60, .crowding_count = 1, .step_size = &u};
  memset(t, 0, sizeof *t);
  alf_test_batch(input, &t->batch);
  assert_ok(alf_instance_prepare(&t->instance, &t->batch, topk, &settings, &err), &err);
  assert_true(t->instance.solved);
  t->run = (alf_run){&t->instance, alf_rule_find(rule), alf_schedule_find(schedule), u, true, NULL};
}

void alf_judged_tear_down(alf_judged *t)
{
  alf_instance_free(&t->instance);
  alf_affinity_free(&t->batch);
}

void alf_judged_watch(const alf_judged *t, const alf_claim *const *claims, alf_sabotage sabotage, int64_t steps,
                      alf_claim_result *results)
{
  alf_iterate_settings settings = {t->run.rule, t->run.schedule, t->run.u, t->instance.topk, t->shift};
  alf_reference *reference = alf_reference_new(&t->batch, &settings, sabotage);
  alf_watch *watch = NULL;
  alf_error err = {0};
  assert_ok(alf_watch_alloc(&watch, &t->run, claims, steps, &err), &err);
  bool over = false;
  for (int64_t n = 0; n < steps && !over; n++)
    over = alf_watch_step(watch, alf_reference_step(reference));
  alf_watch_finish(watch, results);
  alf_watch_free(watch);
  alf_reference_free(reference);
}

alf_verdict alf_judged_run(alf_judged *t, const alf_claim *claim, alf_sabotage sabotage, int64_t steps)
{
  const alf_claim *claims[] = {claim, NULL};
  alf_judged_watch(t, claims, sabotage, steps, &t->result);
  return t->result.verdict;
}

alf_verdict alf_judged_by_id(alf_judged *t, const char *id, alf_sabotage sabotage)
{
  return alf_judged_run(t, alf_claim_find(id), sabotage, 400);
}

double alf_judged_measure(const alf_judged *t, const char *name)
{
  for (int m = 0; m < t->result.measures; m++)
    if (!strcmp(t->result.measure[m].name, name))
      return t->result.measure[m].value;
  fail_msg("no alf_judged_measure %s", name);
  return NAN;
}
