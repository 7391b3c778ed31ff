/* Passes over rows: e^x against the C library's, every pass against its formula in double precision, and all instruction
   sets against each other, bit by bit. */
#include "support.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "moe/rows.h"

enum { ROOM = 4096, ARRAYS = 6 };

/* Numbers that look like those of a network, the same in every call. */
static float number(uint32_t i)
{
  uint32_t x = i * 2654435761u + 12345u;
  x ^= x >> 15;
  x *= 2246822519u;
  x ^= x >> 13;
  return (float)(x % 20001) / 4000.f - 2.5f;
}

typedef struct arrays {
  float a[ARRAYS][ROOM];
  double d[ROOM];
} arrays;

static void fill(arrays *x)
{
  for (uint32_t j = 0; j < ARRAYS * ROOM; j++)
    x->a[j / ROOM][j % ROOM] = number(j);
  memset(x->d, 0, sizeof x->d);
}

/* All kernels that run here. */
#define EACH_KERNEL(k)                                                                                                 \
  for (const alf_rows_kernel *const *k = alf_rows_kernels; *k; k++)                                                    \
    if ((*k)->runs_here())

/* e^x is off by at most so many units in the last place, over all of its range. */
static void exponentials_are_near(void **state)
{
  (void)state;
  static float x[ROOM], y[ROOM];
  double worst = 0;
  int64_t looked_at = 0;
  for (float at = -87; at <= 80;) {
    int count = 0;
    for (; count < ROOM && at <= 80; count++) {
      x[count] = y[count] = at;
      at += fabsf(at) * 2e-5f + 1e-7f;
    }
    alf_rows_fastest()->exponential(y, count);
    for (int j = 0; j < count; j++) {
      double exact = exp((double)x[j]), unit = ldexp(1, ilogb(exact) - 23);
      worst = fmax(worst, fabs((double)y[j] - exact) / unit);
    }
    looked_at += count;
  }
  assert_true(looked_at > 500000);
  assert_true(worst < 1.1 && worst > 0.4);
}

static void exponentials_have_ends(void **state)
{
  (void)state;
  EACH_KERNEL(k)
  {
    float x[] = {0, -0.f, -87.00001f, -88, -1e30f, -INFINITY, 80, 81, 1e30f, INFINITY, NAN, -87, 1e-40f};
    float top = (float)exp(80);
    (*k)->exponential(x, 13);
    assert_true(x[0] == 1 && x[1] == 1 && x[12] == 1);
    for (int j = 2; j < 6; j++)
      assert_true(x[j] == 0);
    for (int j = 6; j < 10; j++)
      assert_near((double)(x[j] / top), 1, 1e-6);
    assert_true(isnan(x[10]));
    assert_true(x[11] >= FLT_MIN); /* no number below what is normal */
  }
}

/* Every pass, on rows of `width` numbers, and what all of them leave in the arrays. */
static void run_all(const alf_rows_kernel *k, arrays *x, int64_t width)
{
  int64_t rows = 5, half = width / 2 * 2;
  alf_view block = {x->a[4], width + 3}, dblock = {x->a[5], width + 3};
  static const int32_t place[] = {3, 0, 4, 1, 2, 0};
  const int32_t target[] = {0, (int32_t)width - 1, 0, (int32_t)width / 2, 0};
  const alf_adam_factors factors = {0.5f, 0.9f, 0.95f, 1e-2f, 1.25f, 1e-8f, 0.999f};
  fill(x);
  k->norm(x->a[0], x->a[1], x->a[2], x->a[3], rows, width);
  k->norm_back(x->a[0], x->a[1], x->a[3], x->a[2], x->a[4], x->a[5], x->a[1] + 2000, rows, width);
  k->rotate((alf_view){x->a[0], half + 1}, x->a[1], true, 0.7f, rows, half);
  k->softmax(x->a[2], rows, width);
  k->sigmoid(x->a[3], rows * width);
  k->swiglu(x->a[0], x->a[3], rows, width);
  k->swiglu_back(x->a[0], x->a[3], x->a[1], x->a[4], x->a[5], x->a[2], rows, width);
  k->add(x->a[0], x->a[3], x->a[0], rows * width);
  k->add_places(x->a[0], width, place, x->a[1], 3, x->a[2], true);
  k->add_places(x->a[0], width, place + 3, NULL, 3, x->a[2], false);
  x->a[3][0] = k->dot(x->a[0], x->a[1], width);
  x->d[0] = k->squares(x->a[0], rows * width);
  k->softmax_back(x->a[2], x->a[3], width);
  k->sigmoid_back(x->a[2], x->a[3] + width, width);
  k->softmax_causal(block, width - rows, rows);
  k->softmax_causal_back(block, dblock, width - rows, rows);
  k->adam(&factors, x->a[0], x->a[1], x->a[3] + 2000, x->a[2], rows * width);
  k->loss(x->a[0], target, 0.25f, x->d + 1, rows, width);
}

static void instruction_sets_give_the_same_bits(void **state)
{
  (void)state;
  static const int64_t widths[] = {5, 6, 8, 15, 16, 17, 32, 33, 63, 64, 65, 100, 128, 200};
  arrays *first = malloc(sizeof *first), *other = malloc(sizeof *other);
  assert_true(first && other);
  for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
    const alf_rows_kernel *plain = NULL;
    EACH_KERNEL(k) plain = *k;
    assert_string_equal(plain->name, "plain");
    run_all(plain, first, widths[w]);
    EACH_KERNEL(k)
    {
      run_all(*k, other, widths[w]);
      if (memcmp(first, other, sizeof *first) != 0)
        fail_msg("%s gives other bits than plain at width %d", (*k)->name, (int)widths[w]);
    }
  }
  free(first);
  free(other);
}

static double sigma(double x)
{
  return 1 / (1 + exp(-x));
}

/* Within what sums of a few dozen numbers in single precision lose. */
#define assert_close(a, b) assert_near((double)(a), (b), 4e-6 * (1 + fabs((double)(b))))

static void norms_are_what_they_say(void **state)
{
  (void)state;
  enum { ROWS = 3, WIDTH = 21 };
  float x[ROWS * WIDTH], g[WIDTH], y[ROWS * WIDTH], scale[ROWS];
  for (uint32_t j = 0; j < ROWS * WIDTH; j++)
    x[j] = number(j);
  for (uint32_t j = 0; j < WIDTH; j++)
    g[j] = number(1000 + j);
  alf_rows_fastest()->norm(x, g, y, scale, ROWS, WIDTH);
  for (int t = 0; t < ROWS; t++) {
    double squares = 0;
    for (int d = 0; d < WIDTH; d++)
      squares += pow((double)x[t * WIDTH + d], 2);
    double own = 1 / sqrt(squares / WIDTH + 1e-6);
    assert_close(scale[t], own);
    for (int d = 0; d < WIDTH; d++)
      assert_close(y[t * WIDTH + d], (double)x[t * WIDTH + d] * own * (double)g[d]);
  }
}

static void softmax_looks_back_only(void **state)
{
  (void)state;
  enum { S = 37, FIRST = 20, ROWS = 17, STRIDE = 40 };
  float x[ROWS * STRIDE], w[ROWS * STRIDE], d[ROWS * STRIDE], dw[ROWS * STRIDE];
  for (uint32_t j = 0; j < ROWS * STRIDE; j++) {
    x[j] = w[j] = 3 * number(j);
    d[j] = dw[j] = number(5000 + j);
  }
  alf_rows_fastest()->softmax_causal((alf_view){w, STRIDE}, FIRST, ROWS);
  alf_rows_fastest()->softmax_causal_back((alf_view){w, STRIDE}, (alf_view){dw, STRIDE}, FIRST, ROWS);
  for (int t = 0; t < ROWS; t++) {
    const float *row = x + t * STRIDE;
    double sum = 0, along = 0;
    for (int j = 0; j <= FIRST + t; j++)
      sum += exp((double)row[j]);
    for (int j = 0; j <= FIRST + t; j++)
      along += exp((double)row[j]) / sum * (double)d[t * STRIDE + j];
    for (int j = 0; j < S; j++) {
      double own = j <= FIRST + t ? exp((double)row[j]) / sum : 0;
      assert_close(w[t * STRIDE + j], own);
      assert_close(dw[t * STRIDE + j], own * ((double)d[t * STRIDE + j] - along));
    }
    for (int j = S; j < STRIDE; j++)
      assert_true(w[t * STRIDE + j] == row[j]); /* what is not its own stays */
  }
}

static void gates_and_experts_are_what_they_say(void **state)
{
  (void)state;
  enum { F = 19 };
  float pre[2 * F], active[F], dactive[F], again[F], dpre[2 * F], weight = 0.3f, dweight;
  double along = 0;
  for (uint32_t f = 0; f < F; f++) {
    pre[f] = number(f);
    pre[F + f] = number(100 + f);
    dactive[f] = number(200 + f);
  }
  alf_rows_fastest()->swiglu(pre, active, 1, F);
  alf_rows_fastest()->swiglu_back(pre, dactive, &weight, again, dpre, &dweight, 1, F);
  for (int f = 0; f < F; f++) {
    double gate = (double)pre[f], value = (double)pre[F + f], s = sigma(gate), d = 0.3 * (double)dactive[f];
    assert_close(active[f], gate * s * value);
    assert_close(again[f], 0.3 * gate * s * value);
    assert_close(dpre[f], d * value * (s + gate * s * (1 - s)));
    assert_close(dpre[F + f], d * gate * s);
    along += gate * s * value * (double)dactive[f];
  }
  assert_close(dweight, along);
}

static void losses_are_what_they_say(void **state)
{
  (void)state;
  enum { V = 50 };
  float logit[V], x[V];
  int32_t target = 7;
  double loss, sum = 0;
  for (uint32_t v = 0; v < V; v++)
    sum += exp((double)(x[v] = logit[v] = 4 * number(v)));
  alf_rows_fastest()->loss(logit, &target, 0.125f, &loss, 1, V);
  assert_close(loss, log(sum) - (double)x[7]);
  for (int v = 0; v < V; v++)
    assert_close(logit[v], (exp((double)x[v]) / sum - (v == target)) / 8);
}

/* m = 0.9·2 + 0.1·g, s = 0.95·3 + 0.05·g², g = clip·gradient. */
static void adam_is_what_it_says(void **state)
{
  (void)state;
  const alf_adam_factors factors = {0.5f, 0.9f, 0.95f, 0.1f, 1.25f, 1e-8f, 0.99f};
  float gradient[] = {4, -4, 0, 0, 0}, mean[] = {2, 2, 2, 1e-30f, -1e-30f}, square[] = {3, 3, 0, 1e-36f, 1},
        parameter[] = {1, 1, 1, 1, 1};
  alf_rows_fastest()->adam(&factors, gradient, mean, square, parameter, 5);
  assert_close(mean[0], 0.9 * 2 + 0.1 * 2);
  assert_close(mean[1], 0.9 * 2 - 0.1 * 2);
  assert_close(square[0], 0.95 * 3 + 0.05 * 4);
  assert_close(parameter[0], 0.99 - 0.1 * 2 / (sqrt(3.05) * 1.25));
  assert_close(parameter[1], 0.99 - 0.1 * 1.6 / (sqrt(3.05) * 1.25));
  assert_true(mean[3] == 0 && square[3] == 0 && mean[4] == 0); /* before they get subnormal */
  assert_near((double)square[4], 0.95, 1e-6);
}

static void rows_turn_and_turn_back(void **state)
{
  (void)state;
  float x[] = {1, 2, 3, 4, 9}, turn[] = {0, 0.6f, 1, 0.8f}; /* angles of 90 degrees, and of 53 */
  alf_rows_fastest()->rotate((alf_view){x, 5}, turn, false, 1, 1, 4);
  assert_close(x[0], -3);
  assert_close(x[2], 1);
  assert_close(x[1], 0.6 * 2 - 0.8 * 4);
  assert_close(x[3], 0.8 * 2 + 0.6 * 4);
  alf_rows_fastest()->rotate((alf_view){x, 5}, turn, true, 2, 1, 4);
  for (int j = 0; j < 4; j++)
    assert_close(x[j], 2. * (j + 1));
  assert_true(x[4] == 9);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exponentials_are_near),
      cmocka_unit_test(exponentials_have_ends),
      cmocka_unit_test(instruction_sets_give_the_same_bits),
      cmocka_unit_test(norms_are_what_they_say),
      cmocka_unit_test(softmax_looks_back_only),
      cmocka_unit_test(gates_and_experts_are_what_they_say),
      cmocka_unit_test(losses_are_what_they_say),
      cmocka_unit_test(adam_is_what_it_says),
      cmocka_unit_test(rows_turn_and_turn_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
