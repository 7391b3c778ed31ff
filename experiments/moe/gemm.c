/* OpenBLAS by its Fortran interface: GSL takes the C one from gslcblas, whose results do not depend on the processor. */
#include "moe/real.h"

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

/* Threads are ours: OpenBLAS's own would sum in another order for another number of them. */
static __attribute__((constructor)) void use_one_thread(void)
{
  openblas_set_num_threads(1);
}

const char *alf_gemm_core(void)
{
  return openblas_get_corename();
}

/* Fortran's matrices are the transposed ones: outᵀ = op(b)ᵀ·op(a)ᵀ. */
void alf_gemm(bool transpose_a, alf_view a, bool transpose_b, alf_view b, alf_view out, int64_t m, int64_t n, int64_t k,
              alf_real scale, alf_real keep)
{
  const int rows = (int)n, columns = (int)m, sum = (int)k, stride_a = (int)a.stride, stride_b = (int)b.stride,
            stride_out = (int)out.stride;
  if (m > 0 && n > 0)
    GEMM(transpose_b ? "T" : "N", transpose_a ? "T" : "N", &rows, &columns, &sum, &scale, b.data, &stride_b, a.data,
         &stride_a, &keep, out.data, &stride_out);
}
