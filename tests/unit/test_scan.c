/* The scan of a token, by every kernel that runs on this machine, against a selection one expert at a time. */
#include "support.h"

#include <string.h>

#include "routing/scan.h"

enum { MOST = 200, ROWS = 3000 };

typedef struct row {
  int32_t experts, topk;
  int64_t affinity[MOST], price[MOST], down[MOST], up[MOST];
} row;

static uint64_t next(uint64_t *seed)
{
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return *seed >> 33;
}

/* Few levels give ties. */
static row random_row(uint64_t *seed)
{
  static const int32_t sizes[] = {2, 3, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 80, 128, 130, 200};
  static const uint64_t levels[] = {1, 2, 5, 40, 1000000};
  row r = {.experts = sizes[next(seed) % (sizeof sizes / sizeof *sizes)]};
  uint64_t values = levels[next(seed) % (sizeof levels / sizeof *levels)], rest = (uint64_t)r.experts - 1;
  r.topk = 1 + (int32_t)(next(seed) % (next(seed) % 2 && rest > 20 ? 20 : rest));
  for (int32_t k = 0; k < r.experts; k++) {
    r.affinity[k] = (int64_t)(next(seed) % values) - (int64_t)values / 2;
    r.price[k] = (int64_t)(next(seed) % values);
    r.down[k] = (int64_t)(next(seed) % (values / 4 + 1));
    r.up[k] = (int64_t)(next(seed) % (values / 4 + 1));
  }
  return r;
}

static int64_t score_of(const row *r, int32_t k)
{
  return r->affinity[k] + r->price[k];
}

/* How many experts come before k. */
static int32_t rank_of(const row *r, int32_t k)
{
  int32_t rank = 0;
  for (int32_t j = 0; j < r->experts; j++)
    rank += score_of(r, j) > score_of(r, k) || (score_of(r, j) == score_of(r, k) && j < k);
  return rank;
}

static bool has_bit(const uint64_t *words, int32_t k)
{
  return words[k / 64] >> (k % 64) & 1;
}

static int32_t bits_of(const uint64_t *word, int32_t words)
{
  int32_t bits = 0;
  for (int32_t w = 0; w < words; w++)
    bits += __builtin_popcountll(word[w]);
  return bits;
}

static void check_selection(const row *r, const alf_scan *s)
{
  for (int32_t k = 0; k < r->experts; k++) {
    int32_t rank = rank_of(r, k);
    assert_int_equal(has_bit(s->chosen, k), rank < r->topk);
    if (rank == r->topk - 1)
      assert_int_equal(s->cut.last_in, score_of(r, k));
    if (rank == r->topk)
      assert_int_equal(s->cut.first_out, score_of(r, k));
  }
  assert_int_equal(bits_of(s->chosen, s->words), r->topk);
  int32_t last = alf_scan_find(s, s->cut.last_in, true), first = alf_scan_find(s, s->cut.first_out, false);
  assert_true(has_bit(s->chosen, last) && score_of(r, last) == s->cut.last_in);
  assert_true(!has_bit(s->chosen, first) && score_of(r, first) == s->cut.first_out);
  assert_int_equal(alf_scan_find(s, s->cut.first_out - 1000000000, true), -1);
}

static void check_reach(const row *r, const alf_scan *s)
{
  int64_t low = INT64_MAX, high = INT64_MIN;
  for (int32_t k = 0; k < r->experts; k++) {
    int64_t score = score_of(r, k);
    if (has_bit(s->chosen, k) && score - r->down[k] < low)
      low = score - r->down[k];
    if (score <= s->cut.first_out && score + r->up[k] > high)
      high = score + r->up[k];
  }
  assert_int_equal(s->lowest_chosen, low);
  assert_int_equal(s->highest_other, high);
}

static void check_within(const row *r, alf_scan *s)
{
  int32_t expected = 0;
  alf_scan_within(s, s->highest_other, s->lowest_chosen);
  for (int32_t k = 0; k < r->experts; k++) {
    bool above = score_of(r, k) > s->cut.first_out;
    bool is_within =
        above ? score_of(r, k) - r->down[k] <= s->highest_other : score_of(r, k) + r->up[k] >= s->lowest_chosen;
    assert_int_equal(has_bit(s->within, k), is_within);
    expected += is_within;
  }
  assert_int_equal(bits_of(s->within, s->words), expected);
}

static void check_row(const row *r, const alf_scan_kernel *kernel, uint64_t *seed)
{
  alf_scan s = {0};
  alf_error err = {0};
  assert_ok(alf_scan_alloc(&s, r->experts, r->topk, &err), &err);
  s.kernel = kernel;
  memcpy(s.price, r->price, (size_t)r->experts * sizeof *s.price);
  memcpy(s.down, r->down, (size_t)r->experts * sizeof *s.down);
  memcpy(s.up, r->up, (size_t)r->experts * sizeof *s.up);
  alf_scan_token(&s, r->affinity, ALF_SCAN_NO_GUESS);
  check_selection(r, &s);
  check_reach(r, &s);
  check_within(r, &s);
  int64_t guesses[] = {alf_cut_middle(s.cut), s.cut.last_in, s.cut.first_out - 1,
                       score_of(r, (int32_t)(next(seed) % (uint64_t)r->experts))};
  for (size_t g = 0; g < sizeof guesses / sizeof *guesses; g++) {
    alf_scan_token(&s, r->affinity, guesses[g]);
    check_selection(r, &s);
    check_reach(r, &s);
  }
  alf_scan_free(&s);
}

static void every_kernel_agrees_with_the_definition(void **state)
{
  (void)state;
  for (const alf_scan_kernel *const *kernel = alf_scan_kernels; *kernel; kernel++) {
    uint64_t seed = 1;
    for (int n = 0; n < ROWS && (*kernel)->runs_here(); n++) {
      row r = random_row(&seed);
      check_row(&r, *kernel, &seed);
    }
  }
}

/* Scores of any size, as keys of doubles are. */
static void cuts_hold_at_the_ends_of_the_range(void **state)
{
  (void)state;
  int64_t score[64];
  for (const alf_scan_kernel *const *kernel = alf_scan_kernels; *kernel; kernel++)
    for (int32_t experts = 16; experts <= 64 && (*kernel)->runs_here(); experts += 16)
      for (int32_t topk = 1; topk < experts && topk <= ALF_SCAN_MOST_TOPK; topk++) {
        for (int32_t k = 0; k < experts; k++)
          score[k] = k < topk ? INT64_MAX - k : INT64_MIN + k - topk;
        alf_cut cut;
        if (!(*kernel)->cut(score, experts, topk, &cut))
          cut = alf_cut_by_insertion(score, experts, topk);
        assert_int_equal(cut.last_in, INT64_MAX - (topk - 1));
        assert_int_equal(cut.first_out, INT64_MIN + experts - 1 - topk);
      }
}

static void the_last_kernel_runs_everywhere(void **state)
{
  (void)state;
  const alf_scan_kernel *last = NULL;
  for (const alf_scan_kernel *const *kernel = alf_scan_kernels; *kernel; kernel++)
    last = *kernel;
  assert_string_equal(last->name, "plain");
  assert_true(last->runs_here());
  assert_true(alf_scan_fastest()->runs_here());
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kernel_agrees_with_the_definition),
      cmocka_unit_test(cuts_hold_at_the_ends_of_the_range),
      cmocka_unit_test(the_last_kernel_runs_everywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
