/* Mutated counterexamples. What is refused must say so properly; what is accepted must be an instance, which is then
   judged: nothing may crash or overflow (the sanitizers watch). */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alf/random.h"
#include "cli/witness.h"
#include "files.h"
#include "mutate.h"

enum { FILES = 4000, FEW_STEPS = 50 };

static const char *const sound[] = {
    "{\"claim\":\"C3-any-rule\",\"rule\":\"smebu[beta=0.9]\",\"schedule\":\"1/"
    "n\",\"tokens\":2,\"experts\":2,\"topk\":1,"
    "\"steps\":5,\"grid_bits\":6,\"u\":2,\"shift\":[0,3],\"affinity\":[[0,0],[0,2]],\"verdict\":\"refuted\",\"margin\":"
    "-1.0,"
    "\"worst_step\":5}",
    "{\"claim\":\"C6\",\"rule\":\"proportional\",\"schedule\":\"1/"
    "sqrt(n)\",\"tokens\":3,\"experts\":4,\"topk\":2,\"steps\":9,"
    "\"grid_bits\":40,\"u\":9,\"shift\":[0,1,-2,3],\"affinity\":[[1,2,3,4],[4,3,2,1],[0,0,0,7]],\"verdict\":\"holds\","
    "\"margin\":null,\"worst_step\":0}",
    "{\"claim\":\"C4-narrow\",\"rule\":\"sign\",\"schedule\":\"constant\",\"tokens\":3,\"experts\":2,\"topk\":1,"
    "\"steps\":1,"
    "\"grid_bits\":3,\"u\":1,\"shift\":[0,0],\"affinity\":[[0,3],[0,3],[0,4]],\"verdict\":\"refuted\",\"margin\":-4.0,"
    "\"worst_step\":2}"};

static const char *const words[] = {"{",
                                    "}",
                                    "[",
                                    "]",
                                    ",",
                                    ":",
                                    "\"",
                                    "null",
                                    "true",
                                    "0",
                                    "-1",
                                    "48",
                                    "49",
                                    "1.5",
                                    "1e9",
                                    "2199023255551",
                                    "2199023255552",
                                    "-2199023255552",
                                    "9223372036854775807",
                                    "9223372036854775808",
                                    "[0,0]",
                                    "\"tokens\":",
                                    "\"affinity\":",
                                    "\"rule\":",
                                    "quantile",
                                    "newton",
                                    "[beta=",
                                    "./x.so",
                                    "C1",
                                    "C5",
                                    "C7",
                                    "C8",
                                    "\\u0000",
                                    "holds"};

static const char *const numbers[] = {"0", "1", "2", "3", "5", "7", "48", "2199023255551", "2199023255552"};

/* Another number, by the one that stands behind a place chosen at random. */
static void change_number(gsl_rng *rng, alf_test_text *t)
{
  static const char digits[] = "0123456789";
  char old[ALF_TEST_TEXT + 1];
  memcpy(old, t->bytes, t->length);
  old[t->length] = '\0';
  size_t at = alf_test_below(rng, t->length);
  at += strcspn(old + at, digits);
  const char *behind = old + at + strspn(old + at, digits);
  const char *number = numbers[alf_test_below(rng, sizeof numbers / sizeof *numbers)];
  int length = snprintf((char *)t->bytes, ALF_TEST_TEXT, "%.*s%s%s", (int)at, old, number, behind);
  t->length = alf_test_smaller((size_t)length, ALF_TEST_TEXT);
}

static void mutate(gsl_rng *rng, alf_test_text *t)
{
  size_t changes = 1 + alf_test_below(rng, 3);
  if (alf_test_below(rng, 2))
    alf_test_mutate(rng, t, words, sizeof words / sizeof *words);
  else
    for (size_t i = 0; i < changes; i++)
      change_number(rng, t);
}

static void check_trial(const alf_cli_witness *w)
{
  const alf_trial *t = &w->trial;
  alf_claim_result result = {0};
  alf_error err = {0};
  assert_true(t->tokens >= 1 && t->tokens <= ALF_TRIAL_TOKENS);
  assert_true(t->experts >= 2 && t->experts <= ALF_TRIAL_EXPERTS && t->topk >= 1 && t->topk < t->experts);
  assert_true(w->claim && t->rule && t->schedule && t->u > 0 && t->steps >= 1);
  if (t->steps > FEW_STEPS)
    return;
  alf_status status = alf_trial_judge(t, w->claim, &result, &err);
  if (status == ALF_OK)
    assert_true(result.reason[0] != '\0');
  else
    alf_test_check_refusal(status, &err);
}

static void test_witnesses(void **state)
{
  const char *path = alf_test_path(state, "witness.json");
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  int accepted = 0;
  for (uint64_t i = 0; i < FILES; i++) {
    alf_rng_stream(rng, 1, 0, i);
    const char *start = sound[alf_test_below(rng, sizeof sound / sizeof *sound)];
    alf_test_text t = {.length = strlen(start)};
    memcpy(t.bytes, start, t.length);
    mutate(rng, &t);
    alf_test_write(path, t.bytes, t.length);
    alf_error err = {0};
    alf_cli_witness w;
    alf_status status = alf_cli_witness_read(&w, path, "sign", &err);
    if (status == ALF_OK)
      check_trial(&w);
    else
      alf_test_check_refusal(status, &err);
    accepted += status == ALF_OK;
  }
  assert_true(accepted > FILES / 50 && accepted < FILES / 2);
  gsl_rng_free(rng);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_witnesses)};
  return cmocka_run_group_tests(tests, alf_test_folder_setup, alf_test_folder_teardown);
}
