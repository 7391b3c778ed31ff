/* C8: the curvature that tokens show against the tie densities, right and wrong on purpose. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alf/claim.h"

static alf_curvature of_family(const char *input, int32_t topk)
{
  alf_curvature c;
  alf_source *source;
  alf_error err = {0};
  const alf_family_call *call;
  assert_ok(alf_source_open(&source, input, 5, &err), &err);
  const alf_family *family = alf_source_family(source, &call);
  assert_ok(alf_curvature_of_family(&c, family, call, topk, NULL, &err), &err);
  alf_source_close(source);
  return c;
}

static alf_claim_result judge(const alf_curvature *curvature, int32_t experts)
{
  alf_affinity batch = {.dtype = ALF_DYADIC, .tokens = 100, .experts = experts};
  alf_instance instance = {.batch = &batch, .curved = true, .curvature = *curvature};
  alf_run run = {.instance = &instance};
  alf_claim_result result = {0};
  alf_claim_find("C8")->finish(NULL, &run, &result);
  return result;
}

static void families_hold(void **state)
{
  (void)state;
  static const char *const inputs[] = {"uniform:E=8", "beta:E=8,skew=0.3", "truncated_normal:E=8,skew=0.1",
                                       "gauss_sigmoid:E=8,skew=0.5", "mixture:E=8"};
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    alf_curvature c = of_family(inputs[i], 3);
    assert_true(c.independent && c.least_counted > 2000 && c.resolution < 0.02);
    assert_true(c.by_second_differences > 0 && c.by_gradients > 0);
    alf_claim_result result = judge(&c, 8);
    if (result.verdict != ALF_HOLDS)
      fail_msg("%s: %s: %s", inputs[i], alf_verdict_name(result.verdict), result.reason);
  }
}

static alf_status fill_squares(const alf_family_call *call, double *values, alf_error *err)
{
  const alf_family *uniform = alf_family_find("uniform");
  alf_status status = uniform->fill(call, values, err);
  for (int64_t at = 0; at < call->tokens * call->experts; at++)
    values[at] = pow(values[at], 1.3);
  return status;
}

/* Densities of a family that draws differently: values to the power of 1.3, so that ties are a tenth rarer. */
static void wrong_densities_are_refuted(void **state)
{
  (void)state;
  alf_family liar = *alf_family_find("uniform");
  alf_curvature c;
  alf_error err = {0};
  alf_family_call call = {.tokens = 1, .experts = 8, .seed = 5, .batches = 1};
  double value[ALF_MAX_PARAMETERS] = {0};
  call.value = value;
  liar.fill = fill_squares;
  assert_ok(alf_curvature_of_family(&c, &liar, &call, 3, NULL, &err), &err);
  alf_claim_result result = judge(&c, 8);
  assert_int_equal(result.verdict, ALF_REFUTED);
  assert_true(result.margin < 0);
}

/* What was found, and then told with one number wrong. */
static void every_part_can_fail(void **state)
{
  (void)state;
  alf_curvature found = of_family("uniform:E=8", 3), told = found;
  assert_int_equal(judge(&told, 8).verdict, ALF_HOLDS);
  told.point[ALF_AT_ZERO].modulus *= 1 + 1e-6; /* not the closed form */
  assert_int_equal(judge(&told, 8).verdict, ALF_REFUTED);
  told = found;
  told.point[ALF_AT_MINIMISER].modulus *= 0.9; /* below E min h */
  assert_int_equal(judge(&told, 8).verdict, ALF_REFUTED);
  told = found;
  told.least_density = 1.1; /* c^E / (E − 1) above h */
  assert_int_equal(judge(&told, 8).verdict, ALF_REFUTED);
  told = found;
  told.by_gradients = 6;
  assert_int_equal(judge(&told, 8).verdict, ALF_REFUTED);
  told = found;
  told.resolution = 0.1;
  assert_int_equal(judge(&told, 8).verdict, ALF_INCONCLUSIVE);
  told = found;
  told.independent = false;
  assert_int_equal(judge(&told, 8).verdict, ALF_HYPOTHESIS_NOT_MET);
}

/* Tie densities estimated from a batch whose densities are known. */
static void batches_are_estimated(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_curvature c;
  alf_error err = {0};
  double shift[8] = {0};
  alf_test_batch("uniform:T=200000,E=8", &batch);
  assert_ok(alf_curvature_of_batch(&c, &batch, 3, shift, &err), &err);
  assert_false(c.independent);
  assert_near(c.point[0].modulus, 8. / 7, 0.1);
  assert_true(c.by_second_differences < 6 && c.bandwidth > 0.001 && c.bandwidth < 0.02 && isnan(c.by_gradients));
  alf_affinity_free(&batch);
}

static void ties_have_no_density(void **state)
{
  (void)state;
  alf_affinity batch = {0};
  alf_curvature c;
  alf_error err = {0};
  double shift[8] = {0};
  alf_test_batch("grid:T=1000,E=8,levels=2", &batch);
  assert_int_equal(alf_curvature_of_batch(&c, &batch, 3, shift, &err), ALF_EUNSUPPORTED);
  assert_non_null(strstr(err.text, "tied exactly"));
  batch.tokens = 63;
  assert_int_equal(alf_curvature_of_batch(&c, &batch, 3, shift, &err), ALF_EUNSUPPORTED);
  batch.tokens = 1000;
  alf_affinity_free(&batch);
}

/* That is no failure of the claim, nor of the check. */
static void what_has_no_density_does_not_meet_the_hypothesis(void **state)
{
  (void)state;
  alf_affinity batch = {.dtype = ALF_DYADIC, .tokens = 100, .experts = 8};
  alf_instance instance = {.batch = &batch};
  alf_run run = {.instance = &instance};
  alf_claim_result result = {0};
  alf_fail(&instance.why_not_curved, ALF_EUNSUPPORTED, "all are tied");
  alf_claim_find("C8")->finish(NULL, &run, &result);
  assert_int_equal(result.verdict, ALF_HYPOTHESIS_NOT_MET);
  assert_string_equal(result.reason, "all are tied");
  alf_fail(&instance.why_not_curved, ALF_ESOLVER, "Newton's method fails");
  alf_claim_find("C8")->finish(NULL, &run, &result);
  assert_int_equal(result.verdict, ALF_INCONCLUSIVE);
}

static bool at_once(void)
{
  return true;
}

static void stops_when_told(void **state)
{
  (void)state;
  alf_curvature c;
  alf_error err = {0};
  double value[ALF_MAX_PARAMETERS] = {0};
  alf_family_call call = {.tokens = 1, .experts = 8, .batches = 1, .value = value};
  assert_int_equal(alf_curvature_of_family(&c, alf_family_find("uniform"), &call, 3, at_once, &err), ALF_EINTERRUPTED);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(families_hold),
      cmocka_unit_test(wrong_densities_are_refuted),
      cmocka_unit_test(every_part_can_fail),
      cmocka_unit_test(batches_are_estimated),
      cmocka_unit_test(ties_have_no_density),
      cmocka_unit_test(stops_when_told),
      cmocka_unit_test(what_has_no_density_does_not_meet_the_hypothesis),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
