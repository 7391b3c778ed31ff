/* Batches, and the dyadic door. */
#include "support.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alf/random.h"

/* A view of doubles. */
static alf_affinity view(const double *values, int64_t tokens, int32_t experts)
{
  return (alf_affinity){.dtype = ALF_FLOAT64, .tokens = tokens, .experts = experts, .values = values};
}

static void test_alloc(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_affinity a = {0};
  const alf_dtype types[] = {ALF_FLOAT32, ALF_FLOAT64, ALF_DYADIC};
  for (int i = 0; i < 3; i++) {
    assert_ok(alf_affinity_alloc(&a, types[i], 5, 3, &err), &err);
    assert_int_equal(a.dtype, types[i]);
    assert_int_equal(a.tokens, 5);
    assert_int_equal(a.experts, 3);
    assert_int_equal(a.grid_bits, types[i] == ALF_DYADIC ? 40 : 0);
    assert_true(a.values == a.storage && a.rounding_bound == 0);
    memset(a.storage, 0, 15 * (size_t)(types[i] == ALF_FLOAT32 ? 4 : 8));
    alf_affinity_free(&a);
    assert_true(a.storage == NULL && a.values == NULL && a.tokens == 0);
  }
  alf_affinity_free(&a);
  alf_affinity_free(NULL);
}

static void test_alloc_refuses(void **state)
{
  (void)state;
  alf_error err = {0};
  alf_affinity a = {0};
  assert_fails(alf_affinity_alloc(&a, ALF_FLOAT64, 4, 1, &err), ALF_EINVAL, &err, "experts 1: expected 2..4096");
  assert_fails(alf_affinity_alloc(&a, ALF_FLOAT64, 4, 4097, &err), ALF_EINVAL, &err, "experts 4097");
  assert_fails(alf_affinity_alloc(&a, ALF_FLOAT64, 0, 2, &err), ALF_EINVAL, &err, "tokens 0: expected 1..");
  assert_fails(alf_affinity_alloc(&a, ALF_FLOAT64, -1, 2, &err), ALF_EINVAL, &err, "tokens -1");
  assert_fails(alf_affinity_alloc(&a, (alf_dtype)7, 4, 2, &err), ALF_EINVAL, &err, "dtype 7");
  /* T·E·8 = 2^63 is one too many; 2^64 + 128 would come out as 128. */
  assert_fails(alf_affinity_alloc(&a, ALF_DYADIC, INT64_C(1) << 58, 4, &err), ALF_EINVAL, &err, "tokens");
  assert_fails(alf_affinity_alloc(&a, ALF_DYADIC, (INT64_C(1) << 59) + 4, 4, &err), ALF_EINVAL, &err, "tokens");
  assert_true(a.storage == NULL);
}

/* Ties to even, both signs, and a measured bound. */
static void test_rounding(void **state)
{
  (void)state;
  const double unit = 0x1p-40;
  const double values[] = {0.5 * unit,  1.5 * unit, 2.5 * unit, -0.5 * unit, -1.5 * unit,
                           0.75 * unit, -0.0,       1.0,        0.1,         1.25 * unit};
  const int64_t expected[] = {0, 2, 2, 0, -2, 1, 0, INT64_C(1) << 40, INT64_C(109951162778), 1};
  alf_affinity in = view(values, 5, 2), out = {0};
  alf_error err = {0};
  assert_ok(alf_affinity_convert(&in, ALF_DYADIC, &out, &err), &err);
  assert_int_equal(out.grid_bits, 40);
  for (int i = 0; i < 10; i++)
    assert_int_equal(alf_affinity_row(&out, i / 2)[i % 2], expected[i]);
  assert_true(out.rounding_bound == 0.5 * unit);
  assert_true(alf_affinity_get(&out, 3, 1) == 1.0);
  alf_affinity_free(&out);
}

/* Exactly representable batches pass the door unchanged, and the bound says so. */
static void test_exact_batch(void **state)
{
  (void)state;
  const float values[] = {0.5f, 0.25f, 0x1p-40f, 1 - 0x1p-24f, 0x1.fffffep-17f, 0};
  alf_affinity in = {.dtype = ALF_FLOAT32, .tokens = 2, .experts = 3, .values = values}, out = {0};
  alf_error err = {0};
  assert_ok(alf_affinity_convert(&in, ALF_DYADIC, &out, &err), &err);
  assert_true(out.rounding_bound == 0);
  for (int i = 0; i < 6; i++)
    assert_true(alf_affinity_get(&out, i / 3, i % 3) == (double)values[i]);
  alf_affinity_free(&out);
}

/* The grid is the finest one on which every |value| stays below 2^41 units, also when it is rounded up. */
static void test_grid_choice(void **state)
{
  (void)state;
  const struct {
    double largest;
    int bits;
  } cases[] = {{0, 40},        {1, 40},         {0x1.fffffffffffffp0, 39},
               {2, 39},        {-2, 39},        {3.5, 39},
               {4, 38},        {0x1p41, -1},    {1e6, 21},
               {DBL_MIN, 40},  {-0x1.8p10, 30}, {0x1.fffffffffffffp99, -60},
               {0x1p-1074, 40}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const double values[2] = {0.25, cases[i].largest};
    alf_affinity in = view(values, 1, 2), out = {0};
    alf_error err = {0};
    assert_ok(alf_affinity_convert(&in, ALF_DYADIC, &out, &err), &err);
    assert_int_equal(out.grid_bits, cases[i].bits);
    assert_true(llabs(alf_affinity_row(&out, 0)[1]) < INT64_C(1) << 41);
    assert_near(alf_affinity_get(&out, 0, 1), cases[i].largest, ldexp(0.5, -cases[i].bits));
    alf_affinity_free(&out);
  }
}

/* The bound is the maximum over cells, attained by one of them, and at most half a unit. */
static void test_bound_is_measured(void **state)
{
  (void)state;
  gsl_rng *rng = gsl_rng_alloc(alf_rng_philox);
  double values[256];
  for (uint64_t trial = 0; trial < 50; trial++) {
    alf_rng_stream(rng, 1, 0, trial);
    double scale = ldexp(1, (int)gsl_rng_uniform_int(rng, 60) - 20), worst = 0;
    for (int i = 0; i < 256; i++)
      values[i] = scale * (2 * gsl_rng_uniform(rng) - 1);
    alf_affinity in = view(values, 16, 16), out = {0};
    alf_error err = {0};
    assert_ok(alf_affinity_convert(&in, ALF_DYADIC, &out, &err), &err);
    for (int i = 0; i < 256; i++)
      worst = fmax(worst, fabs(values[i] - alf_affinity_get(&out, i / 16, i % 16)));
    assert_true(out.rounding_bound == worst && worst <= ldexp(0.5, -out.grid_bits));
    alf_affinity_free(&out);
  }
  gsl_rng_free(rng);
}

static void test_convert_refuses(void **state)
{
  (void)state;
  double values[6] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
  alf_affinity in = view(values, 3, 2), out = {0};
  alf_error err = {0};
  assert_fails(alf_affinity_convert(&in, (alf_dtype)7, &out, &err), ALF_EINVAL, &err, "dtype 7: expected ALF_FLOAT32");
  const double bad[] = {NAN, INFINITY, -INFINITY};
  const char *shown[] = {"nan", "inf", "-inf"};
  for (int i = 0; i < 3; i++) {
    values[3] = bad[i];
    assert_fails(alf_affinity_convert(&in, ALF_DYADIC, &out, &err), ALF_EFORMAT, &err, "token 1, expert 1");
    assert_fails(alf_affinity_convert(&in, ALF_FLOAT64, &out, &err), ALF_EFORMAT, &err, shown[i]);
  }
  values[3] = -0x1p100;
  assert_fails(alf_affinity_convert(&in, ALF_DYADIC, &out, &err), ALF_ERANGE, &err, "token 1, expert 1");
  assert_ok(alf_affinity_convert(&in, ALF_FLOAT64, &out, &err), &err);
  assert_true(alf_affinity_get(&out, 1, 1) == -0x1p100);
  alf_affinity_free(&out);
}

static void test_from_dyadic(void **state)
{
  (void)state;
  int64_t units[] = {INT64_C(1) << 40, -3, 0, (INT64_C(1) << 53) - 1};
  alf_affinity in = {
      .dtype = ALF_DYADIC, .tokens = 2, .experts = 2, .grid_bits = 38, .values = units, .rounding_bound = 0x1p-39};
  alf_affinity out = {0};
  alf_error err = {0};
  assert_ok(alf_affinity_convert(&in, ALF_FLOAT64, &out, &err), &err);
  const double *values = out.values;
  assert_true(values[0] == 4 && values[1] == -3 * 0x1p-38 && values[3] == (double)units[3] * 0x1p-38);
  assert_true(out.rounding_bound == 0 && out.grid_bits == 0);
  alf_affinity_free(&out);
  assert_ok(alf_affinity_convert(&in, ALF_DYADIC, &out, &err), &err);
  assert_int_equal(out.grid_bits, 38);
  assert_true(out.rounding_bound == in.rounding_bound && out.values != in.values);
  assert_memory_equal(out.values, units, sizeof units);
  alf_affinity_free(&out);
  units[3]++;
  assert_fails(alf_affinity_convert(&in, ALF_FLOAT64, &out, &err), ALF_ERANGE, &err, "token 1, expert 1");
}

static void test_check_topk(void **state)
{
  (void)state;
  const double values[8] = {0};
  alf_affinity a = view(values, 2, 4);
  alf_error err = {0};
  assert_ok(alf_check_topk(&a, 1, &err), &err);
  assert_ok(alf_check_topk(&a, 3, &err), &err);
  assert_fails(alf_check_topk(&a, 0, &err), ALF_EINVAL, &err, "topk 0: expected 1..3");
  assert_fails(alf_check_topk(&a, 4, &err), ALF_EINVAL, &err, "topk 4: expected 1..3 with 4 experts");
  a.tokens = 0;
  assert_fails(alf_check_topk(&a, 1, &err), ALF_EINVAL, &err, "tokens 0");
  a = view(values, 8, 1);
  assert_fails(alf_check_topk(&a, 1, &err), ALF_EINVAL, &err, "experts 1");
  assert_int_equal(alf_check_topk(&a, 1, NULL), ALF_EINVAL);
  a.experts = ALF_MAX_EXPERTS + 1;
  assert_fails(alf_check_topk(&a, 1, &err), ALF_EINVAL, &err, "experts 4097: expected 2..4096");
  a.experts = 2;
  a.tokens = INT64_C(1) << 60;
  assert_fails(alf_check_topk(&a, 1, &err), ALF_EINVAL, &err, "tokens 1152921504606846976: expected 1..");
  a.tokens = (INT64_C(1) << 59) - 1;
  assert_ok(alf_check_topk(&a, 1, &err), &err);
}

/* To the nearest single, ties to even, and no further than singles go: halfway to 2^128 is infinite already. */
static void test_to_float32(void **state)
{
  (void)state;
  const double half = 0x1p-24; /* of the last place of 1 */
  double values[] = {1 + half, 1 + 3 * half, -(1 + half) - 0x1p-50, 0x1p-150, 0x1.8p-150, -0.0, 0x1.fffffefp+127, 0.1};
  const float expected[] = {1, 1 + 0x1p-22f, -1 - 0x1p-23f, 0, 0x1p-149f, 0, FLT_MAX, 0.1f};
  alf_affinity in = view(values, 4, 2), out = {0};
  alf_error err = {0};
  assert_ok(alf_affinity_convert(&in, ALF_FLOAT32, &out, &err), &err);
  assert_int_equal(out.dtype, ALF_FLOAT32);
  for (int i = 0; i < 8; i++)
    assert_true(((const float *)out.values)[i] == expected[i]);
  alf_affinity_free(&out);
  values[5] = 0x1.ffffffp127;
  assert_fails(alf_affinity_convert(&in, ALF_FLOAT32, &out, &err), ALF_ERANGE, &err, "token 2, expert 1");
  const int64_t units[] = {(INT64_C(1) << 40) + (INT64_C(1) << 16), -3, 0, INT64_C(1) << 40};
  alf_affinity grid = {.dtype = ALF_DYADIC, .tokens = 2, .experts = 2, .grid_bits = 40, .values = units};
  assert_ok(alf_affinity_convert(&grid, ALF_FLOAT32, &out, &err), &err);
  assert_true(((const float *)out.values)[0] == 1 && ((const float *)out.values)[1] == -3 * 0x1p-40f);
  alf_affinity_free(&out);
}

static const alf_dtype every_type[] = {ALF_FLOAT32, ALF_FLOAT64, ALF_DYADIC};

static size_t size_of(alf_dtype dtype)
{
  return dtype == ALF_FLOAT32 ? 4 : 8;
}

/* The same as converting, whatever the types. */
static void taking_is_converting(void **state)
{
  (void)state;
  enum { TOKENS = 9, EXPERTS = 31 };
  double values[TOKENS * EXPERTS];
  for (int c = 0; c < TOKENS * EXPERTS; c++)
    values[c] = c % 2 ? 7.25 / (c + 1) : -0.1 * c / EXPERTS;
  alf_affinity source = view(values, TOKENS, EXPERTS);
  for (int pair = 0; pair < 9; pair++) {
    alf_dtype from = every_type[pair / 3], to = every_type[pair % 3];
    alf_affinity in = {0}, converted = {0}, taken = {0};
    alf_error err = {0};
    assert_ok(alf_affinity_convert(&source, from, &in, &err), &err);
    const void *memory = in.storage;
    assert_ok(alf_affinity_convert(&in, to, &converted, &err), &err);
    assert_ok(alf_affinity_take(&in, to, &taken, &err), &err);
    assert_null(in.storage);
    assert_true(size_of(from) != size_of(to) || taken.storage == memory);
    assert_true(taken.dtype == to && taken.tokens == TOKENS && taken.experts == EXPERTS);
    assert_true(taken.values == taken.storage && taken.grid_bits == converted.grid_bits);
    assert_true(taken.rounding_bound == converted.rounding_bound);
    assert_memory_equal(taken.values, converted.values, TOKENS * EXPERTS * size_of(to));
    alf_affinity_free(&converted);
    alf_affinity_free(&taken);
  }
}

/* A view has nothing to hand over, and ends empty like any other. */
static void taking_a_view_copies(void **state)
{
  (void)state;
  const double values[] = {0.5, 0.25};
  alf_affinity in = view(values, 1, 2), taken = {0};
  alf_error err = {0};
  assert_ok(alf_affinity_take(&in, ALF_FLOAT64, &taken, &err), &err);
  assert_true(!in.values && taken.values != values);
  assert_memory_equal(taken.values, values, sizeof values);
  alf_affinity_free(&taken);
}

static void taking_refuses_and_leaves_alone(void **state)
{
  (void)state;
  double values[] = {1, 2, NAN, 4};
  alf_affinity in = {0}, out = {0};
  alf_error err = {0};
  assert_ok(alf_affinity_alloc(&in, ALF_FLOAT64, 2, 2, &err), &err);
  memcpy(in.storage, values, sizeof values);
  for (int i = 0; i < 3; i++)
    assert_fails(alf_affinity_take(&in, every_type[i], &out, &err), ALF_EFORMAT, &err, "token 1, expert 0");
  assert_fails(alf_affinity_take(&in, (alf_dtype)7, &out, &err), ALF_EINVAL, &err, "dtype 7");
  assert_null(out.storage);
  assert_memory_equal(in.storage, values, sizeof values);
  alf_affinity_free(&in);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_alloc),
      cmocka_unit_test(test_alloc_refuses),
      cmocka_unit_test(test_rounding),
      cmocka_unit_test(test_exact_batch),
      cmocka_unit_test(test_grid_choice),
      cmocka_unit_test(test_bound_is_measured),
      cmocka_unit_test(test_convert_refuses),
      cmocka_unit_test(test_from_dyadic),
      cmocka_unit_test(test_check_topk),
      cmocka_unit_test(test_to_float32),
      cmocka_unit_test(taking_is_converting),
      cmocka_unit_test(taking_a_view_copies),
      cmocka_unit_test(taking_refuses_and_leaves_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
