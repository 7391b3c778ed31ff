/* Claims that judge a run of the reference iteration, which may be broken. Include after support.h. */
#ifndef ALF_TEST_JUDGED_H
#define ALF_TEST_JUDGED_H

#include "alf/verify.h"
#include "reference.h"

#define assert_verdict(actual, expected) assert_string_equal(alf_verdict_name(actual), alf_verdict_name(expected))

/* A batch whose K·T is a multiple of E, without ties. */
#define ALF_GENERAL "uniform:T=128,E=8"

typedef struct alf_judged {
  alf_affinity batch;
  alf_instance instance;
  alf_run run;
  alf_claim_result result;
  double shift[64]; /* p^0 */
} alf_judged;

/* Reads, solves and measures a batch; fails the test on error. */
void alf_judged_set_up(alf_judged *t, const char *input, int32_t topk, const char *rule, const char *schedule,
                       double u);
void alf_judged_tear_down(alf_judged *t);

/* Judges one claim on at most `steps` updates of the reference iteration. */
alf_verdict alf_judged_run(alf_judged *t, const alf_claim *claim, alf_sabotage sabotage, int64_t steps);

/* The same for several claims on one run: one result a claim of the null-terminated list. */
void alf_judged_watch(const alf_judged *t, const alf_claim *const *claims, alf_sabotage sabotage, int64_t steps,
                      alf_claim_result *results);

/* As alf_judged_run, for a claim of the table and 400 updates. */
alf_verdict alf_judged_by_id(alf_judged *t, const char *id, alf_sabotage sabotage);

/* A measure of the last result; fails the test when there is none of that name. */
double alf_judged_measure(const alf_judged *t, const char *name);

#endif
