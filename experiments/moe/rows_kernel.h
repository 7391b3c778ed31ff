/* The kernel of rows.h for one instruction set: the file that includes this has told the compiler which. Loops are plain C
   that GCC vectorises. */
#include <math.h>
#include <string.h>

#include "core/hot.h"
#include "moe/rows.h"

#define NORM_EPSILON 1e-6
#define RESTRICT     __restrict__

enum { LANES = 16 };

#ifdef ALF_MOE_DOUBLE

ALF_INLINE alf_real exponential_of(alf_real x)
{
  return exp(x);
}

ALF_INLINE alf_real root_of(alf_real x)
{
  return sqrt(x);
}

#else

/* e^x within 1.1 units in the last place for −87 <= x <= 80; 0 below, so that no number is subnormal, and e^80 above. x
   less the nearest multiple of ln 2, in two parts of which the first times n is exact; then Taylor's polynomial of degree
   7, which is off by less than 6e-9 of e^r. */
ALF_INLINE alf_real exponential_of(alf_real x)
{
  const float to_whole = 12582912; /* 1.5·2^23: what is added to it is rounded to whole numbers */
  float at = x > 80 ? 80 : x < -87 ? -87 : x, whole = at * 0x1.715476p+0f + to_whole, n = whole - to_whole;
  float r = (at - n * 0x1.63p-1f) - n * -0x1.bd0106p-13f;
  float sum = 1.f / 5040;
  sum = sum * r + 1.f / 720;
  sum = sum * r + 1.f / 120;
  sum = sum * r + 1.f / 24;
  sum = sum * r + 1.f / 6;
  sum = sum * r + 1.f / 2;
  sum = sum * r * r + r + 1;
  uint32_t power;
  memcpy(&power, &whole, sizeof power);
  power = (power + 127) << 23; /* the last bits of `whole` are n */
  float scale;
  memcpy(&scale, &power, sizeof scale);
  return x < -87 ? 0 : sum * scale;
}

ALF_INLINE alf_real root_of(alf_real x)
{
  return __builtin_sqrtf(x);
}

#endif

ALF_INLINE alf_real sigmoid_of(alf_real x)
{
  return 1 / (1 + exponential_of(-x));
}

ALF_INLINE alf_real sum_lanes(alf_real *lane)
{
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int l = 0; l < width; l++)
      lane[l] += lane[l + width];
  return lane[0];
}

ALF_INLINE alf_real dot_of(const alf_real *RESTRICT x, const alf_real *RESTRICT y, int64_t count)
{
  alf_real lane[LANES] = {0};
  int64_t whole = count / LANES * LANES;
  for (int64_t j = 0; j < whole; j += LANES)
    for (int l = 0; l < LANES; l++)
      lane[l] += x[j + l] * y[j + l];
  for (int64_t j = whole; j < count; j++)
    lane[j - whole] += x[j] * y[j];
  return sum_lanes(lane);
}

ALF_INLINE alf_real largest_of(const alf_real *x, int64_t count)
{
  alf_real lane[LANES];
  int64_t whole = count / LANES * LANES;
  for (int l = 0; l < LANES; l++)
    lane[l] = x[0];
  for (int64_t j = 0; j < whole; j += LANES)
    for (int l = 0; l < LANES; l++)
      lane[l] = x[j + l] > lane[l] ? x[j + l] : lane[l];
  for (int64_t j = whole; j < count; j++)
    lane[0] = x[j] > lane[0] ? x[j] : lane[0];
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int l = 0; l < width; l++)
      lane[l] = lane[l + width] > lane[l] ? lane[l + width] : lane[l];
  return lane[0];
}

/* x = e^(x − less), and their sum. */
ALF_INLINE alf_real exponentials(alf_real *x, alf_real less, int64_t count)
{
  alf_real lane[LANES] = {0};
  int64_t whole = count / LANES * LANES;
  for (int64_t j = 0; j < whole; j += LANES)
    for (int l = 0; l < LANES; l++) {
      x[j + l] = exponential_of(x[j + l] - less);
      lane[l] += x[j + l];
    }
  for (int64_t j = whole; j < count; j++) {
    x[j] = exponential_of(x[j] - less);
    lane[j - whole] += x[j];
  }
  return sum_lanes(lane);
}

ALF_INLINE void scale_row(alf_real *x, alf_real factor, int64_t count)
{
  for (int64_t j = 0; j < count; j++)
    x[j] *= factor;
}

static void norm(const alf_real *RESTRICT x, const alf_real *RESTRICT g, alf_real *RESTRICT y, alf_real *RESTRICT scale,
                 int64_t rows, int64_t width)
{
  for (int64_t t = 0; t < rows; t++, x += width, y += width) {
    alf_real own = (alf_real)(1 / sqrt((double)dot_of(x, x, width) / (double)width + NORM_EPSILON));
    scale[t] = own;
    for (int64_t d = 0; d < width; d++)
      y[d] = x[d] * own * g[d];
  }
}

/* Σ g dy x. */
ALF_INLINE alf_real along_of(const alf_real *RESTRICT g, const alf_real *RESTRICT dy, const alf_real *RESTRICT x,
                             int64_t width)
{
  alf_real lane[LANES] = {0};
  int64_t whole = width / LANES * LANES;
  for (int64_t j = 0; j < whole; j += LANES)
    for (int l = 0; l < LANES; l++)
      lane[l] += g[j + l] * dy[j + l] * x[j + l];
  for (int64_t j = whole; j < width; j++)
    lane[j - whole] += g[j] * dy[j] * x[j];
  return sum_lanes(lane);
}

/* With r = 1/scale: dx_d = g_d dy_d/r − x_d (Σ g dy x)/(D r³). */
static void norm_back(const alf_real *RESTRICT x, const alf_real *RESTRICT g, const alf_real *RESTRICT scale,
                      const alf_real *RESTRICT dy, const alf_real *RESTRICT passed, alf_real *RESTRICT dx,
                      alf_real *RESTRICT dg, int64_t rows, int64_t width)
{
  for (int64_t t = 0; t < rows; t++, x += width, dy += width, passed += width, dx += width) {
    alf_real own = scale[t], along = along_of(g, dy, x, width) * own * own * own / (alf_real)width;
    for (int64_t d = 0; d < width; d++) {
      dx[d] = passed[d] + (g[d] * dy[d] * own - x[d] * along);
      dg[d] += dy[d] * x[d] * own;
    }
  }
}

static void rotate(alf_view x, const alf_real *RESTRICT turn, bool back, alf_real scale, int64_t rows, int64_t size)
{
  int64_t half = size / 2;
  alf_real direction = back ? -scale : scale;
  for (int64_t t = 0; t < rows; t++, turn += size) {
    alf_real *RESTRICT first = x.data + t * x.stride, *RESTRICT second = first + half;
    for (int64_t j = 0; j < half; j++) {
      alf_real cosine = scale * turn[j], sine = direction * turn[half + j], a = first[j], b = second[j];
      first[j] = cosine * a - sine * b;
      second[j] = sine * a + cosine * b;
    }
  }
}

ALF_INLINE void softmax_row(alf_real *row, int64_t width)
{
  alf_real sum = exponentials(row, largest_of(row, width), width);
  scale_row(row, 1 / sum, width);
}

static void softmax(alf_real *row, int64_t rows, int64_t width)
{
  for (int64_t t = 0; t < rows; t++)
    softmax_row(row + t * width, width);
}

/* Of the t + 1 numbers of a row, rounded up to whole lanes: what is beyond them counts as e^−∞. */
ALF_INLINE int64_t in_lanes(int64_t count, int64_t most)
{
  int64_t whole = (count + LANES - 1) / LANES * LANES;
  return whole < most ? whole : most;
}

static void softmax_causal(alf_view block, int64_t first, int64_t rows)
{
  int64_t width = first + rows;
  for (int64_t t = 0; t < rows; t++) {
    alf_real *row = block.data + t * block.stride;
    int64_t own = first + t + 1, count = in_lanes(own, width);
    for (int64_t j = own; j < count; j++)
      row[j] = -(alf_real)INFINITY;
    softmax_row(row, count);
    memset(row + count, 0, (size_t)(width - count) * sizeof *row);
  }
}

static void softmax_causal_back(alf_view block, alf_view dblock, int64_t first, int64_t rows)
{
  int64_t width = first + rows;
  for (int64_t t = 0; t < rows; t++) {
    const alf_real *RESTRICT w = block.data + t * block.stride;
    int64_t count = in_lanes(first + t + 1, width);
    alf_real *RESTRICT dw = dblock.data + t * dblock.stride, along = dot_of(w, dw, count);
    for (int64_t j = 0; j < count; j++)
      dw[j] = w[j] * (dw[j] - along);
    memset(dw + count, 0, (size_t)(width - count) * sizeof *dw);
  }
}

static void sigmoid(alf_real *x, int64_t count)
{
  for (int64_t j = 0; j < count; j++)
    x[j] = sigmoid_of(x[j]);
}

static void swiglu(const alf_real *RESTRICT pre, alf_real *RESTRICT active, int64_t rows, int64_t hidden)
{
  for (int64_t r = 0; r < rows; r++, pre += 2 * hidden, active += hidden)
    for (int64_t f = 0; f < hidden; f++)
      active[f] = pre[f] * sigmoid_of(pre[f]) * pre[hidden + f];
}

ALF_INLINE void swiglu_back_row(const alf_real *RESTRICT pre, const alf_real *RESTRICT dactive, alf_real weight,
                                alf_real *RESTRICT active, alf_real *RESTRICT dpre, int64_t hidden)
{
  for (int64_t f = 0; f < hidden; f++) {
    alf_real gate = pre[f], value = pre[hidden + f], d = weight * dactive[f], s = sigmoid_of(gate), silu = gate * s;
    dpre[f] = d * value * (s * (1 + gate * (1 - s)));
    dpre[hidden + f] = d * silu;
    active[f] = silu * value;
  }
}

static void swiglu_back(const alf_real *RESTRICT pre, const alf_real *RESTRICT dactive, const alf_real *RESTRICT weight,
                        alf_real *RESTRICT active, alf_real *RESTRICT dpre, alf_real *RESTRICT dweight, int64_t rows,
                        int64_t hidden)
{
  for (int64_t r = 0; r < rows; r++, pre += 2 * hidden, dpre += 2 * hidden, active += hidden, dactive += hidden) {
    alf_real own = weight ? weight[r] : 1;
    swiglu_back_row(pre, dactive, own, active, dpre, hidden);
    if (dweight)
      dweight[r] = dot_of(active, dactive, hidden);
    if (weight)
      scale_row(active, own, hidden);
  }
}

static void loss(alf_real *RESTRICT logit, const int32_t *RESTRICT target, alf_real share, double *RESTRICT out,
                 int64_t rows, int64_t width)
{
  for (int64_t t = 0; t < rows; t++, logit += width) {
    alf_real largest = largest_of(logit, width), at_target = logit[target[t]] - largest;
    alf_real sum = exponentials(logit, largest, width);
    out[t] = log((double)sum) - (double)at_target;
    scale_row(logit, share / sum, width);
    logit[target[t]] -= share;
  }
}

static void add(const alf_real *x, const alf_real *RESTRICT y, alf_real *out, int64_t count)
{
  for (int64_t j = 0; j < count; j++)
    out[j] = x[j] + y[j];
}

/* Rows lie anywhere: those of the next call are fetched while this one adds. */
static void add_places(const alf_real *RESTRICT from, int64_t width, const int32_t *RESTRICT place,
                       const alf_real *RESTRICT weight, int32_t places, alf_real *RESTRICT to, bool goes_on)
{
  const int64_t line = 64 / sizeof *from;
  for (int32_t i = 0; i < places; i++) {
    const alf_real *RESTRICT row = from + place[i] * width;
    const alf_real *next = goes_on ? from + place[places + i] * width : row;
    alf_real own = weight ? weight[place[i]] : 1;
    for (int64_t j = 0; j < width; j += line)
      __builtin_prefetch(next + j);
    for (int64_t j = 0; j < width; j++)
      to[j] += own * row[j];
  }
}

static alf_real dot(const alf_real *x, const alf_real *y, int64_t count)
{
  return dot_of(x, y, count);
}

static double squares(const alf_real *x, int64_t count)
{
  double lane[LANES] = {0}, sum = 0;
  int64_t whole = count / LANES * LANES;
  for (int64_t j = 0; j < whole; j += LANES)
    for (int l = 0; l < LANES; l++)
      lane[l] += (double)x[j + l] * (double)x[j + l];
  for (int64_t j = whole; j < count; j++)
    lane[j - whole] += (double)x[j] * (double)x[j];
  for (int l = 0; l < LANES; l++)
    sum += lane[l];
  return sum;
}

static void softmax_back(const alf_real *RESTRICT affinity, alf_real *RESTRICT d, int64_t count)
{
  alf_real along = dot_of(affinity, d, count);
  for (int64_t j = 0; j < count; j++)
    d[j] = affinity[j] * (d[j] - along);
}

static void sigmoid_back(const alf_real *RESTRICT affinity, alf_real *RESTRICT d, int64_t count)
{
  for (int64_t j = 0; j < count; j++)
    d[j] = d[j] * affinity[j] * (1 - affinity[j]);
}

/* The means and squares of what gets no gradient any more, as those of dead experts, fall until they are subnormal, where
   processors are slow: they end at 0 before. */
static void adam(const alf_adam_factors *factors, const alf_real *RESTRICT gradient, alf_real *RESTRICT mean,
                 alf_real *RESTRICT square, alf_real *RESTRICT parameter, int64_t count)
{
  const alf_adam_factors a = *factors;
  const alf_real least_mean = (alf_real)1e-30, least_square = (alf_real)1e-36;
  for (int64_t j = 0; j < count; j++) {
    alf_real g = a.clip * gradient[j];
    alf_real m = a.keep_mean * mean[j] + (1 - a.keep_mean) * g, size = m < 0 ? -m : m;
    alf_real s = a.keep_square * square[j] + (1 - a.keep_square) * g * g;
    m = size < least_mean ? 0 : m;
    s = s < least_square ? 0 : s;
    mean[j] = m;
    square[j] = s;
    parameter[j] = a.left * parameter[j] - a.rate * m / (root_of(s) * a.root + a.epsilon);
  }
}

static void exponential(alf_real *x, int64_t count)
{
  for (int64_t j = 0; j < count; j++)
    x[j] = exponential_of(x[j]);
}

#define ALF_ROWS_KERNEL(name, runs_here)                                                                               \
  {                                                                                                                    \
    name, runs_here, norm, norm_back, rotate, softmax, softmax_causal, softmax_causal_back, sigmoid, swiglu,           \
        swiglu_back, loss, add, add_places, dot, squares, softmax_back, sigmoid_back, adam, exponential                \
  }
