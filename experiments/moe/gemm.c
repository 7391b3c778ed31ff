/* By OpenBLAS's Fortran interface: GSL takes the C one from gslcblas, whose results do not depend on the processor. */
#include "moe/gemm.h"

#include <stddef.h>
#include <string.h>

const char *openblas_get_corename(void);
void openblas_set_num_threads(int threads);

#ifdef ALF_MOE_DOUBLE
#define GEMM dgemm_
#else
#define GEMM sgemm_
#endif

void GEMM(const char *transpose_a, const char *transpose_b, const int *m, const int *n, const int *k,
          const alf_real *scale, const alf_real *a, const int *stride_a, const alf_real *b, const int *stride_b,
          const alf_real *keep, alf_real *out, const int *stride_out);

static alf_gemm_log *record;

/* Threads are ours: OpenBLAS's own would sum in another order for another number of them. */
static __attribute__((constructor)) void use_one_thread(void)
{
  openblas_set_num_threads(1);
}

const char *alf_gemm_core(void)
{
  return openblas_get_corename();
}

const char *alf_gemm_better_core(void)
{
#if defined(__x86_64__)
  static const char *const without_avx[] = {"Prescott", "Core2",      "Penryn",       "Dunnington", "Nehalem", "Atom",
                                            "Athlon",   "Opteron",    "Opteron_SSE3", "Barcelona",  "Bobcat",  "Nano",
                                            "Katmai",   "Coppermine", "Northwood",    "Banias",     NULL};
  bool fast = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  for (const char *const *name = without_avx; fast && *name; name++)
    if (!strcmp(*name, alf_gemm_core()))
      return "Haswell";
#endif
  return NULL;
}

void alf_gemm_record(alf_gemm_log *log)
{
  record = log;
}

void alf_gemm_note(alf_gemm_shape shape)
{
  if (!record)
    return;
  if (record->count < record->room)
    record->shape[record->count] = shape;
  record->count++;
}

/* Fortran's matrices are the transposed ones: outᵀ = op(b)ᵀ·op(a)ᵀ. */
void alf_gemm_piece(alf_gemm_shape s, alf_view a, alf_view b, alf_view out, bool adds)
{
  const int rows = (int)s.n, columns = (int)s.m, sum = (int)s.k, stride_a = (int)a.stride, stride_b = (int)b.stride,
            stride_out = (int)out.stride;
  const alf_real one = 1, keep = adds;
  if (s.m > 0 && s.n > 0)
    GEMM(s.transpose_b ? "T" : "N", s.transpose_a ? "T" : "N", &rows, &columns, &sum, &one, b.data, &stride_b, a.data,
         &stride_a, &keep, out.data, &stride_out);
}

void alf_gemm(alf_gemm_shape shape, alf_view a, alf_view b, alf_view out, bool adds)
{
  alf_gemm_note(shape);
  alf_gemm_piece(shape, a, b, out, adds);
}
