/* The band of C4 on loads told by hand: L = 2, q = 1 and so the band 1, R = 8 units and u = 1 unit, so that the entry
   bound is 2·(⌊8/2⌋ + 1) = 10. */
#include "support.h"

#include <string.h>

#include "told.h"

enum { E = ALF_TOLD_EXPERTS };

static const int64_t calm[4][E] = {{3, 2, 1}, {2, 2, 2}, {1, 3, 2}, {2, 2, 2}},
                     leaving[4][E] = {{4, 1, 1}, {2, 2, 2}, {4, 1, 1}, {2, 2, 2}},
                     leaving_at_once[4][E] = {{2, 3, 1}, {4, 1, 1}, {2, 2, 2}, {2, 2, 2}},
                     outside[4][E] = {{6, 0, 0}, {5, 1, 0}, {4, 1, 1}, {4, 1, 1}};

static void c4_holds_loads_to_its_band(void **state)
{
  (void)state;
  alf_told h;
  alf_tell(&h);
  assert_string_equal(alf_judge_loads(&h, calm, 9), "holds"); /* its last iterates are beyond the bound */
  assert_near(alf_told_measure(&h, "band"), 1, 1e-15);
  assert_near(alf_told_measure(&h, "entry_bound"), 10, 0);
  assert_string_equal(alf_judge_loads(&h, calm, 1), "inconclusive");
  assert_string_equal(alf_judge_loads(&h, leaving, 1), "refuted");
  assert_non_null(strstr(h.result.reason, "left the band"));
  assert_string_equal(alf_judge_loads(&h, leaving_at_once, 1), "refuted");
  assert_string_equal(alf_judge_loads(&h, outside, 1), "inconclusive");
  assert_string_equal(alf_judge_loads(&h, outside, 9), "refuted");
  assert_non_null(strstr(h.result.reason, "after the entry bound"));
  assert_near(h.result.margin, -1, 1e-15);
  h.run.cycle = &h.cycle;
  assert_string_equal(alf_judge_loads(&h, outside, 1), "refuted");
  assert_non_null(strstr(h.result.reason, "limit cycle"));
  assert_string_equal(alf_judge_loads(&h, calm, 1), "holds");
}

/* The bound begins at its own iterate: an excess at 9 is allowed, one at 10 is not. */
static void c4_begins_at_its_entry_bound(void **state)
{
  (void)state;
  static const int64_t late[4][E] = {{6, 0, 0}, {5, 1, 0}, {4, 1, 1}, {2, 2, 2}};
  alf_told h;
  alf_tell(&h);
  assert_string_equal(alf_judge_loads(&h, late, 8), "holds"); /* iterates 8, 9 outside, 10 inside */
  assert_string_equal(alf_judge_loads(&h, late, 9), "refuted");
  h.instance.range = 7; /* ⌊7/2⌋ = 3: two iterates earlier */
  assert_string_equal(alf_judge_loads(&h, late, 7), "refuted");
  assert_near(alf_told_measure(&h, "entry_bound"), 8, 0);
}

/* K = 2, L = 4: no load is more than 2 above it, but 0 is 4 below, so that a band of 3 says something and one of 5 does
   not. */
static void c4_bands_that_no_load_can_leave_say_nothing(void **state)
{
  (void)state;
  static const int64_t level[4][E] = {{4, 4, 4}, {4, 4, 4}, {4, 4, 4}, {4, 4, 4}};
  alf_told h;
  alf_tell(&h);
  h.instance.topk = h.step.topk = 2;
  h.crowding.q = 2;
  assert_string_equal(alf_judge_loads(&h, level, 9), "holds");
  assert_near(alf_told_measure(&h, "band"), 3, 1e-15);
  h.crowding.q = 3;
  assert_string_equal(alf_judge_loads(&h, level, 9), "hypothesis not met");
  assert_non_null(strstr(h.result.reason, "the band 5 exceeds any possible 4"));
}

/* With 3 experts and 7 slots L is no whole number, and the band is one wider. */
static void c4_bands_depend_on_the_target(void **state)
{
  (void)state;
  alf_told h;
  alf_tell(&h);
  h.batch.tokens = 7;
  assert_string_equal(alf_judge_loads(&h, (const int64_t[4][E]){{3, 2, 2}, {3, 2, 2}, {3, 3, 1}, {3, 2, 2}}, 9),
                      "holds");
  assert_near(alf_told_measure(&h, "band"), 2, 1e-15);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(c4_holds_loads_to_its_band),
      cmocka_unit_test(c4_begins_at_its_entry_bound),
      cmocka_unit_test(c4_bands_that_no_load_can_leave_say_nothing),
      cmocka_unit_test(c4_bands_depend_on_the_target),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
