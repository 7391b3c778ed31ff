#include "moe/rows.h"

#if defined(__x86_64__)

#include <math.h>
#include <string.h>

/* Before the pragma: it runs everywhere. */
static bool runs_here(void)
{
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,prefer-vector-width=512")

#include "moe/rows_kernel.h"

extern const alf_rows_kernel alf_rows_avx512;
const alf_rows_kernel alf_rows_avx512 = ALF_ROWS_KERNEL("avx512", runs_here);

#endif
