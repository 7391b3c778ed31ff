/* Apart from the rest: GSL's cblas.h declares the same names. */
#include <cblas.h>

#include "moe/real.h"

#ifdef ALF_MOE_DOUBLE
#define GEMM cblas_dgemm
#else
#define GEMM cblas_sgemm
#endif

/* Threads are ours: OpenBLAS's own would sum in another order for another number of them. */
static __attribute__((constructor)) void use_one_thread(void)
{
  openblas_set_num_threads(1);
}

const char *alf_gemm_core(void)
{
  return openblas_get_corename();
}

void alf_gemm(bool transpose_a, alf_view a, bool transpose_b, alf_view b, alf_view out, int64_t m, int64_t n, int64_t k,
              alf_real scale, alf_real keep)
{
  if (m > 0 && n > 0)
    GEMM(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans, (int)m,
         (int)n, (int)k, scale, a.data, (int)a.stride, b.data, (int)b.stride, keep, out.data, (int)out.stride);
}
