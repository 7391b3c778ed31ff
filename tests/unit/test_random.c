/* Philox4x32-10 against the known answers of Random123, and the layout of streams. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "alf/random.h"
#include "core/philox.h"

/* Random123, tests/kat_vectors, the three lines "philox4x32 10": counter, key, answer. */
static const struct {
  uint32_t counter[4], key[2], answer[4];
} known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

static gsl_rng *generator(void)
{
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  assert_non_null(rng);
  return rng;
}

static void test_known_answers(void **state)
{
  (void)state;
  gsl_rng *rng = generator();
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    alf_philox *s = rng->state;
    alf_rng_stream(rng, 0, 0, 0);
    memcpy(s->counter, known[i].counter, sizeof s->counter);
    memcpy(s->key, known[i].key, sizeof s->key);
    for (int word = 0; word < 4; word++)
      assert_int_equal(gsl_rng_get(rng), known[i].answer[word]);
  }
  gsl_rng_free(rng);
}

/* The counter is (block, batch, token, upper bits of both), the key is the seed. */
static void test_stream_layout(void **state)
{
  (void)state;
  gsl_rng *rng = generator();
  alf_rng_stream(rng, 0, 0, 0);
  assert_int_equal(gsl_rng_get(rng), known[0].answer[0]);
  alf_rng_stream(rng, UINT64_MAX, UINT64_MAX, UINT64_MAX);
  ((alf_philox *)rng->state)->counter[0] = UINT32_MAX;
  assert_int_equal(gsl_rng_get(rng), known[1].answer[0]);
  alf_rng_stream(rng, 0x299f31d0a4093822, 0x037085a308d3, 0x734413198a2e);
  ((alf_philox *)rng->state)->counter[0] = 0x243f6a88;
  assert_int_equal(gsl_rng_get(rng), known[2].answer[0]);
  gsl_rng_free(rng);
}

static unsigned long first_word(gsl_rng *rng, uint64_t seed, uint64_t batch, uint64_t token)
{
  alf_rng_stream(rng, seed, batch, token);
  return gsl_rng_get(rng);
}

static void test_streams_differ(void **state)
{
  (void)state;
  gsl_rng *rng = generator();
  const uint64_t far = UINT64_C(1) << 32;
  const uint64_t streams[][3] = {{1, 0, 0},   {0, 1, 0},   {0, 0, 1},   {0, 0, 0},
                                 {far, 0, 0}, {0, far, 0}, {0, 0, far}, {0, 0, ALF_RNG_SHARED}};
  const size_t count = sizeof streams / sizeof *streams;
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < i; j++)
      assert_int_not_equal(first_word(rng, streams[i][0], streams[i][1], streams[i][2]),
                           first_word(rng, streams[j][0], streams[j][1], streams[j][2]));
  gsl_rng_free(rng);
}

/* What a stream gives does not depend on what was read before, nor on leftovers of a block. */
static void test_order_does_not_matter(void **state)
{
  (void)state;
  gsl_rng *rng = generator();
  double forward[16][5];
  for (uint64_t token = 0; token < 16; token++) {
    alf_rng_stream(rng, 5, 2, token);
    for (int i = 0; i < 5; i++)
      forward[token][i] = gsl_rng_uniform(rng);
  }
  for (uint64_t token = 16; token-- > 0;) {
    alf_rng_stream(rng, 5, 2, token);
    for (int i = 0; i < 5; i++)
      assert_true(gsl_rng_uniform(rng) == forward[token][i]);
    gsl_rng_get(rng);
  }
  gsl_rng_free(rng);
}

/* A double is made of two words, the first one on top; all 53 bits occur. */
static void test_uniform_resolution(void **state)
{
  (void)state;
  gsl_rng *words = generator(), *doubles = generator();
  alf_rng_stream(words, 3, 0, 0);
  alf_rng_stream(doubles, 3, 0, 0);
  uint64_t set = 0, clear = 0;
  for (int i = 0; i < 200; i++) {
    uint64_t high = gsl_rng_get(words) >> 5, low = gsl_rng_get(words) >> 6;
    double uniform = gsl_rng_uniform(doubles), scaled = ldexp(uniform, 53);
    assert_true(uniform >= 0 && uniform < 1 && scaled == floor(scaled));
    assert_true((uint64_t)scaled == high * (UINT64_C(1) << 26) + low);
    set |= (uint64_t)scaled;
    clear |= ~(uint64_t)scaled;
  }
  const uint64_t all = (UINT64_C(1) << 53) - 1;
  assert_true((set & all) == all && (clear & all) == all);
  gsl_rng_free(words);
  gsl_rng_free(doubles);
}

/* 1e5 draws: mean 1/2 and variance 1/12 within five standard errors (9.1e-4 and 2.4e-4 a standard error). */
static void test_uniform_moments(void **state)
{
  (void)state;
  gsl_rng *rng = generator();
  double sum = 0, squares = 0;
  const int draws = 100000;
  for (int i = 0; i < draws; i++) {
    double x = gsl_rng_uniform(rng);
    sum += x;
    squares += x * x;
  }
  assert_near(sum / draws, 0.5, 5 * 9.1e-4);
  assert_near(squares / draws - sum / draws * sum / draws, 1.0 / 12, 5 * 2.4e-4);
  gsl_rng_free(rng);
}

static void test_gsl_interface(void **state)
{
  (void)state;
  gsl_rng *rng = generator(), *copy;
  assert_string_equal(gsl_rng_name(rng), "philox4x32-10");
  assert_int_equal(gsl_rng_max(rng), UINT32_MAX);
  assert_int_equal(gsl_rng_min(rng), 0);
  gsl_rng_set(rng, 42);
  unsigned long word = gsl_rng_get(rng);
  assert_int_equal(word, first_word(rng, 42, 0, 0));
  copy = gsl_rng_clone(rng);
  for (int i = 0; i < 9; i++)
    assert_int_equal(gsl_rng_get(rng), gsl_rng_get(copy));
  gsl_rng_free(copy);
  gsl_rng_free(rng);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_known_answers),      cmocka_unit_test(test_stream_layout),
      cmocka_unit_test(test_streams_differ),     cmocka_unit_test(test_order_does_not_matter),
      cmocka_unit_test(test_uniform_resolution), cmocka_unit_test(test_uniform_moments),
      cmocka_unit_test(test_gsl_interface),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
