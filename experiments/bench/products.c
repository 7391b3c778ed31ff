#include "bench/products.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "alf/random.h"
#include "bench/machine.h"
#include "core/philox.h"

enum { LOOKED_AT = 16 };

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

static float *filled(int64_t count, gsl_rng *rng)
{
  float *numbers = malloc((size_t)count * sizeof *numbers);
  for (int64_t j = 0; numbers && j < count; j++)
    numbers[j] = (float)(gsl_rng_uniform(rng) - 0.5);
  return numbers;
}

alf_status alf_bench_products_alloc(alf_bench_products *p, alf_gemm_log *log, uint64_t seed, alf_error *err)
{
  int64_t a = 1, b = 1, out = 1;
  alf_philox state;
  gsl_rng rng = {.type = alf_rng_philox, .state = &state};
  *p = (alf_bench_products){.shape = log->shape, .count = log->count < log->room ? log->count : log->room};
  *log = (alf_gemm_log){0};
  for (int64_t i = 0; i < p->count; i++) {
    const alf_gemm_shape *s = &p->shape[i];
    p->operations += alf_gemm_operations(*s);
    a = larger(a, s->m * s->k);
    b = larger(b, s->k * s->n);
    out = larger(out, s->m * s->n);
  }
  alf_rng_stream(&rng, seed, 0, ALF_RNG_SHARED);
  p->a = filled(a, &rng);
  p->b = filled(b, &rng);
  p->out = filled(out, &rng);
  if (p->a && p->b && p->out)
    return ALF_OK;
  alf_bench_products_free(p);
  return alf_fail_memory(err, (unsigned long long)(a + b + out) * sizeof *p->a);
}

static void multiply(const alf_bench_products *p, alf_gemm_shape s)
{
  alf_gemm_piece(s, (alf_view){p->a, s.transpose_a ? s.m : s.k}, (alf_view){p->b, s.transpose_b ? s.k : s.n},
                 (alf_view){p->out, s.n}, false);
}

double alf_bench_products_run(const alf_bench_products *p)
{
  double start = alf_bench_processor_seconds();
  for (int64_t i = 0; i < p->count; i++)
    multiply(p, p->shape[i]);
  return alf_bench_processor_seconds() - start;
}

/* One number of the product against its sum in double precision. */
static bool is_right(const alf_bench_products *p, alf_gemm_shape s, int64_t row, int64_t column)
{
  double sum = 0, size = 0;
  for (int64_t j = 0; j < s.k; j++) {
    double x = (double)p->a[s.transpose_a ? j * s.m + row : row * s.k + j];
    double y = (double)p->b[s.transpose_b ? column * s.k + j : j * s.n + column];
    sum += x * y;
    size += fabs(x * y);
  }
  return fabs((double)p->out[row * s.n + column] - sum) <= (double)(s.k + 1) * (double)FLT_EPSILON * size;
}

bool alf_bench_products_right(const alf_bench_products *p, alf_gemm_shape *wrong)
{
  for (int64_t i = 0; i < p->count; i++) {
    alf_gemm_shape s = p->shape[i];
    *wrong = s;
    multiply(p, s);
    for (int64_t j = 0; j < LOOKED_AT && s.m > 0 && s.n > 0; j++)
      if (!is_right(p, s, (j * s.m / LOOKED_AT + 7 * i) % s.m, (j * s.n / LOOKED_AT + 11 * i) % s.n))
        return false;
  }
  return true;
}

void alf_bench_products_free(alf_bench_products *p)
{
  free(p->shape);
  free(p->a);
  free(p->b);
  free(p->out);
  *p = (alf_bench_products){0};
}
