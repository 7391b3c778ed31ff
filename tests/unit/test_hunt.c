/* The hunt finds what is false, leaves what is true, and makes what it finds small. */
#include "support.h"

#include <string.h>

#include "alf/hunt.h"

/* So many trials, and no longer: results do not depend on the clock. */
static bool runs_out(void *left)
{
  return --*(int64_t *)left < 0;
}

static alf_hunt_result hunt(const char *claim, const char *rule, int64_t trials, uint64_t seed)
{
  alf_cell cells[2] = {{alf_rule_find(rule), alf_schedule_find("constant")},
                       {alf_rule_find(rule), alf_schedule_find("1/sqrt(n)")}};
  alf_hunt_settings settings = {alf_claim_find(claim), cells, 2, seed, runs_out, &trials};
  alf_hunt_result result;
  alf_error err = {0};
  assert_non_null(settings.claim);
  assert_ok(alf_hunt(&settings, &result, &err), &err);
  return result;
}

/* It is refuted, and nothing of it can go: not one token, expert or step. */
static void assert_small(const char *claim, const alf_hunt_result *r)
{
  alf_claim_result again = {0};
  alf_error err = {0};
  const alf_claim *c = alf_claim_find(claim);
  assert_ok(alf_trial_judge(&r->witness, c, &again, &err), &err);
  assert_int_equal(again.verdict, ALF_REFUTED);
  assert_true(again.margin == r->result.margin && again.worst_step == r->result.worst_step);
  for (int64_t i = 0; i < r->witness.tokens && r->witness.tokens > 1; i++) {
    alf_trial less = r->witness;
    less.tokens--;
    memmove(less.affinity + i * less.experts, less.affinity + (i + 1) * less.experts,
            (size_t)((less.tokens - i) * less.experts) * sizeof *less.affinity);
    assert_ok(alf_trial_judge(&less, c, &again, &err), &err);
    assert_int_not_equal(again.verdict, ALF_REFUTED);
  }
  if (r->witness.steps > 1) {
    alf_trial less = r->witness;
    less.steps--;
    assert_ok(alf_trial_judge(&less, c, &again, &err), &err);
    assert_int_not_equal(again.verdict, ALF_REFUTED);
  }
}

static void false_claims_are_refuted(void **state)
{
  (void)state;
  static const char *const claims[][2] = {{"C2-unconditional", "sign"}, {"C2-unconditional", "proportional"},
                                          {"C3-any-rule", "smebu"},     {"C4-narrow", "sign"},
                                          {"C4-any-start", "sign"},     {"C4-understated", "sign"}};
  for (size_t c = 0; c < sizeof claims / sizeof *claims; c++)
    for (uint64_t seed = 0; seed < 3; seed++) {
      alf_hunt_result r = hunt(claims[c][0], claims[c][1], 20000, seed);
      if (!r.found)
        fail_msg("%s under %s: not refuted in %lld trials", claims[c][0], claims[c][1], (long long)r.tried);
      assert_true(r.tried > 0 && r.judged > 0 && r.nearest < 0);
      assert_small(claims[c][0], &r);
    }
}

static void true_claims_are_not(void **state)
{
  (void)state;
  static const char *const claims[] = {"C1", "C2", "C3", "C4", "C5", "C6", "C7"};
  static const char *const rules[] = {"sign", "proportional"};
  for (size_t c = 0; c < sizeof claims / sizeof *claims; c++)
    for (int r = 0; r < 2; r++) {
      alf_hunt_result result = hunt(claims[c], rules[r], 300, 9);
      if (result.found)
        fail_msg("%s under %s: %s", claims[c], rules[r], result.result.reason);
      assert_true(result.tried >= 300 && (result.judged > 0 || (!strcmp(claims[c], "C4") && r == 1)));
      assert_true(result.judged == 0 || result.nearest >= 0);
    }
}

static void what_is_found_depends_on_the_seed_alone(void **state)
{
  (void)state;
  alf_hunt_result a = hunt("C4-any-start", "sign", 20000, 2), b = hunt("C4-any-start", "sign", 30000, 2),
                  c = hunt("C4-any-start", "sign", 20000, 3);
  assert_true(a.found && a.tried == b.tried && a.tried != c.tried);
  assert_memory_equal(&a.witness, &b.witness, sizeof a.witness);
}

static void trials_that_are_no_instance_are_refused(void **state)
{
  (void)state;
  alf_claim_result result = {0};
  alf_error err = {0};
  alf_hunt_result r = hunt("C2-unconditional", "sign", 20000, 0);
  r.witness.topk = r.witness.experts;
  assert_int_equal(alf_trial_judge(&r.witness, alf_claim_find("C1"), &result, &err), ALF_EINVAL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(false_claims_are_refuted),
      cmocka_unit_test(true_claims_are_not),
      cmocka_unit_test(what_is_found_depends_on_the_seed_alone),
      cmocka_unit_test(trials_that_are_no_instance_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
