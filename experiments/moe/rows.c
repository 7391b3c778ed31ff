#include "moe/rows.h"

#include <stddef.h>

extern const alf_rows_kernel alf_rows_plain, alf_rows_avx2, alf_rows_avx512;

const alf_rows_kernel *const alf_rows_kernels[] = {
#if defined(__x86_64__)
    &alf_rows_avx512, &alf_rows_avx2,
#endif
    &alf_rows_plain, NULL};

const alf_rows_kernel *alf_rows_fastest(void)
{
  const alf_rows_kernel *const *kernel = alf_rows_kernels;
  while (!(*kernel)->runs_here())
    kernel++;
  return *kernel;
}
