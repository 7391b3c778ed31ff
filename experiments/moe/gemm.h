/* Matrix products, by OpenBLAS, on the thread that asks. */
#ifndef ALF_MOE_GEMM_H
#define ALF_MOE_GEMM_H

#include "moe/real.h"

/* op(a)·op(b): m×n, where op transposes and k is what is summed over. */
typedef struct alf_gemm_shape {
  bool transpose_a, transpose_b;
  int64_t m, n, k;
} alf_gemm_shape;

/* out = op(a)·op(b), or out += that where `adds`; row-major. */
void alf_gemm(alf_gemm_shape shape, alf_view a, alf_view b, alf_view out, bool adds);

/* The same where the product is one piece of a larger one, which whoever cuts it notes as a whole. */
void alf_gemm_piece(alf_gemm_shape shape, alf_view a, alf_view b, alf_view out, bool adds);
void alf_gemm_note(alf_gemm_shape shape);

/* What was asked for: a benchmark does it again. The first `room` products are kept; count goes on. */
typedef struct alf_gemm_log {
  alf_gemm_shape *shape;
  int64_t room, count;
} alf_gemm_log;

/* Notes every product from now on; NULL: no more. Of one thread only. */
void alf_gemm_record(alf_gemm_log *log);

/* Additions and multiplications. */
static inline double alf_gemm_operations(alf_gemm_shape shape)
{
  return 2. * (double)shape.m * (double)shape.n * (double)shape.k;
}

/* OpenBLAS's name of the processor core whose kernels it uses: results depend on it. */
const char *alf_gemm_core(void);

/* The value of OPENBLAS_CORETYPE that makes products some times faster here and runs on this processor; NULL: none. It is
   for the user to set. OpenBLAS takes kernels without AVX for processors that are newer than itself. */
const char *alf_gemm_better_core(void);

#endif
