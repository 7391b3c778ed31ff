/* The type the model computes in: float, or double where gradients are checked. */
#ifndef ALF_MOE_REAL_H
#define ALF_MOE_REAL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef ALF_MOE_DOUBLE
typedef double alf_real;
#define ALF_MOE_DTYPE ALF_FLOAT64
#else
typedef float alf_real;
#define ALF_MOE_DTYPE ALF_FLOAT32
#endif

/* A matrix inside an array: row r begins at data + r·stride. */
typedef struct alf_view {
  alf_real *data;
  int64_t stride;
} alf_view;

/* out (m×n) = scale·op(a)·op(b) + keep·out, row-major; op transposes where it is asked for; k is what is summed over. By
   OpenBLAS, on this thread. */
void alf_gemm(bool transpose_a, alf_view a, bool transpose_b, alf_view b, alf_view out, int64_t m, int64_t n, int64_t k,
              alf_real scale, alf_real keep);

/* OpenBLAS's name of the processor core whose kernels it uses: results depend on it. */
const char *alf_gemm_core(void);

#endif
